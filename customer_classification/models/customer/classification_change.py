from odoo import fields, models


class ClassificationChange(models.Model):
    """One move of one customer that took place: from, to, when and why.

    Append-only and written by runs in SQL. A table of its own rather than tracking
    messages, because it is read by pivots and asked by date.
    """

    _name = "classification.change"
    _inherit = "classification.move.mixin"
    _description = "Classification Change"
    _order = "valid_date desc, id desc"

    valid_date = fields.Date(
        string="Valid From", required=True, readonly=True, index=True
    )
    create_date = fields.Datetime(string="Recorded On", readonly=True)
    is_correction = fields.Boolean(
        string="Correction",
        readonly=True,
        help="Recorded later than it is valid, because a document arrived late. What "
        "was believed before stays in the history.",
    )
    run_id = fields.Many2one(
        "classification.run",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    _company_index = models.Index("(company_id, valid_date)")
    # Holds all that a question for a past day needs, in its order.
    _history_index = models.Index(
        "(company_id, partner_id, axis, valid_date DESC, create_date DESC, id DESC)"
        " INCLUDE (to_tier_id, to_stage_id, to_risk, revenue)"
    )
