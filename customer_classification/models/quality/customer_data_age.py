from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..common.access_groups import INSIGHT_GROUP, MONEY_GROUP
from ..common.called_records import check_records

# {band: most days that are in it}
BANDS = {"quarter": 90, "half": 180, "year": 365}
BAND_SELECTION = [
    ("quarter", "Up to 90 days"),
    ("half", "91 to 180 days"),
    ("year", "181 to 365 days"),
    ("older", "More than a year"),
]


class CustomerDataAge(models.Model):
    """Days since the contact data of a customer were changed or checked.

    Of active customers who have bought, one row a customer and company. Changed is
    the customer or one of its contacts, by whatever wrote them last; checked is what
    somebody said so. A view, worked out when it is read, by one scan of profiles and
    contacts; its rows have the ids of the profiles.

    *Query budget*: one for the rows.
    """

    _name = "customer.data.age"
    _description = "Age of the Contact Data of a Customer"
    _auto = False
    _order = "tier_sequence, fresh_date, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    value_tier_id = fields.Many2one("customer.value.tier", readonly=True)
    tier_sequence = fields.Integer(readonly=True, aggregator=None)
    lifecycle_stage_id = fields.Many2one("customer.lifecycle.stage", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    changed_date = fields.Date(
        string="Changed On",
        readonly=True,
        help="The day on which the customer or one of its contacts was written last, "
        "by anybody and for any reason.",
    )
    checked_date = fields.Date(
        string="Checked On",
        readonly=True,
        help="The day on which somebody said that the data are right.",
    )
    fresh_date = fields.Date(
        string="Changed or Checked On", readonly=True, help="The later of the two."
    )
    stale_days = fields.Integer(
        string="Days Since",
        readonly=True,
        aggregator="avg",
        help="Since the data were changed or checked.",
    )
    band = fields.Selection(BAND_SELECTION, string="Age", readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True)
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue of the customer in the window of the policy.",
    )

    @property
    def _table_query(self):
        for name in ("res.partner", "customer.profile", "customer.value.tier"):
            self.env[name].flush_model()
        today = fields.Date.context_today(self)
        return SQL(
            """
            SELECT a.*, %(today)s - a.fresh_date AS stale_days, 1 AS customer_count,
                   CASE %(bands)s ELSE 'older' END::varchar AS band
              FROM (SELECT f.id, f.partner_id, f.company_id, f.value_tier_id,
                           COALESCE(t.sequence, 0) AS tier_sequence,
                           f.lifecycle_stage_id, c.user_id, f.revenue,
                           k.changed_date, c.customer_checked_date AS checked_date,
                           greatest(k.changed_date, c.customer_checked_date)
                               AS fresh_date
                      FROM customer_profile f
                      JOIN res_partner c ON c.id = f.partner_id
                      JOIN (SELECT commercial_partner_id,
                                   max(COALESCE(write_date, create_date))::date
                                       AS changed_date
                              FROM res_partner WHERE active
                             GROUP BY commercial_partner_id) k
                        ON k.commercial_partner_id = f.partner_id
                      LEFT JOIN customer_value_tier t ON t.id = f.value_tier_id
                     WHERE f.active AND f.first_purchase_date IS NOT NULL) a
            """,
            today=today,
            bands=SQL(" ").join(
                SQL("WHEN %s - a.fresh_date <= %s THEN %s", today, days, band)
                for band, days in BANDS.items()
            ),
        )

    def action_mark_checked(self):
        """Note that somebody has checked the data of these customers today.

        :raises AccessError: the user is none of this addon, or may not write them
        """
        self.browse().check_access("read")
        if not self.env.user.has_group(INSIGHT_GROUP):
            raise AccessError(self.env._("You may not do this."))
        profiles = self.env["customer.profile"].browse(self._ids)
        check_records(profiles)
        profiles.partner_id.write(
            {"customer_checked_date": fields.Date.context_today(self)}
        )

    def action_open_contact(self):
        """Open the contact, to check it."""
        self.browse().check_access("read")
        profile = self.env["customer.profile"].browse(self._ids)
        return profile.action_open_partner()
