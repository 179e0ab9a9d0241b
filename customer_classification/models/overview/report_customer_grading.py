from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL, format_date

from ..common.punctuation import clauses, listed

# So many customers of each tier are named, those with the most revenue.
TOP_CUSTOMERS = 5


class ReportCustomerGrading(models.AbstractModel):
    """Customers by tier on paper, with definitions, moves and the best.

    The numbers are those of the overview with the same filters, and so are the rights.
    """

    _name = "report.customer_classification.report_customer_grading"
    _description = "Customer Grading Report"

    @api.model
    def _get_report_values(self, docids, data=None):
        """Return the values of the template.

        :param data: dict with the ``filters`` of :meth:`CustomerOverview.get_blocks`
        """
        filters = (data or {}).get("filters")
        overview = self.env["customer.overview"]
        blocks = overview.get_blocks(["tiers", "bridge"], filters)["blocks"]
        choice, __ = overview._choice(overview._checked_filters(filters))
        companies = self.env["res.company"].browse(choice.company_ids)
        tiers, policies = blocks["tiers"], self._policies(companies)
        return {
            "docs": companies,
            "company": companies[:1],
            "choice": choice,
            "bridge": blocks["bridge"],
            "movements": self._movements(),
            "sentences": self._sentences(choice, companies, policies),
            "rows": self._tier_rows(policies, tiers),
            "total": tiers["after"],
            "before": tiers["before"],
            "moves": self._moves(tiers),
            "top": self._top_customers(choice),
        }

    @api.model
    def _sentences(self, choice, companies, policies):
        """Return whose customers these are, of which days, and by which rules."""
        of_whom = self.env._(
            "%(companies)s: customers on %(day)s, compared with %(before)s.",
            companies=listed(self.env, companies.mapped("name")),
            day=format_date(self.env, choice.last),
            before=format_date(self.env, choice.first),
        )
        rules = [
            self.env._(
                "Rules: %(rules)s, published on %(day)s.",
                rules=policy.display_name,
                day=format_date(self.env, policy.published_date),
            )
            for policy in policies
        ]
        return [of_whom, *rules]

    @api.model
    def _movements(self):
        bridge = self.env["classification.bridge"]
        return {
            "corrected": self.env._("Corrected"),
            **dict(bridge._fields["movement"]._description_selection(self.env)),
        }

    @api.model
    def _policies(self, companies):
        """Return the rules in force: one query."""
        return (
            self.env["classification.policy"]
            .sudo()
            .search([("company_id", "in", companies.ids), ("state", "=", "published")])
        )

    @api.model
    def _tier_rows(self, policies, tiers):
        """Return the tiers with their definition, their customers and the change."""
        definitions = self._definitions(policies)
        found = self.env["customer.value.tier"].browse(
            [column["key"] for column in tiers["columns"] if column["key"]]
        )
        descriptions = {tier.id: tier.description or "" for tier in found}
        before = {row["key"]: row for row in tiers["rows"] if row["is_customer"]}
        return [
            {
                "now": column,
                "before": before[column["key"]],
                "definition": clauses(
                    self.env, dict.fromkeys(definitions[column["key"]])
                ),
                "description": descriptions.get(column["key"], ""),
                "share": column["count"] / (tiers["after"]["count"] or 1),
                "revenue_share": (column["sum"] or 0) / (tiers["after"]["sum"] or 1),
            }
            for column in tiers["columns"]
            if column["is_customer"]
        ]

    @api.model
    def _definitions(self, policies):
        """Return ``{tier id: [who is in it, in words]}`` by the rules in force."""
        definitions = defaultdict(list)
        for policy in policies:
            lines = policy.tier_ids.sorted("tier_sequence")
            for line in lines[:-1]:
                definitions[line.tier_id.id].append(line._in_words())
            for line in lines[-1:]:
                definitions[line.tier_id.id].append(self.env._("all others"))
        return definitions

    @api.model
    def _moves(self, tiers):
        """Return the ways from tier to tier, the most customers first."""
        moves = [
            (tiers["rows"][cell["row"]], tiers["columns"][cell["column"]], cell)
            for cell in tiers["cells"]
        ]
        return sorted(
            (move for move in moves if move[0]["key"] != move[1]["key"]),
            key=lambda move: -move[2]["count"],
        )

    @api.model
    def _top_customers(self, choice):
        """Return ``[(tier, profiles)]``: the most revenue first.

        For who may see amounts, because the order tells them. Two queries.
        """
        if not choice.has_money:
            return []
        profiles = self.env["customer.profile"]
        query = profiles._search(choice.domain(profiles._name))
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id
                  FROM (SELECT id, row_number() OVER (
                                   PARTITION BY value_tier_id
                                   ORDER BY revenue DESC NULLS LAST, id) AS place
                          FROM customer_profile WHERE id IN %s) ranked
                 WHERE place <= %s
                """,
                query.subselect(),
                TOP_CUSTOMERS,
            )
        )
        found = profiles.browse([id_ for (id_,) in rows])
        best = found.sorted(lambda one: (-one.revenue, one.id))
        groups = best.grouped("value_tier_id")
        return sorted(groups.items(), key=lambda one: (one[0].sequence, one[0].id))
