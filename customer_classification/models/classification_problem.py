from dataclasses import replace

from odoo import api, fields, models
from odoo.tools import SQL

from .profiling import OBJECTING


class ClassificationProblem(models.Model):
    """A customer whom a run set aside, and why: some document cannot be counted.

    Such a customer keeps the last class until the document is mended. The rows are
    those of now: each run replaces those of the customers that it looked at.
    """

    _name = "classification.problem"
    _description = "Customer Set Aside"
    _order = "company_id, reason, partner_id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True
    )
    reason = fields.Selection(
        [
            ("no_rate", "A document is in a currency that has no rate"),
            ("no_date", "A document has no date"),
            ("not_a_number", "A document has an amount that is no number"),
            ("no_commercial", "The contact belongs to no customer"),
        ],
        required=True,
        readonly=True,
    )
    document_count = fields.Integer(string="Documents", readonly=True)
    run_id = fields.Many2one(
        "classification.run",
        string="Found By",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    @api.model
    def _find(self, policy, scope, doubtful_ids):
        """``[(customer, reason, documents)]`` in a scope: one query.

        :param doubtful_ids: customers with an amount that is no number: only their
            documents are looked through
        """
        queries = [self._homeless_query(scope)]
        doubtful = replace(scope, customer_ids=tuple(doubtful_ids))
        for name in self.env["classification.facts"]._source_names(policy):
            queries += self.env[name]._undated_queries(policy, scope)
            if doubtful_ids:
                queries += self.env[name]._problem_queries(policy, doubtful)
        return self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(p.commercial_partner_id, p.id), d.reason, count(*)
                  FROM (%s) d
                  JOIN res_partner p ON p.id = d.partner_id
                 WHERE d.reason IS NOT NULL
                   AND COALESCE(p.commercial_partner_id, p.id) NOT IN %s
                 GROUP BY 1, 2
                 ORDER BY 1, 2
                """,
                SQL(" UNION ALL ").join(queries),
                OBJECTING,
            )
        )

    @api.model
    def _homeless_query(self, scope):
        """Contacts without a commercial partner, which only a direct write into the
        database can make: their documents would count for nobody."""
        chosen = SQL("TRUE")
        if scope.customer_ids is not None:
            chosen = SQL("p.id = ANY(%s)", list(scope.customer_ids))
        return SQL(
            """
            SELECT p.id AS partner_id, 'no_commercial'::varchar AS reason
              FROM res_partner p
             WHERE p.commercial_partner_id IS NULL AND %s AND (
                   EXISTS (SELECT FROM customer_profile f WHERE f.partner_id = p.id)
                OR EXISTS (SELECT FROM sale_order o WHERE o.partner_id = p.id)
                OR EXISTS (SELECT FROM account_move m WHERE m.partner_id = p.id)
                OR EXISTS (SELECT FROM customer_purchase i WHERE i.partner_id = p.id))
            """,
            chosen,
        )

    @api.model
    def _replace(self, run, partner_ids, found):
        """Forget the problems of customers who were looked at, all with None, and
        keep those that were found: two queries."""
        domain = [("company_id", "=", run.company_id.id)]
        if partner_ids is not None:
            domain.append(("partner_id", "in", list(partner_ids)))
        self.search(domain).unlink()
        self.create(
            [
                {
                    "partner_id": partner,
                    "company_id": run.company_id.id,
                    "reason": reason,
                    "document_count": number,
                    "run_id": run.id,
                }
                for partner, reason, number in found
            ]
        )

    def action_open_partner(self):
        """Open the contact whose document is to be mended."""
        self.ensure_one()
        return self.partner_id.get_formview_action()
