from odoo import fields, models

from ..common.keyless_many2one import KeylessMany2one


class ClassificationClassChangeMixin(models.AbstractModel):
    """A move that took place: append-only, from a day on."""

    _name = "classification.class.change.mixin"
    _inherit = "classification.class.move.mixin"
    _description = "Change of a Class"

    valid_date = fields.Date(
        string="Valid From", required=True, readonly=True, index=True
    )
    run_id = KeylessMany2one(
        "classification.run",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    _company_index = models.Index("(company_id, valid_date)")
