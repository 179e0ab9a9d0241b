from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP, USER_GROUP
from ..common.arguments import BIGGEST_ID
from ..common.called_records import check_one
from ..common.own_columns import OWN_PREFETCH
from ..common.punctuation import labelled, listed
from ..common.searched_values import searched_by_sql

# {field: column of the referrals of a customer}
COLUMNS = {
    "customer_referral_count": "count",
    "customer_referral_revenue": "revenue",
}


class ResPartner(models.Model):
    """Recommendations of customers, and what they brought.

    A recommendation is made by a contact and counts for the contact's company. Nobody
    who objects to profiling is counted, or has a number: there is no profile.
    """

    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_referrer_id = fields.Many2one(
        "res.partner",
        string="Recommended By",
        index="btree_not_null",
        ondelete="set null",
        copy=False,
        groups=USER_GROUP,
        help="The contact who recommended you to this customer. It counts for a "
        "company or a person of its own, not for the contacts of a company.",
        prefetch=OWN_PREFETCH,
    )
    customer_referral_count = fields.Integer(
        string="Customers Brought",
        compute="_compute_customer_referrals",
        search="_search_customer_referral_count",
        compute_sudo=True,
        aggregator=None,
        groups=USER_GROUP,
        help="Customers of the current company who have bought, and were recommended "
        "by this customer or one of its contacts.",
    )
    customer_referral_revenue = fields.Monetary(
        string="Revenue Brought",
        currency_field="customer_currency_id",
        compute="_compute_customer_referrals",
        search="_search_customer_referral_revenue",
        compute_sudo=True,
        aggregator=None,
        groups=MONEY_GROUP,
        help="What these customers bought in the window of the policy.",
    )
    customer_referral_text = fields.Char(
        string="Who They Are",
        compute="_compute_customer_referral_text",
        compute_sudo=True,
        groups=USER_GROUP,
        help="The customers brought, by value tier.",
    )

    # Checks

    @api.model_create_multi
    def create(self, vals_list):
        self._check_referrer_read([*vals_list, *self._referrer_defaults(self._name)])
        return super().create(vals_list)

    def write(self, vals):
        self._check_referrer_read([vals])
        return super().write(vals)

    @api.model
    def _referrer_defaults(self, model_name):
        """Return the values that a client's context and own defaults give."""
        name = "customer_referrer_id"
        kept = self.env["ir.default"]._get_model_defaults(model_name)
        return [kept, {name: self.env.context.get(f"default_{name}")}]

    @api.model
    def _check_referrer_read(self, vals_list):
        """Refuse contacts that the user may not read: their names would show.

        What is no id is refused by the field itself.
        """
        given = [vals.get("customer_referrer_id") for vals in vals_list]
        ids = [one for one in given if type(one) is int and 0 < one <= BIGGEST_ID]
        if ids and not self.env.su:
            self.browse(ids).check_access("read")

    @api.constrains("customer_referrer_id", "company_id")
    def _check_customer_referrer(self):
        """Refuse oneself, loops, and contacts of other companies: one query."""
        referred = self.sudo().filtered("customer_referrer_id")
        for partner in referred:
            referrer = partner.customer_referrer_id
            if referrer.commercial_partner_id == partner.commercial_partner_id:
                raise ValidationError(
                    self.env._("%s cannot recommend itself.", partner.display_name)
                )
            if referrer.company_id and referrer.company_id != partner.company_id:
                raise ValidationError(
                    self.env._(
                        "Who recommended %s belongs to another company.",
                        partner.display_name,
                    )
                )
        looped = referred._in_referral_loop()
        if looped:
            raise ValidationError(
                self.env._(
                    "%s would be recommended by somebody whom it brought itself.",
                    looped[0].display_name,
                )
            )

    def _in_referral_loop(self, customers=()):
        """Return those whose recommendations lead back to themselves: one query.

        :param customers: ids of customers to whom they may not lead either
        """
        if not self:
            return self
        self.flush_model(["customer_referrer_id", "commercial_partner_id"])
        rows = self.env.execute_query(
            SQL(
                """
                WITH RECURSIVE above (start, customer) AS (
                    SELECT p.id, r.commercial_partner_id
                      FROM res_partner p
                      JOIN res_partner r ON r.id = p.customer_referrer_id
                     WHERE p.id = ANY(%s)
                     UNION
                    SELECT a.start, r.commercial_partner_id
                      FROM above a
                      JOIN res_partner p ON p.id = a.customer
                      JOIN res_partner r ON r.id = p.customer_referrer_id)
                SELECT p.id FROM above a JOIN res_partner p ON p.id = a.start
                 WHERE a.customer = p.commercial_partner_id OR a.customer = ANY(%s)
                """,
                self.ids,
                list(customers),
            )
        )
        return self.browse(id_ for (id_,) in rows)

    # Who brought whom

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_customer_referrals(self):
        """Compute count and revenue: one query."""
        condition = SQL(
            "r.commercial_partner_id = ANY(%s)", self._shown_customers().ids
        )
        query = self._customer_referral_query(condition)
        found = {row[0]: row[1:] for row in self.env.execute_query(query)}
        for partner in self:
            count, revenue = found.get(partner.commercial_partner_id.id, (0, 0))
            partner.customer_referral_count = count
            partner.customer_referral_revenue = revenue

    @api.model
    def _customer_referral_query(self, condition):
        """Return SQL of (customer who recommended, count, revenue).

        :param condition: SQL on the contact r who recommended
        """
        self.flush_model(["customer_referrer_id", "commercial_partner_id", "active"])
        return SQL(
            """
            SELECT r.commercial_partner_id AS partner_id, count(*) AS count,
                   sum(f.revenue) AS revenue
              FROM res_partner p
              JOIN res_partner r ON r.id = p.customer_referrer_id
              JOIN customer_profile f ON f.partner_id = p.id AND f.company_id = %s
             WHERE p.commercial_partner_id = p.id AND p.active
               AND p.id <> r.commercial_partner_id
               AND f.first_purchase_date IS NOT NULL AND %s
             GROUP BY r.commercial_partner_id
            """,
            self.env.company.id,
            condition,
        )

    @api.depends("commercial_partner_id")
    @api.depends_context("company", "lang")
    def _compute_customer_referral_text(self):
        """Compute the customers brought by tier: two queries."""
        customers = self._shown_customers()
        groups = self.env["customer.profile"]._read_group(
            [
                ("company_id", "=", self.env.company.id),
                ("first_purchase_date", "!=", False),
                (
                    "partner_id.customer_referrer_id.commercial_partner_id",
                    "in",
                    customers.ids,
                ),
            ],
            ["partner_id", "value_tier_id"],
        )
        tiers = {}
        for partner, tier in groups:
            referrer = partner.customer_referrer_id.commercial_partner_id
            tiers.setdefault(referrer, []).append(tier)
        for partner in self:
            brought = tiers.get(partner.commercial_partner_id._origin, [])
            partner.customer_referral_text = _by_tier(self.env, brought)

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            **{
                name: lambda alias, query, column=column: SQL.identifier(
                    self._customer_referral_join(alias, query), column
                )
                for name, column in COLUMNS.items()
            },
        }

    @api.model
    def _customer_referral_join(self, alias, query):
        joined = query.make_alias(alias, "customer_referral")
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", self._customer_referral_query(SQL("TRUE"))),
            SQL(
                "%s = %s",
                SQL.identifier(joined, "partner_id"),
                self._field_to_sql(alias, "commercial_partner_id", query),
            ),
        )
        return joined

    @api.model
    def _search_customer_referral_count(self, operator, value):
        return searched_by_sql(self, "customer_referral_count", operator, value)

    @api.model
    def _search_customer_referral_revenue(self, operator, value):
        return searched_by_sql(self, "customer_referral_revenue", operator, value)

    def action_open_customer_referrals(self):
        """Open the customers whom this one brought."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Brought by %s", self.display_name),
            "res_model": "customer.profile",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "domain": [
                (
                    "partner_id.customer_referrer_id.commercial_partner_id",
                    "=",
                    self.commercial_partner_id.id,
                ),
                ("company_id", "=", self.env.company.id),
            ],
        }


def _by_tier(env, tiers):
    """Return how many of each tier in words, the best first."""
    found = {tier: tiers.count(tier) for tier in tiers if tier}
    best_first = sorted(found, key=lambda tier: (tier.sequence, tier.id))
    return listed(env, [labelled(env, tier.name, found[tier]) for tier in best_first])
