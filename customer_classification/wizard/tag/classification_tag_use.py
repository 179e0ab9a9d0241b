from odoo import api, fields, models

from ...models.common.called_records import check_one, without_defaults


class ClassificationTagUse(models.TransientModel):
    """References to a tag, as a list to open from."""

    _name = "classification.tag.use"
    _description = "Where a Tag Is Used"

    name = fields.Char()
    what = fields.Char(string="Kind")
    tag_name = fields.Char(string="Tag")
    res_model = fields.Char()
    res_id = fields.Many2oneReference(model_field="res_model", string="Record")

    @api.model
    def _open(self, tags):
        """Search all possible references to tags, and list those found.

        Records that the caller may not read are listed without their names.
        """
        tags.check_access("read")
        names = {tag.id: tag.display_name for tag in tags}
        references = self.env["classification.tag.reference"]
        uses = without_defaults(self.sudo()).create(
            [
                {
                    "name": references._readable_name(found),
                    "what": found.what,
                    "tag_name": names[found.tag_id],
                    "res_model": found.record._name,
                    "res_id": found.record.id,
                }
                for found in references.sudo()._of(tags)
            ]
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_tag_use_action"
        )
        action["domain"] = [("id", "in", uses.ids)]
        return action

    def action_open(self):
        """Open the record that refers to the tag."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "view_mode": "form",
        }
