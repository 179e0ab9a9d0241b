from odoo import fields, models


class ClassificationChange(models.Model):
    """One move of one customer that took place: from, to, when and why.

    Append-only and written by runs in SQL. A table of its own rather than tracking
    messages, because it is read by pivots and asked by date.
    """

    _name = "classification.change"
    _inherit = ["classification.class.change.mixin", "classification.move.mixin"]
    _description = "Classification Change"
    _log_access = False
    _order = "valid_date desc, id desc"

    is_correction = fields.Boolean(
        string="Correction",
        readonly=True,
        help="Recorded later than it is valid, because a document arrived late. What "
        "was believed before stays in the history.",
    )
    # Holds all that a question for a past day needs, in its order.
    _history_index = models.Index(
        "(company_id, partner_id, axis, valid_date DESC, create_date DESC, id DESC)"
        " INCLUDE (to_tier_id, to_stage_id, to_risk, revenue)"
    )
