import ast
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..common.classification_condition_mixin import missing_fields
from .classification_tag_domain import asked_tags, replaced
from .classification_tag_kind import KIND_OF_TAG_MODEL

# Models with domains: {model: ({field with a domain: path to the name of the domain's
# model})}. Those of addons that are not installed are skipped.
DOMAINS = {
    "ir.filters": {"domain": "model_id"},
    "mailing.filter": {"mailing_domain": "mailing_model_name"},
    "mailing.mailing": {"mailing_domain": "mailing_model_real"},
    "base.automation": {
        "filter_domain": "model_name",
        "filter_pre_domain": "model_name",
    },
    "classification.tag.rule": {"domain": "model_name"},
    "classification.policy": {
        "sale_domain": "=sale.order",
        "invoice_domain": "=account.move",
    },
    "loyalty.rule": {"product_domain": "=product.product"},
    "loyalty.reward": {"discount_product_domain": "=product.product"},
}
POLICY = "classification.policy"
# Domains that only show something to their owner.
PERSONAL = ("ir.filters", "mailing.filter")
# Keys of an entry in the log of a merge.
LOGGED = {"model", "id", "field", "old", "new"}


class Reference(NamedTuple):
    """Something that names a tag."""

    tag_id: int
    record: models.BaseModel
    field: str
    is_domain: bool
    what: str
    name: str


class ClassificationTagReference(models.AbstractModel):
    """Find references to tags all over Odoo, and redirect them.

    Filters, mailings, automations, rules and policies are looked through as far as
    they are installed, and every field that refers to the tags but the one by which
    records carry them.
    """

    _name = "classification.tag.reference"
    _description = "What Names a Tag"

    @api.model
    def _of(self, tags):
        """Yield a :class:`Reference` for each record that names the tags.

        A query for each model that may.
        """
        yield from self._in_domains(tags)
        yield from self._in_fields(tags)

    @api.model
    def _domain_fields(self):
        """Return ``(model, field, path)`` of installed fields with domains."""
        for name, found in DOMAINS.items():
            if name in self.env:
                model = self.env[name].sudo().with_context(active_test=False)
                for field, path in found.items():
                    if field in model._fields:
                        yield model, field, path

    @api.model
    def _in_domains(self, tags):
        wanted = {(tags._name, tag) for tag in tags.ids}
        for model, field, path in self._domain_fields():
            for record in model.search([(field, "not in", (False, "[]", ""))]):
                for __, tag in sorted(wanted & self._asked(record, field, path)):
                    yield self._reference(tag, record, field, True)

    @api.model
    def _asked(self, record, field, path):
        """Tags that a domain on a record names itself, not through their place."""
        domain, model = self._parsed(record, field, path)
        return set() if domain is None else asked_tags(domain, model)

    @api.model
    def _parsed(self, record, field, path):
        return self._read_domain(record, record[field], path)

    @api.model
    def _read_domain(self, record, text, path):
        """Return the domain that a text is, and the model that it is about."""
        name = path[1:] if path.startswith("=") else record[path]
        if not name or name not in self.env:
            return None, None
        try:
            domain = Domain(ast.literal_eval(text))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return None, None
        model = self.env[name].sudo()
        if next(missing_fields(domain, model), None):
            return None, None
        return domain, model

    @api.model
    def _in_fields(self, tags):
        for model, field in self._reference_fields(tags._name):
            for record in model.search([(field, "in", tags.ids)]):
                for tag in (record[field] & tags).ids:
                    yield self._reference(tag, record, field, False)

    @api.model
    def _reference_fields(self, tag_model):
        """Return ``(model, field)`` of stored fields that refer to tags.

        Without the tree, our own rows, and the field by which records carry tags.
        """
        kind = KIND_OF_TAG_MODEL[tag_model]
        found = (
            self.env["ir.model.fields"]
            .sudo()
            .search(
                [
                    ("relation", "=", tag_model),
                    ("store", "=", True),
                    ("ttype", "in", ("many2one", "many2many")),
                    ("model", "not in", (kind.model, tag_model)),
                    ("model", "not like", "classification.tag.%"),
                ]
            )
        )
        for field in found:
            model = self.env.get(field.model)
            if model is None or model._abstract or model._transient or not model._auto:
                continue
            if field.name in model._fields and not model._fields[field.name].related:
                yield model.sudo().with_context(active_test=False), field.name

    @api.model
    def _reference(self, tag_id, record, field, is_domain):
        what = self.env["ir.model"]._get(record._name).sudo().name
        return Reference(tag_id, record, field, is_domain, what, record.display_name)

    @api.model
    def _readable_name(self, reference):
        """Return the name of a referring record, for users who may read it."""
        if reference.record.with_env(self.env).has_access("read"):
            return reference.name
        return self.env._("not visible to you")

    # Merges

    @api.model
    def _check_may_repoint(self, records):
        """Refuse to redirect references beyond the caller's write access.

        A merge writes with more rights than its author has, so it goes no further
        than they do. Only saved filters of others follow: they show the same as
        before to their owners, and nothing acts on them.

        :param records: iterable of records
        :raises UserError: a policy is published, so nothing may change it any more
        :raises AccessError: the caller may not write one
        """
        for record in records:
            if record._name == POLICY and record.sudo().state == "published":
                raise UserError(
                    self.env._(
                        "A published policy asks for one of these tags. Publish a "
                        "new version that asks for the tag that stays, then merge."
                    )
                )
            record = record.with_env(self.env)
            if record._name not in PERSONAL and not record.has_access("write"):
                raise AccessError(
                    self.env._(
                        "“%s” asks for one of these tags, and you may not change it. "
                        "Ask somebody who may.",
                        self.env["ir.model"]._get(record._name).sudo().name,
                    )
                )

    @api.model
    def _to_repoint(self, tags):
        """Return the references of tags that a merge changes.

        Retired policies keep theirs.
        """
        return [found for found in self._of(tags) if not _is_past(found.record)]

    @api.model
    def _repoint(self, tag, into):
        """Let references name another tag; return the log for undoing it.

        ``[{model, id, field, old, new}]``.
        """
        done = []
        for reference in self._to_repoint(tag):
            record, field = reference.record, reference.field
            old = self._plain(record, field)
            if reference.is_domain:
                self._repoint_domain(record, field, tag, into)
            elif record._fields[field].type == "many2one":
                record[field] = into
            else:
                record[field] = record[field] - tag + into
            new = self._plain(record, field)
            if new != old:
                done.append(
                    {
                        "model": record._name,
                        "id": record.id,
                        "field": field,
                        "old": old,
                        "new": new,
                    }
                )
        return done

    @api.model
    def _repoint_domain(self, record, field, tag, into):
        path = DOMAINS[record._name][field]
        new = self._swapped(record, record[field], path, tag, into)
        self._rewrite(record, {field: new})

    @api.model
    def _swapped(self, record, text, path, tag, into):
        """Return the text of a domain with one tag replaced by another.

        None for a text that cannot be read.
        """
        domain, model = self._read_domain(record, text, path)
        if domain is None:
            return None
        return repr(list(replaced(domain, model, tag._name, tag.id, into.id)))

    @api.model
    def _rewrite(self, record, values):
        """Write; an active rule stays active, for its meaning is unchanged."""
        if record._name == "classification.tag.rule":
            values = {**values, "state": record.state}
        record.write(values)

    @api.model
    def _restore(self, log, tags, into):
        """Undo :meth:`_repoint` where nobody has changed it since.

        :param log: the changes of the merge; each entry is checked before the first is
            carried out
        :param tags: tags that the merge took away
        :param into: the tag that stayed
        :return: names of the records that were left alone
        """
        log = log if isinstance(log, list) else [log]
        entries = [entry for entry in log if self._is_needed(entry)]
        if not all(self._is_of_merge(entry, tags, into) for entry in entries):
            raise UserError(
                self.env._(
                    "What this merge kept for its undo is not what a merge of these "
                    "tags does. Nothing was undone."
                )
            )
        records = [self._logged(entry).exists() for entry in entries]
        self._check_may_repoint(
            record for record in records if record and record._name != POLICY
        )
        left = []
        for entry, record in reversed(list(zip(entries, records, strict=True))):
            if not record:
                continue
            unchanged = self._plain(record, entry["field"]) == entry["new"]
            if not unchanged or not self._may_restore(record):
                left.append(self._name_of(record))
                continue
            value = entry["old"]
            if isinstance(value, list):
                value = [(6, 0, value)]
            self._rewrite(record, {entry["field"]: value})
        return left

    @api.model
    def _name_of(self, record):
        """Return the name of a record, for users who may read it."""
        own = record.with_env(self.env)
        if own.has_access("read"):
            return record.display_name
        return self.env["ir.model"]._get(record._name).sudo().name

    @api.model
    def _may_restore(self, record):
        """A policy that was published since is left alone."""
        return record._name != POLICY or (
            record.state == "draft" and record.with_env(self.env).has_access("write")
        )

    @api.model
    def _logged(self, entry):
        return self.env[entry["model"]].sudo().browse(entry["id"])

    @api.model
    def _is_needed(self, entry):
        """Return whether an entry is valid and its addon still installed."""
        if not _is_entry(entry):
            return True
        name = entry["model"]
        return name in self.env and entry["field"] in self.env[name]._fields

    @api.model
    def _is_of_merge(self, entry, tags, into):
        """Return whether a merge of these tags writes an entry of a log."""
        if not _is_entry(entry):
            return False
        field, path = entry["field"], DOMAINS.get(entry["model"], {})
        if field in path:
            record = self._logged(entry).exists()
            return not record or any(
                self._swapped(record, entry["old"], path[field], tag, into)
                == entry["new"]
                for tag in tags
            )
        if (entry["model"], field) not in self._written_fields(tags):
            return False
        return _is_swap(_as_set(entry["old"]), _as_set(entry["new"]), tags, into)

    @api.model
    def _written_fields(self, tags):
        """``{(model, field)}`` of the references that a merge of such tags writes."""
        kind = KIND_OF_TAG_MODEL[tags._name]
        fields = {
            (model._name, name) for model, name in self._reference_fields(tags._name)
        }
        return fields | {
            (tags._name, "parent_id"),
            ("classification.tag.rule", kind.tag_field),
        }

    @api.model
    def _plain(self, record, field):
        value = record[field]
        if not isinstance(value, models.BaseModel):
            return value
        return value.ids if record._fields[field].type == "many2many" else value.id


def _is_past(record):
    return record._name == POLICY and record.state == "retired"


def _is_entry(entry):
    return (
        isinstance(entry, dict)
        and set(entry) == LOGGED
        and isinstance(entry["model"], str)
        and isinstance(entry["field"], str)
        and type(entry["id"]) is int
    )


def _as_set(value):
    """Return the ids of a logged value, None for an invalid one."""
    ids = value if isinstance(value, list) else [value]
    return set(ids) if all(type(item) is int for item in ids) else None


def _is_swap(old, new, tags, into):
    """Return whether two sets of ids differ only by the merged tags."""
    if not old or not new:
        return False
    gone, come = old - new, new - old
    return bool(gone) and gone <= set(tags.ids) and come <= set(into.ids)
