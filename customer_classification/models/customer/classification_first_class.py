from odoo import fields, models

from ..common.access_groups import MONEY_GROUP
from ..common.keyless_many2one import KeylessMany2one
from .selections import RISK_SELECTION, TIER_REASONS


class ClassificationFirstClass(models.Model):
    """The first classes of one customer, as runs keep them.

    Nobody reads them as such: ``classification.change`` shows a change for each class;
    see ``first_classes.py``.
    """

    _name = "classification.first.class"
    _description = "First Classes of a Customer"
    _log_access = False
    _rec_name = "partner_id"

    # The id of the change of the tier is that of the row.
    stage_change_id = fields.Integer(
        string="Number of the Stage's Change", aggregator=None
    )
    risk_change_id = fields.Integer(
        string="Number of the Risk's Change", aggregator=None
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = KeylessMany2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = KeylessMany2one(
        "classification.policy", readonly=True, ondelete="restrict"
    )
    run_id = KeylessMany2one("classification.run", readonly=True, ondelete="set null")
    create_date = fields.Datetime(string="Recorded On", readonly=True)
    valid_date = fields.Date(string="Valid From", required=True, readonly=True)
    tier_id = KeylessMany2one("customer.value.tier", readonly=True, ondelete="restrict")
    stage_id = KeylessMany2one(
        "customer.lifecycle.stage", readonly=True, ondelete="restrict"
    )
    risk = fields.Selection(RISK_SELECTION, readonly=True)
    revenue = fields.Monetary(readonly=True, groups=MONEY_GROUP, aggregator=None)

    # The numbers behind the classes, as the profile had them.
    tier_value = fields.Float(
        string="Value", digits=0, readonly=True, groups=MONEY_GROUP, aggregator=None
    )
    order_count = fields.Integer(string="Orders", readonly=True, aggregator=None)
    unknown_margin_count = fields.Integer(
        string="Documents of Unknown Margin", readonly=True, aggregator=None
    )
    tier_reason = fields.Selection(TIER_REASONS, readonly=True)
    tier_below_since = fields.Date(string="Below Its Limit Since", readonly=True)
    lifetime_order_count = fields.Integer(
        string="Orders in All", readonly=True, aggregator=None
    )
    first_purchase_date = fields.Date(string="First Purchase", readonly=True)
    last_purchase_date = fields.Date(string="Last Purchase", readonly=True)
    expected_gap_days = fields.Float(
        string="Own Rhythm (days)", digits=0, readonly=True, aggregator=None
    )
    open_opportunity_count = fields.Integer(
        string="Open Opportunities", readonly=True, aggregator=None
    )
    open_quotation_count = fields.Integer(
        string="Open Quotations", readonly=True, aggregator=None
    )
    churn_signals = fields.Integer(readonly=True, aggregator=None)
    signal_complaint_count = fields.Integer(
        string="Complaints That Count", readonly=True, aggregator=None
    )
    signal_complaint_count_before = fields.Integer(
        string="Complaints Before That Count", readonly=True, aggregator=None
    )
    signal_satisfaction = fields.Float(
        string="Satisfaction That Counts", digits=0, readonly=True, aggregator=None
    )
    signal_satisfaction_count = fields.Integer(
        string="Answers That Count", readonly=True, aggregator=None
    )
    signal_interaction_date = fields.Date(string="Silent Since", readonly=True)
    answered_enquiry_count = fields.Integer(
        string="Answered Enquiries", readonly=True, aggregator=None
    )
    growth = fields.Float(digits=0, readonly=True, aggregator=None)
    refund_amount = fields.Monetary(
        string="Refunds", readonly=True, groups=MONEY_GROUP, aggregator=None
    )

    # Holds all that a question for a past day needs.
    _customer_index = models.Index(
        "(partner_id, company_id)"
        " INCLUDE (valid_date, create_date, tier_id, stage_id, risk)"
    )
    # Rows come in the order of their numbers, runs and days: a few pages are enough.
    _numbers_index = models.Index(
        "USING brin (stage_change_id, risk_change_id, run_id, valid_date)"
        " WITH (autosummarize = on)"
    )
