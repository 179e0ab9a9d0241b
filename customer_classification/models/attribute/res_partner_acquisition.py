from odoo import api, fields, models
from odoo.tools import SQL

from ..common.searched_values import searched_by_sql
from ..customer.res_partner import USER_GROUP
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


class ResPartner(models.Model):
    """How a customer was won: source and medium of the first contact."""

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

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
        """``(partner_id, source_id, medium_id, origin)`` of the first contact in the
        current company of the commercial partners whose contacts, ``p``, hold to a
        condition. A contact is dated by its creation, or by an earlier order date."""
        known = ["partner_id", "source_id", "medium_id", "company_id"]
        self.env["crm.lead"].flush_model(known)
        self.env["sale.order"].flush_model([*known, "date_order"])
        self.env["utm.medium"].flush_model(["customer_origin"])
        self.flush_model(["commercial_partner_id"])
        return SQL(
            """
            SELECT DISTINCT ON (p.commercial_partner_id)
                   p.commercial_partner_id AS partner_id,
                   d.source_id, d.medium_id, m.customer_origin AS origin
              FROM (SELECT partner_id, source_id, medium_id, create_date AS moment,
                           1 AS kind, id
                      FROM crm_lead
                     WHERE (source_id IS NOT NULL OR medium_id IS NOT NULL)
                       AND (company_id = %(company)s OR company_id IS NULL)
                    UNION ALL
                    SELECT partner_id, source_id, medium_id,
                           LEAST(create_date, date_order), 2, id
                      FROM sale_order
                     WHERE (source_id IS NOT NULL OR medium_id IS NOT NULL)
                       AND company_id = %(company)s) d
              JOIN res_partner p ON p.id = d.partner_id AND %(condition)s
              LEFT JOIN utm_medium m ON m.id = d.medium_id
             ORDER BY p.commercial_partner_id, d.moment, d.kind, d.id
            """,
            company=self.env.company.id,
            condition=condition,
        )
