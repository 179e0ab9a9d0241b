from odoo import api, models
from odoo.exceptions import ValidationError

from ..common.punctuation import listed
from .classification_tag_kind import KIND_OF_MODEL


class ClassificationTaggedMixin(models.AbstractModel):
    """Records with tags: origin of each tag, and exclusive groups.

    A record has at most one tag of an exclusive group. A write of tags takes one query
    more where some changed: the tags before and after are those in the cache, which
    Odoo fills to write them.
    """

    _name = "classification.tagged.mixin"
    _description = "Record with Tags"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        field = self._tag_kind().field
        if any(vals.get(field) for vals in vals_list) or self._has_default_tags():
            records._note_tags(set())
        return records

    def write(self, vals):
        if self._tag_kind().field not in vals:
            return super().write(vals)
        before = self._tag_pairs()
        result = super().write(vals)
        self._note_tags(before)
        return result

    @api.model
    def _tag_kind(self):
        return KIND_OF_MODEL[self._name]

    def _has_default_tags(self):
        field = self._tag_kind().field
        return bool(
            self.env.context.get(f"default_{field}", self.env.context.get(field))
        )

    def _tag_pairs(self):
        """Return ``{(tag, record)}``, archived tags included.

        At most one query, which the write of the tags then saves.
        """
        field = self._fields[self._tag_kind().field]
        records = self.browse(self.ids)
        missing = records.browse(field._cache_missing_ids(records))
        if missing:
            field.read(missing)
        tags = field._get_cache(self.env)
        return {(tag, record) for record in records.ids for tag in tags[record]}

    def _note_tags(self, before):
        """Keep who changed the tags: one query, none if they are the same.

        :raises ValidationError: a record has two tags of an exclusive group
        """
        after = self._tag_pairs()
        if before == after:
            return
        given = {record for __, record in after - before}
        links = self.env["classification.tag.link"].sudo()
        conflicts = links._note(
            self._tag_kind(), after - before, before - after, checked=given
        )
        self._refuse_conflicts(conflicts)

    def _check_exclusive_tags(self):
        """Refuse two tags of a group of which a record has at most one: one query."""
        links = self.env["classification.tag.link"]
        kind = self._tag_kind()
        self._refuse_conflicts(links._conflicts(kind, record_ids=self.ids))

    def _refuse_conflicts(self, conflicts):
        """Refuse two tags of a group of which a record has at most one.

        :param conflicts: the result of ``classification.tag.link._note``
        """
        kind = self._tag_kind()
        for record, group, tags in conflicts:
            tag_model = self.env[kind.tag_model].sudo()
            raise ValidationError(
                self.env._(
                    "%(record)s can have only one tag of “%(group)s”, not %(tags)s.",
                    record=self.browse(record).sudo().display_name,
                    group=tag_model.browse(group).name,
                    tags=listed(self.env, tag_model.browse(tags).mapped("name")),
                )
            )

    def _drop_rivals(self):
        """Drop other tags of the group of the last chosen one, on a form.

        Return the warning about it.
        """
        field = self._tag_kind().field
        chosen, had = self[field]._origin, self._origin[field]
        new = chosen - had
        groups = new.parent_id.filtered("tag_is_exclusive")
        rivals = (chosen & had).filtered(lambda tag: tag.parent_id in groups)
        if not rivals:
            return None
        self[field] = chosen - rivals
        return {
            "warning": {
                "title": self.env._("Only one of these"),
                "message": self.env._(
                    "%(new)s takes the place of %(old)s, because a record has only "
                    "one tag of “%(group)s”.",
                    new=listed(self.env, new.mapped("name")),
                    old=listed(self.env, rivals.mapped("name")),
                    group=listed(self.env, rivals.parent_id.mapped("name")),
                ),
            }
        }
