from odoo import api, models
from odoo.exceptions import ValidationError

from .classification_tag_kind import KIND_OF_MODEL


class ClassificationTaggedMixin(models.AbstractModel):
    """Records with tags: origin of each tag, and exclusive groups.

    A record has at most one tag of an exclusive group. Two queries more for a write of
    tags, two more where some changed.
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
        return self.env["classification.tag.link"]._pairs(
            self._tag_kind(), "record", self.ids
        )

    def _note_tags(self, before):
        after = self._tag_pairs()
        if before == after:
            return
        if after - before:
            self._check_exclusive_tags()
        links = self.env["classification.tag.link"].sudo()
        links._note(self._tag_kind(), after - before, before - after)

    def _check_exclusive_tags(self):
        """Refuse two tags of a group of which a record has at most one."""
        kind = self._tag_kind()
        conflicts = self.env["classification.tag.link"]._conflicts(kind, records=self)
        for record, group, tags in conflicts:
            tag_model = self.env[kind.tag_model].sudo()
            raise ValidationError(
                self.env._(
                    "%(record)s can have only one tag of “%(group)s”, not %(tags)s.",
                    record=self.browse(record).sudo().display_name,
                    group=tag_model.browse(group).name,
                    tags=", ".join(tag_model.browse(tags).mapped("name")),
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
                    new=", ".join(new.mapped("name")),
                    old=", ".join(rivals.mapped("name")),
                    group=", ".join(rivals.parent_id.mapped("name")),
                ),
            }
        }
