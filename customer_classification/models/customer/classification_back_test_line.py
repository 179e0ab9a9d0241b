from odoo import api, fields, models
from odoo.tools import formatLang

from ..common.access_groups import MONEY_GROUP
from .selections import RISK_COLORS, RISK_SELECTION

# Text for a number that does not exist, such as a rate of no customers.
NO_NUMBER = "–"
SHARES = (
    *("purchase_rate", "loss_rate", "revenue_share", "spend_share"),
    *("precision", "recall", "f1"),
)
LIFTS = ("revenue_lift", "loss_lift")


class ClassificationBackTestLine(models.Model):
    """A class of a back-test, or a warning, with the outcome of its customers.

    Numbers are stored as the engine finds them, missing ones as such, and turned into
    text when they are read.
    """

    _name = "classification.back.test.line"
    _description = "Line of a Back-test"
    _order = "run_id desc, sequence, id"

    run_id = fields.Many2one(
        "classification.run", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    sequence = fields.Integer()
    axis = fields.Selection(
        [
            ("value_tier", "Value Tier"),
            ("lifecycle_stage", "Lifecycle Stage"),
            ("churn_risk", "Churn Risk"),
            ("warning", "Warning"),
            ("prediction", "Who Buys"),
            ("work_list", "Work List"),
        ],
        required=True,
    )
    is_total = fields.Boolean(string="All Customers")
    value_tier_id = fields.Many2one("customer.value.tier", ondelete="restrict")
    lifecycle_stage_id = fields.Many2one(
        "customer.lifecycle.stage", ondelete="restrict"
    )
    churn_risk = fields.Selection(RISK_SELECTION)
    warning = fields.Selection(
        [
            ("medium", "Medium or high risk"),
            ("high", "High risk"),
            ("fixed_days", "More than 90 days silent"),
            ("low_spend", "Spent least"),
        ],
    )
    score = fields.Selection(
        [
            ("probability", "Purchase probability"),
            ("recency", "Days since the last purchase"),
            ("spend", "Last year's spend"),
            ("fixed_days", "Rule of 90 days"),
            ("revenue_at_risk", "Revenue at risk"),
            ("overdue", "Overdue"),
        ],
        help="Number by which customers are told apart, or ordered.",
    )
    customer_count = fields.Integer(
        string="Customers",
        help="Customers of the class, or customers warned of.",
        aggregator=None,
    )
    buyer_count = fields.Integer(
        string="Bought Again",
        help="Customers who bought in the days afterwards.",
        aggregator=None,
    )
    revenue = fields.Monetary(
        groups=MONEY_GROUP, help="Net revenue in the days afterwards.", aggregator=None
    )
    measures = fields.Json()

    name = fields.Char(string="Class", compute="_compute_name")
    color = fields.Integer(compute="_compute_name")
    hits_text = fields.Char(
        string="Did Not Buy Again",
        compute="_compute_texts",
        help="How many of the customers warned of did not buy in the days afterwards. "
        "Where equal customers stand at the edge, they count in proportion.",
    )
    mean_revenue_text = fields.Char(
        string="Revenue per Customer",
        compute="_compute_mean_revenue_text",
        groups=MONEY_GROUP,
        help="Net revenue in the days afterwards, per customer of the class.",
    )
    purchase_rate_text = fields.Char(
        string="Bought Again (%)",
        compute="_compute_texts",
        help="Share of the customers who bought in the days afterwards.",
    )
    loss_rate_text = fields.Char(
        string="Lost (%)",
        compute="_compute_texts",
        help="Share of the customers who did not buy in the days afterwards.",
    )
    revenue_share_text = fields.Char(
        string="Share of Revenue",
        compute="_compute_texts",
        help="Of what all these customers bought in the days afterwards.",
    )
    spend_share_text = fields.Char(
        string="By Last Year's Spend",
        compute="_compute_texts",
        help="Share of revenue that as many customers would have had, if they were "
        "simply ranked by what they spent in the year before.",
    )
    revenue_lift_text = fields.Char(
        string="Times the Average",
        compute="_compute_texts",
        help="Revenue per customer divided by that of all customers.",
    )
    loss_lift_text = fields.Char(
        string="Times the Average Loss",
        compute="_compute_texts",
        help="Share of customers lost divided by that of all customers.",
    )
    precision_text = fields.Char(
        string="Right",
        compute="_compute_texts",
        help="Of the customers warned of, the share who did not buy again (precision).",
    )
    recall_text = fields.Char(
        string="Found",
        compute="_compute_texts",
        help="Of the customers who did not buy again, the share who had been warned of "
        "(recall).",
    )
    f1_text = fields.Char(
        string="F1",
        compute="_compute_texts",
        help="Both in one number: the harmonic mean of right and found.",
    )

    auc_text = fields.Char(
        string="Told Rightly (AUC)",
        compute="_compute_prediction_texts",
        help="Of 100 pairs of one who bought and one who did not, how often the buyer "
        "had the higher number: 50 by the toss of a coin. In brackets, how far chance "
        "may have moved it (95 %).",
    )
    skill_text = fields.Char(
        string="Brier Skill",
        compute="_compute_prediction_texts",
        help="Squared errors of the probabilities against those of one who says the "
        "same share of everybody: 100 is perfect, 0 worth nothing. In brackets, how "
        "far chance may have moved it (95 %).",
    )
    ahead_text = fields.Char(
        string="Beside Recency",
        compute="_compute_prediction_texts",
        help="Whether it tells better than the days since the last purchase, by the "
        "test of DeLong at 95 %.",
    )
    held_text = fields.Char(
        string="Lost Revenue in the First Fifth",
        compute="_compute_prediction_texts",
        help="Of the revenue that was then lost, the share of the customers who stood "
        "in the first fifth of the list.",
    )
    is_best = fields.Boolean(string="Best", compute="_compute_prediction_texts")

    @api.depends(
        *("axis", "value_tier_id", "lifecycle_stage_id", "churn_risk", "warning"),
        "score",
    )
    @api.depends_context("lang")
    def _compute_name(self):
        scores = dict(self._fields["score"]._description_selection(self.env))
        risks = dict(self._fields["churn_risk"]._description_selection(self.env))
        warnings = dict(self._fields["warning"]._description_selection(self.env))
        for line in self:
            record = line.value_tier_id or line.lifecycle_stage_id
            if line.is_total:
                line.name = self.env._("All Customers")
            elif line.axis == "churn_risk":
                line.name = risks.get(line.churn_risk) or self.env._("Lost already")
            else:
                own = warnings.get(line.warning) or scores.get(line.score)
                line.name = record.name or own
            line.color = record.color or RISK_COLORS.get(line.churn_risk, 0)

    @api.depends("measures")
    @api.depends_context("lang")
    def _compute_texts(self):
        for line in self:
            measures = line.measures or {}
            for name in SHARES:
                line[f"{name}_text"] = self._percent_text(measures.get(name))
            for name in LIFTS:
                line[f"{name}_text"] = self._lift_text(measures.get(name))
            line.hits_text = self._number_text(measures.get("hits"))

    @api.depends("measures", "score")
    @api.depends_context("lang")
    def _compute_prediction_texts(self):
        for line in self:
            measures = line.measures or {}
            line.auc_text = self._estimate_text(measures.get("auc"))
            line.skill_text = self._estimate_text(measures.get("skill"))
            line.ahead_text = line._ahead_text(measures.get("ahead"))
            line.held_text = self._percent_text(measures.get("held"))
            line.is_best = bool(measures.get("is_best"))

    def _ahead_text(self, ahead):
        """Return whether a way tells better than recency; a dash for itself."""
        texts = {
            1: self.env._("Better"),
            0: self.env._("May be chance"),
            -1: self.env._("Worse"),
        }
        return NO_NUMBER if self.score == "recency" else texts.get(ahead, NO_NUMBER)

    @api.model
    def _estimate_text(self, estimate):
        """Return a share of 100 with its interval, a dash for a missing one."""
        value, low, high = estimate or (None, None, None)
        if value is None:
            return NO_NUMBER
        return self.env._(
            "%(value)s (%(low)s to %(high)s)",
            value=formatLang(self.env, 100 * value, 0),
            low=formatLang(self.env, 100 * low, 0),
            high=formatLang(self.env, 100 * high, 0),
        )

    @api.depends("revenue", "customer_count")
    @api.depends_context("lang")
    def _compute_mean_revenue_text(self):
        for line in self:
            if not line.customer_count:
                line.mean_revenue_text = NO_NUMBER
                continue
            mean = line.revenue / line.customer_count
            line.mean_revenue_text = formatLang(
                self.env, mean, currency_obj=line.currency_id
            )

    @api.model
    def _percent_text(self, share):
        """Return a share in whole percent, a dash for a missing one."""
        if share is None:
            return NO_NUMBER
        return f"{formatLang(self.env, 100 * share, 0)}\N{NO-BREAK SPACE}%"

    @api.model
    def _lift_text(self, lift):
        return NO_NUMBER if lift is None else formatLang(self.env, lift, 1)

    @api.model
    def _number_text(self, number):
        """A count, with a decimal only where customers count in proportion."""
        if number is None:
            return NO_NUMBER
        return formatLang(self.env, number, 0 if number == round(number) else 1)
