from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .classification_policy_rules import NO_VALUE_TIER


class ClassificationPolicy(models.Model):
    """Whom shares of the customers compare, what equal values at a limit mean, and
    which tier those have who are worth nothing."""

    # One file for each idea of a policy.
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

    tier_ties = fields.Selection(
        [
            ("out", "Stay below it: never more than the share"),
            ("in", "Reach it: never fewer than the share"),
        ],
        string="Equal Values at a Limit",
        compute="_compute_tier_ties",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="Where several customers with the same value stand on both sides of a "
        "share, none of them is in the better tier, or all of them are. With 15 of 215 "
        "customers at the highest score, “the best 5 %” are nobody or these 15. Scores "
        "have few different values, so that they begin with all of them in.",
    )
    share_of = fields.Selection(
        [
            ("buyers", "The customers who bought in the window"),
            ("positive", "Those of them with a value above 0"),
        ],
        string="Shares Of",
        required=True,
        default="buyers",
        help="Of whom “the best 5 %” are five percent. Customers who gave back as much "
        "as they bought make the better tiers larger, unless they are left out.",
    )
    count_archived = fields.Boolean(
        string="Archived Customers Count",
        help="Archived customers are compared with the others where scores and shares "
        "are found. Otherwise “the best 5 %” are five percent of the customers whom "
        "lists show. Archived customers have classes in both cases.",
    )
    no_value_rule = fields.Selection(
        [
            ("limits", "The tier by the limits, as all others"),
            ("last", "The last tier"),
            ("own", "A tier of their own"),
            ("unrated", "No tier: they are not rated"),
        ],
        string="With a Value of 0 or Less",
        required=True,
        default="limits",
        help="Which tier customers have who gave back as much as they bought, or "
        "bought nothing in the window but did before. Whoever falls into a tier keeps "
        "the one before for the grace period; who is not rated loses it at once.",
    )
    no_value_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier for 0 or Less",
        ondelete="restrict",
        domain=[("is_unrated", "=", False)],
        help="A tier below all others, which has no limit of its own.",
    )

    @api.depends("value_metric")
    def _compute_tier_ties(self):
        for policy in self:
            policy.tier_ties = "in" if policy.value_metric == "score" else "out"

    @api.model
    def _rule_fields(self):
        return super()._rule_fields() | {NO_VALUE_TIER}

    def _tiers_in_order(self):
        """The tiers of these rules, the best first; the last one takes the rest."""
        tiers = self.tier_ids.sorted("tier_sequence").tier_id
        return tiers | self._no_value_tier()

    def _no_value_tier(self):
        """The tier for values of 0 and less; an empty one where there is none."""
        has_own = self.no_value_rule == "own"
        return self.no_value_tier_id if has_own else self.no_value_tier_id.browse()

    def _value_digits(self):
        """Decimals of what tiers are made of: a score has one."""
        return 1 if self.value_metric == "score" else self.currency_id.decimal_places

    @api.constrains(NO_VALUE_TIER, "no_value_rule", "tier_ids")
    def _check_no_value_tier(self):
        for policy in self:
            tier, tiers = policy._no_value_tier(), policy.tier_ids.tier_id
            lowest = max(tiers.mapped("sequence"), default=0)
            if tier and tier not in tiers and tier.sequence <= lowest:
                raise ValidationError(
                    self.env._(
                        "%(tier)s: the tier for values of 0 or less comes after all "
                        "others. Give it the highest number in the list of value "
                        "tiers.",
                        tier=tier.name,
                    )
                )
