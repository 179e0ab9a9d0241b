import ast
from typing import NamedTuple

from odoo import api, models
from odoo.fields import Domain

from .classification_condition import missing_fields
from .classification_tag_domain import asked_tags, replaced
from .classification_tag_kind import KIND_OF_TAG_MODEL

# What keeps domains: {model: ({field with a domain: path to the name of the model it is
# about})}. Those of addons that are not installed are passed over.
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


class Reference(NamedTuple):
    """Something that names a tag."""

    tag_id: int
    record: models.BaseModel
    field: str
    is_domain: bool
    what: str
    name: str


class ClassificationTagReference(models.AbstractModel):
    """Finds what names a tag, all over Odoo, and lets it name another one.

    Filters, mailings, automations, rules and policies are looked through as far as
    they are installed, and every field that refers to the tags but the one by which
    records carry them.
    """

    _name = "classification.tag.reference"
    _description = "What Names a Tag"

    @api.model
    def _of(self, tags):
        """Yield a :class:`Reference` for each that names one of the tags: a query for
        each model that may."""
        yield from self._in_domains(tags)
        yield from self._in_fields(tags)

    @api.model
    def _domain_fields(self):
        """``(model, field, path)`` of what keeps domains and is installed."""
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
        name = path[1:] if path.startswith("=") else record[path]
        if not name or name not in self.env:
            return None, None
        try:
            domain = Domain(ast.literal_eval(record[field]))
        except (ValueError, TypeError, SyntaxError):
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
        """``(model, field)`` of stored fields that refer to tags, without the tree, our
        own rows, and the field by which records carry tags."""
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
    def _repoint(self, tag, into):
        """Let what names a tag name another; return ``[{model, id, field, old, new}]``
        to undo it by."""
        done = []
        for reference in list(self._of(tag)):
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
        domain, model = self._parsed(record, field, path)
        new = replaced(domain, model, tag._name, tag.id, into.id)
        self._rewrite(record, {field: repr(list(new))})

    @api.model
    def _rewrite(self, record, values):
        """Write; a rule that runs goes on running, for it says the same as before."""
        if record._name == "classification.tag.rule":
            values = {**values, "state": record.state}
        record.write(values)

    @api.model
    def _restore(self, done):
        """Undo :meth:`_repoint` where nobody has changed it since; return what was
        left alone."""
        left = []
        for entry in reversed(done):
            record = self.env[entry["model"]].sudo().browse(entry["id"]).exists()
            if not record:
                continue
            if self._plain(record, entry["field"]) != entry["new"]:
                left.append(record.display_name)
                continue
            value = entry["old"]
            if isinstance(value, list):
                value = [(6, 0, value)]
            self._rewrite(record, {entry["field"]: value})
        return left

    @api.model
    def _plain(self, record, field):
        value = record[field]
        if not isinstance(value, models.BaseModel):
            return value
        return value.ids if record._fields[field].type == "many2many" else value.id
