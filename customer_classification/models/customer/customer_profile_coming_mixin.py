from odoo import api, fields, models
from odoo.tools import SQL

from ..common.searched_values import searched_by_sql

# ``{field of days: the date that it counts to}``
DAYS_UNTIL = {
    "dormant_days": "dormant_date",
    "lost_days": "lost_date",
    "tier_fall_days": "tier_fall_date",
}


class CustomerProfileComingMixin(models.AbstractModel):
    """Tells on which days a customer who buys nothing loses classes.

    The days follow from dates that stand, so that runs store them, and one that is
    over stays. How long it is until then is worked out when it is asked for.
    """

    _name = "customer.profile.coming.mixin"
    _inherit = "classification.sql.fields.mixin"
    _description = "Days on Which Classes Are Lost"

    dormant_date = fields.Date(
        string="Dormant On",
        readonly=True,
        help="Day from which the customer is dormant if nothing is bought; where a "
        "person decided about the stage, not before the decision ends. A day that is "
        "over is the one on which it began.",
    )
    lost_date = fields.Date(
        string="Lost On",
        readonly=True,
        help="Day from which the customer is lost if nothing is bought; where a person "
        "decided about the stage, not before the decision ends. A day that is over is "
        "the one on which it began.",
    )
    tier_fall_date = fields.Date(
        string="Falls a Tier On",
        readonly=True,
        help="Day on which the customer gets a lower value tier if nothing is bought: "
        "by then too many purchases have left the window, and the grace is over. Where "
        "a person decided about the tier, not before the decision ends. At the limits "
        "of the last run over everybody; empty where tiers go by score.",
    )
    dormant_days = fields.Integer(
        string="Days Until Dormant",
        compute="_compute_days_until",
        search="_search_dormant_days",
        aggregator=None,
        help="From today on; below 0 it is over, and 0 also where no day is known.",
    )
    lost_days = fields.Integer(
        string="Days Until Lost",
        compute="_compute_days_until",
        search="_search_lost_days",
        aggregator=None,
        help="From today on; below 0 it is over, and 0 also where no day is known.",
    )
    tier_fall_days = fields.Integer(
        string="Days Until It Falls a Tier",
        compute="_compute_days_until",
        search="_search_tier_fall_days",
        aggregator=None,
        help="From today on; 0 also where no day is known.",
    )

    @api.depends(*DAYS_UNTIL.values())
    def _compute_days_until(self):
        today = fields.Date.context_today(self)
        for name, date in DAYS_UNTIL.items():
            days = [profile[date] for profile in self]
            self._show_column(name, [(day - today).days if day else 0 for day in days])

    @api.model
    def _search_dormant_days(self, operator, value):
        return searched_by_sql(self, "dormant_days", operator, value)

    @api.model
    def _search_lost_days(self, operator, value):
        return searched_by_sql(self, "lost_days", operator, value)

    @api.model
    def _search_tier_fall_days(self, operator, value):
        return searched_by_sql(self, "tier_fall_days", operator, value)

    @api.model
    def _customer_sql_fields(self):
        return {**super()._customer_sql_fields(), **_days_until(self)}


def _days_until(model):
    """Return ``{field of days: method(alias, query) that returns its SQL}``."""

    def worked_out(date):
        def to_sql(alias, query):
            today = fields.Date.context_today(model)
            return SQL(
                "(%s - %s::date)", model._field_to_sql(alias, date, query), today
            )

        return to_sql

    return {name: worked_out(date) for name, date in DAYS_UNTIL.items()}
