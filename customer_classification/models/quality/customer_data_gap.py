from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one, one_id

# Rows of a customer have ids of their own: the profile's id times this, and the place.
STEP = 16
KINDS = [
    ("excluded", "Not classified"),
    ("negative", "More given back than bought"),
    ("duplicate", "Perhaps twice there"),
    ("currencies", "Several currencies"),
    ("country", "No country"),
    ("industry", "No industry"),
    ("size", "No company size"),
    ("phone", "No phone"),
    ("email", "No email"),
    ("salesperson", "No salesperson"),
]
# Gaps that make the classes themselves doubtful.
DOUBTFUL = ("excluded", "negative", "duplicate", "currencies")


class Gap(NamedTuple):
    """Number behind the gaps of a kind, and SQL that finds them."""

    place: int
    condition: SQL


def _without(column):
    """SQL that keeps customers ``c`` of whom nobody has a value in a column."""
    return SQL(
        "COALESCE(c.%(column)s, '') = '' AND NOT EXISTS ("
        "SELECT FROM res_partner k WHERE k.commercial_partner_id = c.id AND k.active"
        " AND k.%(column)s > '')",
        column=SQL.identifier(column),
    )


# A place stays with its kind: clients keep the ids of rows.
GAPS = {
    "excluded": Gap(
        0,
        SQL(
            "EXISTS (SELECT FROM classification_problem p"
            " WHERE p.partner_id = f.partner_id AND p.company_id = f.company_id)"
        ),
    ),
    "negative": Gap(1, SQL("f.lifetime_revenue < 0")),
    "duplicate": Gap(2, SQL("e.email IS NOT NULL OR v.vat IS NOT NULL")),
    "currencies": Gap(3, SQL("m.customer_id IS NOT NULL")),
    "country": Gap(4, SQL("c.country_id IS NULL")),
    "industry": Gap(5, SQL("c.is_company AND c.industry_id IS NULL")),
    "size": Gap(6, SQL("c.is_company AND c.customer_company_size IS NULL")),
    "phone": Gap(7, _without("phone")),
    "email": Gap(8, _without("email")),
    "salesperson": Gap(9, SQL("c.user_id IS NULL")),
}


class CustomerDataGap(models.Model):
    """Missing or doubtful data of a customer, one row each.

    Of active customers who have bought. A view, worked out when it is read, by one
    scan of profiles and contacts; two customers with the same email address or tax
    number are perhaps one.
    """

    _name = "customer.data.gap"
    _description = "Gap in the Data of a Customer"
    _auto = False
    _order = "tier_sequence, partner_id, kind_place"
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    kind = fields.Selection(KINDS, string="Gap", readonly=True)
    kind_place = fields.Integer(readonly=True, aggregator=None)
    is_doubtful = fields.Boolean(
        string="Classes Doubtful",
        readonly=True,
        help="The value tier or the lifecycle stage may be wrong because of it.",
    )
    prevents = fields.Char(
        string="What It Prevents",
        compute="_compute_prevents",
        help="Until it is mended.",
    )
    value_tier_id = fields.Many2one("customer.value.tier", readonly=True)
    tier_sequence = fields.Integer(readonly=True, aggregator=None)
    lifecycle_stage_id = fields.Many2one("customer.lifecycle.stage", readonly=True)
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    country_id = fields.Many2one(related="partner_id.country_id")
    # Each customer is in a row of every gap: totals of different gaps overlap.
    revenue = fields.Monetary(
        string="Revenue Concerned",
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,
        help="Net revenue of the customer in the window of the policy.",
    )

    @property
    def _table_query(self):
        facts = ("res.partner", "customer.profile", "classification.problem")
        for name in (*facts, "customer.value.tier", "sale.order", "account.move"):
            self.env[name].flush_model()
        return SQL(
            """
            SELECT f.id::bigint * %(step)s + g.place AS id, f.partner_id,
                   f.company_id, g.kind, g.place AS kind_place, g.is_doubtful,
                   f.value_tier_id, COALESCE(t.sequence, 0) AS tier_sequence,
                   f.lifecycle_stage_id, f.revenue
              FROM customer_profile f
              JOIN res_partner c ON c.id = f.partner_id
              LEFT JOIN customer_value_tier t ON t.id = f.value_tier_id
              LEFT JOIN (%(emails)s) e ON e.email = c.email_normalized
              LEFT JOIN (%(numbers)s) v ON v.vat = c.vat
              LEFT JOIN (%(mixed)s) m
                ON m.customer_id = f.partner_id AND m.company_id = f.company_id
             CROSS JOIN LATERAL (VALUES %(gaps)s)
                   AS g(place, kind, is_doubtful, is_there)
             WHERE f.active AND f.first_purchase_date IS NOT NULL AND g.is_there
            """,
            step=STEP,
            emails=self._twice(SQL.identifier("email_normalized"), SQL("email")),
            numbers=self._twice(SQL.identifier("vat"), SQL("vat")),
            mixed=self._mixed_query(),
            gaps=SQL(", ").join(
                SQL(
                    "(%s, %s, %s, %s)", gap.place, kind, kind in DOUBTFUL, gap.condition
                )
                for kind, gap in GAPS.items()
            ),
        )

    @api.model
    def _twice(self, column, name):
        """Return SQL of the values of a column that several customers have."""
        return SQL(
            "SELECT %(column)s AS %(name)s FROM res_partner"
            " WHERE active AND id = commercial_partner_id AND %(column)s > ''"
            " AND %(column)s <> '/' GROUP BY %(column)s HAVING count(*) > 1",
            column=column,
            name=name,
        )

    @api.model
    def _mixed_query(self):
        """Return SQL of the customers who bought in several currencies."""
        return SQL(
            """
            SELECT c.commercial_partner_id AS customer_id, d.company_id
              FROM (SELECT partner_id, company_id, currency_id FROM sale_order
                     WHERE state = 'sale'
                     UNION
                    SELECT partner_id, company_id, currency_id FROM account_move
                     WHERE move_type = 'out_invoice' AND state = 'posted'
                     UNION
                    SELECT partner_id, company_id, currency_id FROM customer_purchase)
                   d
              JOIN res_partner c ON c.id = d.partner_id
             GROUP BY c.commercial_partner_id, d.company_id
            HAVING count(DISTINCT d.currency_id) > 1
            """
        )

    @api.depends("kind")
    @api.depends_context("lang")
    def _compute_prevents(self):
        texts = self._prevented()
        for gap in self:
            gap.prevents = texts.get(gap.kind)

    @api.model
    def _prevented(self):
        """Return ``{kind: what its gaps prevent}`` in the reader's language."""
        return {
            "excluded": self.env._(
                "Keeps its classes of before: documents of it cannot be counted."
            ),
            "negative": self.env._("Its value says little."),
            "duplicate": self.env._(
                "Purchases on several contacts make each class too low."
            ),
            "currencies": self.env._(
                "Amounts compare at the rates of their days, not as paid."
            ),
            "country": self.env._("Cannot be segmented by market and region."),
            "industry": self.env._(
                "Cannot be segmented by industry, nor compared with its peers."
            ),
            "size": self.env._("Cannot be segmented by company size."),
            "phone": self.env._("Cannot be called."),
            "email": self.env._("Cannot be reached by mailings."),
            "salesperson": self.env._("Nobody sees it among own customers."),
        }

    # Mending

    def action_mend(self):
        """Open what mends the gap: Odoo's merge, the excluded one, or the contact.

        The subject of the row is in its id: reading a row of a view by its id would
        compute all the others.
        """
        self.browse().check_access("read")
        profile_id, place = divmod(one_id(self), STEP)
        profile = self.env["customer.profile"].browse(profile_id)
        check_one(profile)
        profile.check_access("read")
        kind = next((kind for kind, gap in GAPS.items() if gap.place == place), None)
        if kind == "duplicate":
            return self._open_merge(profile.partner_id)
        if kind == "excluded":
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "customer_classification.classification_to_fix_action"
            )
            return {**action, "domain": [("partner_id", "=", profile.partner_id.id)]}
        return {
            "type": "ir.actions.act_window",
            "name": profile.partner_id.display_name,
            "res_model": "res.partner",
            "view_mode": "form",
            "res_id": profile.partner_id.id,
        }

    def _open_merge(self, partner):
        """Open Odoo's wizard with the contacts that are perhaps one.

        :raises UserError: the other contact is gone, or of other people
        """
        same = [
            [(name, "=", partner[name])]
            for name in ("email_normalized", "vat")
            if partner[name] and partner[name] != "/"
        ]
        found = partner
        for domain in same:
            found |= partner.search(domain).filtered(
                lambda one: one == one.commercial_partner_id
            )
        if len(found) < 2:
            raise UserError(
                self.env._(
                    "There is no other contact with the email address or tax number "
                    "of %s that you may see.",
                    partner.display_name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge Contacts"),
            "res_model": "base.partner.merge.automatic.wizard",
            "view_mode": "form",
            "target": "new",
            "context": {"active_model": "res.partner", "active_ids": found.ids},
        }
