from functools import cache

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

from ..common.access_groups import USER_GROUP
from ..common.own_columns import OWN_PREFETCH
from ..common.searched_values import (
    asks_for_none,
    ids_among,
    searched_by_sql,
    values_among,
)
from .customer_company_size import SIZE_SELECTION
from .utm_medium import ORIGIN_SELECTION

# Fields of a contact, and the column of the first contact that each shows.
ACQUISITION = {
    "customer_first_source_id": "source_id",
    "customer_first_medium_id": "medium_id",
    "customer_origin": "origin",
}
HELP = (
    "Of the first lead, opportunity or sales order in the current company that says "
    "where it came from, of all contacts of the customer's company together."
)

CHANNEL_SELECTION = [
    ("email", "Email"),
    ("phone", "Phone"),
    ("message", "Text or Chat Message"),
    ("social", "Social Media"),
    ("in_person", "In Person"),
    ("mail", "Mail"),
]

# Columns of stored computed fields, created before Odoo does: it would compute the size
# of all contacts, although no number is known yet.
COLUMNS = {"customer_company_size": "varchar", "customer_turnover_currency_id": "int4"}


class Age(fields.Integer):
    """Age that may be unknown, which differs from 0.

    *Under 18* does not find people of unknown age.

    Odoo's integers are 0 where they are unknown, also in ``filtered_domain``.
    """

    falsy_value = None

    def filter_function(self, records, field_expr, operator, value):
        compare = super().filter_function(records, field_expr, operator, value)
        if operator == "in":
            known, none = values_among(self, value), asks_for_none(value)
            return lambda one: one[self.name] in known if one.birthdate_date else none
        return lambda one: bool(one.birthdate_date) and compare(one)


class ResPartner(models.Model):
    """Attributes of customers: acquisition, channel, size, market, person.

    Attributes of a company belong to the commercial partner: Odoo hands them down to
    its contacts, as the industry. ``birthdate_date`` and ``gender`` are named, and the
    values of the latter are, as in OCA's ``partner_contact_birthdate`` and
    ``partner_contact_gender``: with them installed too, there is one field, and no
    data to carry over.
    """

    _name = "res.partner"
    _inherit = ["res.partner"]

    # Acquisition

    customer_first_source_id = fields.Many2one(
        "utm.source",
        string="First Source",
        compute="_compute_customer_acquisition",
        search="_search_customer_first_source_id",
        compute_sudo=True,
        groups=USER_GROUP,
        help=HELP,
    )
    customer_first_medium_id = fields.Many2one(
        "utm.medium",
        string="First Medium",
        compute="_compute_customer_acquisition",
        search="_search_customer_first_medium_id",
        compute_sudo=True,
        groups=USER_GROUP,
        help=HELP,
    )
    customer_origin = fields.Selection(
        ORIGIN_SELECTION,
        string="Origin",
        compute="_compute_customer_acquisition",
        search="_search_customer_origin",
        compute_sudo=True,
        groups=USER_GROUP,
        help="What the medium of the first contact is: online, offline or a referral.",
    )

    # Channel

    customer_preferred_channel = fields.Selection(
        CHANNEL_SELECTION,
        string="Preferred Channel",
        groups=USER_GROUP,
        help="As this contact told you; each contact of a company has its own.",
        prefetch=OWN_PREFETCH,
    )
    customer_seen_channel = fields.Selection(
        CHANNEL_SELECTION,
        string="Seen Channel",
        compute="_compute_customer_seen_channel",
        search="_search_customer_seen_channel",
        compute_sudo=True,
        groups=USER_GROUP,
        help="By which way the customer was in touch most often in the last twelve "
        "months, all contacts of the company together: emails received from them, "
        "phone calls done as activities on a contact or an opportunity, meetings that "
        "took place. Where two are equal, the latest counts.",
    )

    # Company size

    customer_employee_count = fields.Integer(
        string="Number of Employees",
        groups=USER_GROUP,
        aggregator="avg",
        help="Of the whole company: its contacts show the same. 0 is not known.",
        prefetch=OWN_PREFETCH,
    )
    customer_turnover = fields.Monetary(
        string="Yearly Turnover",
        currency_field="customer_turnover_currency_id",
        groups=USER_GROUP,
        aggregator="avg",
        help="What the customer sells in a year. Of the whole company: its contacts "
        "show the same. 0 is not known.",
        prefetch=OWN_PREFETCH,
    )
    customer_turnover_currency_id = fields.Many2one(
        "res.currency",
        string="Turnover Currency",
        compute="_compute_customer_turnover_currency_id",
        store=True,
        readonly=False,
        groups=USER_GROUP,
        help="That of the company in which the turnover was entered, unless you change "
        "it.",
        prefetch=OWN_PREFETCH,
    )
    customer_company_size = fields.Selection(
        SIZE_SELECTION,
        string="Company Size",
        compute="_compute_customer_company_size",
        store=True,
        groups=USER_GROUP,
        help="The larger of the sizes by employees and by turnover, by the limits "
        "under Configuration, Company Sizes. Empty where neither is known.",
        prefetch=OWN_PREFETCH,
    )

    # Market

    customer_market = fields.Selection(
        [
            ("local", "Local"),
            ("domestic", "Domestic"),
            ("international", "International"),
        ],
        string="Market",
        compute="_compute_customer_market",
        search="_search_customer_market",
        compute_sudo=True,
        groups=USER_GROUP,
        help="Local: in the same state as your company, or in the same city where one "
        "of them has no state. Domestic: in the same country. By the address of the "
        "customer's company; empty where a country is missing.",
    )
    customer_country_group_ids = fields.Many2many(
        "res.country.group",
        string="Regions",
        compute="_compute_customer_country_group_ids",
        search="_search_customer_country_group_ids",
        compute_sudo=True,
        groups=USER_GROUP,
        help="The country groups of the country of the customer's company.",
    )
    customer_region_id = fields.Many2one(
        "res.country.group",
        string="Region",
        compute="_compute_customer_country_group_ids",
        search="_search_customer_region_id",
        compute_sudo=True,
        groups=USER_GROUP,
        help="The first of the regions by their sequence: a customer counts in one.",
    )

    # Person

    birthdate_date = fields.Date(
        string="Birth Date",
        groups=USER_GROUP,
        help="Of this person, not of the company.",
        prefetch=OWN_PREFETCH,
    )
    customer_age = Age(
        string="Age",
        compute="_compute_customer_age",
        search="_search_customer_age",
        groups=USER_GROUP,
        aggregator=None,
        help="In completed years, today.",
    )
    gender = fields.Selection(
        [("male", "Male"), ("female", "Female"), ("other", "Other")],
        groups=USER_GROUP,
        help="Of this person, as they say.",
        prefetch=OWN_PREFETCH,
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_customer_acquisition(self):
        """One query for all three fields."""
        found = {
            row[0]: row[1:]
            for row in self.env.execute_query(
                self._customer_acquisition_query(
                    SQL(
                        "p.commercial_partner_id = ANY(%s)",
                        self._shown_customers().ids,
                    )
                )
            )
        }
        for partner in self:
            source, medium, origin = found.get(
                partner.commercial_partner_id.id, (False, False, False)
            )
            partner.customer_first_source_id = source
            partner.customer_first_medium_id = medium
            partner.customer_origin = origin

    @api.model
    def _search_customer_first_source_id(self, operator, value):
        return searched_by_sql(self, "customer_first_source_id", operator, value)

    @api.model
    def _search_customer_first_medium_id(self, operator, value):
        return searched_by_sql(self, "customer_first_medium_id", operator, value)

    @api.model
    def _search_customer_origin(self, operator, value):
        return searched_by_sql(self, "customer_origin", operator, value)

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            **{
                name: lambda alias, query, column=column: SQL.identifier(
                    self._customer_acquisition_join(alias, query), column
                )
                for name, column in ACQUISITION.items()
            },
            "customer_seen_channel": self._customer_seen_channel_sql,
            "customer_market": self._customer_market_sql,
            "customer_region_id": self._customer_region_sql,
            "customer_age": self._customer_age_sql,
        }

    @api.model
    def _customer_acquisition_join(self, alias, query):
        joined = query.make_alias(alias, "customer_acquisition")
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", self._customer_acquisition_query(SQL("TRUE"))),
            SQL(
                "%s = %s",
                SQL.identifier(joined, "partner_id"),
                self._field_to_sql(alias, "commercial_partner_id", query),
            ),
        )
        return joined

    @api.model
    def _customer_acquisition_query(self, condition):
        """Return the SQL of the first contact of commercial partners.

        ``(partner_id, source_id, medium_id, origin)`` in the current company, of those
        whose contacts ``p`` meet a condition. A contact is dated by its creation, or by
        an earlier order date.
        """
        known = ["partner_id", "source_id", "medium_id", "company_id"]
        self.env["crm.lead"].flush_model(known)
        self.env["sale.order"].flush_model([*known, "date_order"])
        self.env["utm.medium"].flush_model(["customer_origin"])
        self.flush_model(["commercial_partner_id"])
        return SQL(
            """
            SELECT DISTINCT ON (p.commercial_partner_id)
                   p.commercial_partner_id AS partner_id,
                   d.source_id, d.medium_id,
                   COALESCE(m.customer_origin, d.origin) AS origin
              FROM (%(contacts)s) d
              JOIN res_partner p ON p.id = d.partner_id AND %(condition)s
              LEFT JOIN utm_medium m ON m.id = d.medium_id
             ORDER BY p.commercial_partner_id, d.moment, d.kind, d.id
            """,
            contacts=SQL(" UNION ALL ").join(self._customer_acquisition_queries()),
            condition=condition,
        )

    @api.model
    def _customer_acquisition_queries(self):
        """Return the selects of who was in touch when, in the current company.

        ``(partner_id, source_id, medium_id, origin, moment, kind, id)``; the origin is
        that of the document where its medium tells none. Glue addons add some.
        """
        is_online = self._is_online_order()
        return [
            SQL(
                """
                SELECT partner_id, source_id, medium_id, NULL::varchar AS origin,
                       create_date AS moment, 1 AS kind, id
                  FROM crm_lead
                 WHERE (source_id IS NOT NULL OR medium_id IS NOT NULL)
                   AND (company_id = %s OR company_id IS NULL)
                """,
                self.env.company.id,
            ),
            SQL(
                """
                SELECT partner_id, source_id, medium_id,
                       CASE WHEN %(is_online)s THEN 'online' END,
                       LEAST(create_date, date_order), 2, id
                  FROM sale_order
                 WHERE (source_id IS NOT NULL OR medium_id IS NOT NULL
                        OR %(is_online)s)
                   AND company_id = %(company)s
                """,
                is_online=is_online,
                company=self.env.company.id,
            ),
        ]

    @api.model
    def _is_online_order(self):
        """SQL of whether a sales order was made in a web shop."""
        return SQL("FALSE")

    # Channel

    @api.depends("commercial_partner_id")
    def _compute_customer_seen_channel(self):
        """One query."""
        seen = dict(
            self.env.execute_query(
                self._customer_seen_channel_query(
                    SQL(
                        "p.commercial_partner_id = ANY(%s)",
                        self._shown_customers().ids,
                    )
                )
            )
        )
        for partner in self:
            partner.customer_seen_channel = seen.get(partner.commercial_partner_id.id)

    @api.model
    def _search_customer_seen_channel(self, operator, value):
        return searched_by_sql(self, "customer_seen_channel", operator, value)

    @api.model
    def _customer_seen_channel_sql(self, alias, query):
        joined = query.make_alias(alias, "customer_seen_channel")
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", self._customer_seen_channel_query(SQL("TRUE"))),
            SQL(
                "%s = %s",
                SQL.identifier(joined, "partner_id"),
                self._field_to_sql(alias, "commercial_partner_id", query),
            ),
        )
        return SQL.identifier(joined, "channel")

    @api.model
    def _customer_seen_channel_query(self, condition):
        """Return the SQL of the observed channel of commercial partners.

        ``(partner_id, channel)`` of those whose contacts ``p`` meet a condition.
        """
        for name in ("mail.message", "mail.activity", "calendar.event", "crm.lead"):
            self.env[name].flush_model()
        self.flush_model(["commercial_partner_id"])
        today = fields.Date.today()
        return SQL(
            """
            SELECT DISTINCT ON (partner_id) partner_id, channel
              FROM (SELECT partner_id, channel,
                           COUNT(*) AS number, MAX(day) AS latest
                      FROM (%s UNION ALL %s UNION ALL %s) contact
                     GROUP BY partner_id, channel) seen
             ORDER BY partner_id, number DESC, latest DESC, channel
            """,
            *self._customer_contact_queries(
                condition, today - relativedelta(years=1), today
            ),
        )

    @api.model
    def _customer_contact_queries(self, condition, since, today):
        emails = SQL(
            """SELECT p.commercial_partner_id AS partner_id, 'email' AS channel,
                      m.date::date AS day
                 FROM mail_message m JOIN res_partner p ON p.id = m.author_id
                WHERE m.message_type = 'email' AND m.date >= %s AND %s""",
            since,
            condition,
        )
        calls = SQL(
            """SELECT p.commercial_partner_id, 'phone', a.date_done
                 FROM mail_activity a
                 JOIN mail_activity_type t
                   ON t.id = a.activity_type_id AND t.category = 'phonecall'
                 LEFT JOIN crm_lead l
                   ON a.res_model = 'crm.lead' AND l.id = a.res_id
                 JOIN res_partner p
                   ON p.id = CASE a.res_model WHEN 'res.partner' THEN a.res_id
                                              ELSE l.partner_id END
                WHERE a.active IS NOT TRUE AND a.date_done >= %s AND %s""",
            since,
            condition,
        )
        meetings = SQL(
            """SELECT p.commercial_partner_id, 'in_person', e.start::date
                 FROM calendar_event e
                 JOIN calendar_event_res_partner_rel r ON r.calendar_event_id = e.id
                 JOIN res_partner p ON p.id = r.res_partner_id
                WHERE e.active AND e.start >= %s AND e.start < %s AND %s""",
            since,
            today,
            condition,
        )
        return emails, calls, meetings

    # Company size

    def _auto_init(self):
        for name, kind in COLUMNS.items():
            if not column_exists(self.env.cr, self._table, name):
                create_column(self.env.cr, self._table, name, kind)
        return super()._auto_init()

    @api.model
    def _commercial_fields(self):
        return [
            *super()._commercial_fields(),
            "customer_employee_count",
            "customer_turnover",
            "customer_turnover_currency_id",
        ]

    @api.depends("customer_turnover")
    def _compute_customer_turnover_currency_id(self):
        for partner in self:
            partner.customer_turnover_currency_id = (
                partner.customer_turnover_currency_id
                or (partner.customer_turnover and self.env.company.currency_id)
            )

    @api.depends(
        "customer_employee_count",
        "customer_turnover",
        "customer_turnover_currency_id",
    )
    def _compute_customer_company_size(self):
        """Compute the size by the limits of employees and turnover.

        A turnover in another currency is converted at today's rate: a query for the
        limits and one for each currency.
        """
        sizes = self.env["customer.company.size"]._all()
        currencies = self.customer_turnover_currency_id
        rates = self._customer_rates(currencies, sizes.currency_id[:1])
        for partner in self:
            rate = rates.get(partner.customer_turnover_currency_id, 1)
            partner.customer_company_size = sizes._size_of(
                partner.customer_employee_count, partner.customer_turnover * rate
            )

    @api.model
    def _customer_rates(self, currencies, target):
        """``{currency: rate}`` to another one, today: a query for each."""
        today = fields.Date.context_today(self)
        return {
            currency: currency._convert(1, target, self.env.company, today, round=False)
            for currency in currencies
            if target
        }

    @api.model
    def _customer_place_sql(self, passed, limits):
        """Return the SQL of how many of the limits are passed."""
        return SQL(" + ").join(SQL("(%s)::int", SQL(passed, limit)) for limit in limits)

    @api.model
    def _recompute_customer_company_size(self):
        """Recompute the size of all contacts with a known number.

        One update, after a query for the currencies in use: the ORM would update a
        hundred at a time.
        """
        sizes = self.env["customer.company.size"]._all()
        currency_ids, rates = self._customer_turnover_rate_arrays(sizes.currency_id[:1])
        self.env.execute_query(
            SQL(
                """
                UPDATE res_partner p
                   SET customer_company_size = s.size
                  FROM (SELECT n.id, (%(names)s::varchar[])[1 + GREATEST(
                                   CASE WHEN n.customer_employee_count > 0
                                        THEN %(employees)s END,
                                   CASE WHEN n.customer_turnover > 0
                                        THEN %(turnover)s END)] AS size
                          FROM res_partner n
                          LEFT JOIN UNNEST(%(currencies)s::int[], %(rates)s::float[])
                                 AS r (currency_id, rate)
                            ON r.currency_id = n.customer_turnover_currency_id
                         WHERE n.customer_employee_count > 0
                            OR n.customer_turnover > 0) s
                 WHERE p.id = s.id AND p.customer_company_size IS DISTINCT FROM s.size
                RETURNING p.id
                """,
                names=sizes.mapped("size"),
                employees=self._customer_place_sql(
                    "n.customer_employee_count >= %s",
                    sizes[:-1].mapped("employee_limit"),
                ),
                turnover=self._customer_place_sql(
                    "n.customer_turnover * COALESCE(r.rate, 1) > %s",
                    sizes[:-1].mapped("turnover_limit"),
                ),
                currencies=currency_ids,
                rates=rates,
            )
        )
        self.invalidate_model(["customer_company_size"])

    @api.model
    def _customer_turnover_rate_arrays(self, target):
        """Ids of the currencies in use and their rates to another one."""
        self.env.flush_all()
        used = self.env.execute_query(
            SQL(
                "SELECT DISTINCT customer_turnover_currency_id FROM res_partner"
                " WHERE customer_turnover > 0"
                " AND customer_turnover_currency_id IS NOT NULL"
            )
        )
        currencies = self.env["res.currency"].browse(row[0] for row in used)
        rates = self._customer_rates(currencies, target)
        return currencies.ids, [rates[currency] for currency in currencies]

    # Market

    @api.depends(
        "commercial_partner_id.country_id",
        "commercial_partner_id.state_id",
        "commercial_partner_id.city",
    )
    @api.depends_context("company")
    def _compute_customer_market(self):
        home = self.env.company.partner_id
        shown = self._shown_customers()
        for partner in self:
            customer = partner._customer_among(shown)
            partner.customer_market = customer._market_from(home)

    @api.depends(
        "commercial_partner_id.country_id.country_group_ids.customer_region_sequence"
    )
    def _compute_customer_country_group_ids(self):
        shown = self._shown_customers()
        region_of = cache(lambda country: country.country_group_ids._as_region())
        for partner in self:
            country = partner._customer_among(shown).country_id
            partner.customer_country_group_ids = country.country_group_ids
            partner.customer_region_id = region_of(country)

    def _customer_among(self, shown):
        """The customer behind a contact, if it is not saved yet or among others."""
        customer = self.commercial_partner_id
        saved = customer._origin
        return customer.browse() if saved and saved not in shown else customer

    @api.model
    def _search_customer_country_group_ids(self, operator, value):
        """Search by the groups of the country.

        A contact without a country is in no group.
        """
        path = "commercial_partner_id.country_id.country_group_ids"
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        found = Domain(path, operator, value)
        if operator == "in":
            found = Domain(path, "in", ids_among(value))
            if asks_for_none(value):
                found |= ~Domain(path, "any", Domain.TRUE)
        return self._customer_guard("customer_country_group_ids") & found

    def _market_from(self, home):
        """Return the market of this customer, seen from a home country."""
        if not self.country_id or not home.country_id:
            return False
        if self.country_id != home.country_id:
            return "international"
        if self.state_id and home.state_id:
            return "local" if self.state_id == home.state_id else "domestic"
        city = (self.city or "").strip().lower()
        same = city and city == (home.city or "").strip().lower()
        return "local" if same else "domestic"

    @api.model
    def _search_customer_market(self, operator, value):
        return searched_by_sql(self, "customer_market", operator, value)

    @api.model
    def _search_customer_region_id(self, operator, value):
        return searched_by_sql(self, "customer_region_id", operator, value)

    @api.model
    def _customer_region_sql(self, alias, query):
        self.env["res.country.group"].flush_model(["customer_region_sequence"])
        customer = self._customer_commercial_join(alias, query)
        joined = query.make_alias(alias, "customer_region")
        query.add_join(
            "LEFT JOIN",
            joined,
            _REGIONS,
            SQL(
                "%s = %s",
                SQL.identifier(joined, "country_id"),
                self._field_to_sql(customer, "country_id", query),
            ),
        )
        return SQL.identifier(joined, "region_id")

    @api.model
    def _customer_market_sql(self, alias, query):
        home = self.env.company.sudo().partner_id
        if not home.country_id:
            return SQL("NULL::varchar")
        joined = self._customer_commercial_join(alias, query)
        country, state, city = (
            self._field_to_sql(joined, name, query)
            for name in ("country_id", "state_id", "city")
        )
        return SQL(
            """CASE WHEN %(country)s IS NULL THEN NULL
                    WHEN %(country)s <> %(home_country)s THEN 'international'
                    WHEN %(state)s = %(home_state)s THEN 'local'
                    WHEN (%(state)s IS NULL OR %(home_state)s IS NULL)
                         AND LOWER(TRIM(%(city)s)) = %(home_city)s THEN 'local'
                    ELSE 'domestic' END""",
            country=country,
            state=state,
            city=city,
            home_country=home.country_id.id,
            home_state=SQL("%s::int", home.state_id.id or None),
            home_city=(home.city or "").strip().lower() or None,
        )

    # Person

    @api.depends("birthdate_date")
    def _compute_customer_age(self):
        today = fields.Date.context_today(self)
        for partner in self:
            born = partner.birthdate_date
            partner.customer_age = born and (
                today.year
                - born.year
                - ((today.month, today.day) < (born.month, born.day))
            )

    @api.model
    def _search_customer_age(self, operator, value):
        return searched_by_sql(self, "customer_age", operator, value)

    @api.model
    def _customer_age_sql(self, alias, query):
        return SQL(
            "EXTRACT(YEAR FROM AGE(%s::date, %s))::int",
            fields.Date.context_today(self),
            self._field_to_sql(alias, "birthdate_date", query),
        )


# The region of each country.
_REGIONS = SQL(
    """(SELECT DISTINCT ON (r.res_country_id)
               r.res_country_id AS country_id, g.id AS region_id
          FROM res_country_res_country_group_rel r
          JOIN res_country_group g ON g.id = r.res_country_group_id
         ORDER BY r.res_country_id, g.customer_region_sequence, g.id)"""
)
