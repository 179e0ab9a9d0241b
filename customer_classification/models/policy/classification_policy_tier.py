from odoo import api, fields, models
from odoo.tools import formatLang

from ...copy_frames import TOO_LARGE
from ..common.punctuation import listed
from ..common.sentences import plain_number


class ClassificationPolicyTier(models.Model):
    """Limit of a value tier, and down to where customers keep the tier."""

    _name = "classification.policy.tier"
    _inherit = "classification.policy.line"
    _description = "Tier Limit of a Classification Policy"
    _order = "tier_sequence, id"

    tier_id = fields.Many2one(
        "customer.value.tier",
        required=True,
        ondelete="restrict",
        domain=[("is_unrated", "=", False)],
    )
    tier_sequence = fields.Integer(related="tier_id.sequence", store=True)
    limit = fields.Float(
        digits=(16, 2),
        help="Best share of the customers in percent, or the lowest value, as the "
        "policy says. The last tier takes everybody else.",
        aggregator=None,
    )
    keep_limit = fields.Float(
        digits=(16, 2),
        help="How far a customer may fall and still keep the tier, in the same unit "
        "as the limit: enters among the best 5 %, keeps among the best 8 %; enters "
        "from 10,000, keeps down to 8,000. 0: the tolerance of the policy.",
        aggregator=None,
    )
    benefit_percent = fields.Float(
        string="Benefits (% of Revenue)",
        digits=(5, 2),
        help="What discounts and gifts of this tier cost, in percent of its revenue. "
        "A preview shows by how much new rules change these costs.",
        aggregator=None,
    )
    benefit_amount = fields.Monetary(
        string="Benefits per Customer",
        help="What the services of this tier cost per customer and year. A preview "
        "shows by how much new rules change these costs.",
        aggregator=None,
    )

    @api.model
    def _bounds(self):
        # Limits are checked by the rules, which know if they are shares.
        return {"benefit_percent": (0, 100), "benefit_amount": (0, TOO_LARGE)}

    @api.model
    def _rule_fields(self):
        return {"rules_id", "tier_id", "limit", "keep_limit"}

    @api.model
    def _content_fields(self):
        return super()._content_fields() | {"benefit_percent", "benefit_amount"}

    def _line_label(self):
        return self.tier_id.name

    def _in_words(self):
        """Return this line in words."""
        ranked = self.rules_id.tier_method == "top_percent"
        limit = plain_number(self.env, self.limit)
        parts = [
            self.env._("best %s %%", limit) if ranked else self.env._("from %s", limit)
        ]
        if self.keep_limit:
            keep = plain_number(self.env, self.keep_limit)
            parts.append(
                self.env._("kept by the best %s %%", keep)
                if ranked
                else self.env._("kept down to %s", keep)
            )
        if self.benefit_percent:
            percent = plain_number(self.env, self.benefit_percent)
            parts.append(self.env._("benefits of %s %% of the revenue", percent))
        if self.benefit_amount:
            amount = formatLang(
                self.env, self.benefit_amount, currency_obj=self.currency_id
            )
            parts.append(self.env._("benefits of %s per customer", amount))
        return listed(self.env, parts)

    def _tier_limit(self):
        """The engine's :class:`TierLimit` of this line."""
        from ...engine import TierLimit

        return TierLimit(self.tier_id.id, self.limit, self.keep_limit or None)
