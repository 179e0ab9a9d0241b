from odoo import api, fields, models
from odoo.tools import SQL

from ..common.called_records import check_one
from ..common.profiling import OBJECTING
from ..common.punctuation import listed

REASON_SELECTION = [
    ("no_rate", "A document is in a currency that has no rate"),
    ("bad_rate", "A document has an exchange rate that is no number"),
    ("no_date", "A document has no date"),
    ("bad_date", "A document is dated before 1970 or more than a year from now"),
    ("not_a_number", "A document has an amount that is no number"),
    ("no_commercial", "The contact belongs to no customer"),
    ("bad_opportunity", "An opportunity expects a revenue that is no number"),
    ("bad_quotation", "A quotation has an amount that is no number"),
    ("bad_line", "A document has a line with an amount or quantity that is no number"),
    ("bad_cost", "The cost of the product is no number"),
    ("bad_price", "The price of the product is no number"),
    ("bad_unit", "The unit of the product cannot be converted"),
    ("bad_campaign_cost", "A cost of the campaign is no number"),
    ("bad_campaign_date", "The campaign has dates that cannot be true"),
    ("bad_campaign_target", "The revenue aimed at is no number"),
    ("bad_participant_date", "A participant of the campaign has impossible dates"),
]
# Subject fields of an excluded record; a row fills one of them.
SUBJECTS = ("partner_id", "product_tmpl_id", "campaign_id")


class ClassificationProblem(models.Model):
    """A customer, product or campaign excluded by a run, with the reason.

    It keeps its last classes until the uncountable document is corrected; all others go
    on. The rows are current: each run deletes those of subjects that it found in order,
    and leaves the rows of what is still wrong, so that they show since when.
    """

    _name = "classification.problem"
    _description = "Set Aside"
    _order = "company_id, reason, partner_id, product_tmpl_id, campaign_id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
    )
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
    )
    campaign_id = fields.Many2one(
        "utm.campaign", readonly=True, ondelete="cascade", index="btree_not_null"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True
    )
    reason = fields.Selection(REASON_SELECTION, required=True, readonly=True)
    document_count = fields.Integer(string="Documents", readonly=True, aggregator=None)
    run_id = fields.Many2one(
        "classification.run",
        string="Found By",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    _one_subject = models.Constraint(
        "CHECK (num_nonnulls(partner_id, product_tmpl_id, campaign_id) = 1)",
        "What is set aside is one customer, product or campaign.",
    )

    @api.depends(*SUBJECTS)
    def _compute_display_name(self):
        for problem in self:
            problem.display_name = problem._subject().display_name

    def _subject(self):
        """Return the label of the excluded record."""
        return self.partner_id or self.product_tmpl_id or self.campaign_id

    @api.model
    def _find(self, policy, scope, doubtful_ids):
        """Return ``[(customer, reason, documents)]`` in a scope: one query.

        And whether there are problems of customers of the company so far.

        :param doubtful_ids: customers with an amount that is not a number: only their
            documents are looked through; those without a document at fault are included
        """
        facts = self.env["classification.facts"]
        queries = [self._orphan_contacts_query(scope)]
        doubtful = scope.of_customers(doubtful_ids)
        for name in facts._source_names(policy):
            queries += self.env[name]._misdated_queries(policy, scope)
            if doubtful_ids:
                queries += self.env[name]._problem_queries(policy, doubtful)
        if doubtful_ids:
            queries += facts._pipeline_problem_queries(doubtful)
        reasons = SQL(
            """
            SELECT COALESCE(p.commercial_partner_id, p.id) AS id, d.reason, count(*)
              FROM (%s) d
              JOIN res_partner p ON p.id = d.partner_id
             WHERE d.reason IS NOT NULL
               AND COALESCE(p.commercial_partner_id, p.id) NOT IN %s
             GROUP BY 1, 2
             UNION ALL
            SELECT NULL, NULL, NULL
             WHERE EXISTS (SELECT FROM classification_problem
                            WHERE company_id = %s AND partner_id IS NOT NULL)
             ORDER BY 1, 2
            """,
            SQL(" UNION ALL ").join(queries),
            OBJECTING,
            scope.company_id,
        )
        rows = self.env.execute_query(scope.with_rates(reasons))
        found = [row for row in rows if row[0]]
        told = {partner for partner, *__ in found}
        untold = [partner for partner in doubtful_ids if partner not in told]
        found += [(partner, "not_a_number", 0) for partner in untold]
        return found, rows[-1:] == [(None, None, None)]

    @api.model
    def _orphan_contacts_query(self, scope):
        """Return SQL of contacts without a commercial partner.

        Only a direct write into the database makes them. Their documents would count
        for nobody.
        """
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
    def _replace(self, run, found, subject="partner_id", ids=None):
        """Replace the problems of the subjects looked at: at most four queries.

        :param found: ``[(id, reason, documents)]``
        :param subject: field of the subject that was looked at
        :param ids: which of them, all by default
        """
        domain = [("company_id", "=", run.company_id.id), (subject, "!=", False)]
        if ids is not None:
            domain.append((subject, "in", list(ids)))
        known = {(one[subject].id, one.reason): one for one in self.search(domain)}
        counts = {(key, reason): number for key, reason, number in found}
        gone = [one.id for key, one in known.items() if key not in counts]
        self.browse(gone).unlink()
        for key in counts.keys() & known.keys():
            if known[key].document_count != counts[key]:
                known[key].document_count = counts[key]
        self.create(
            [
                {
                    subject: key,
                    "company_id": run.company_id.id,
                    "reason": reason,
                    "document_count": number,
                    "run_id": run.id,
                }
                for (key, reason), number in counts.items()
                if (key, reason) not in known
            ]
        )

    @api.model
    def _texts(self, subject, ids):
        """Return ``{(id, company id): reason of exclusion in words}``.

        One query.

        :param subject: field of the subject
        """
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        found = self.sudo().search([(subject, "in", ids)])
        grouped = found.grouped(lambda one: (one[subject].id, one.company_id.id))
        return {
            key: listed(self.env, [reasons[one.reason] for one in problems])
            for key, problems in grouped.items()
        }

    def action_open_subject(self):
        """Open the record to correct, or the one whose document is to correct."""
        check_one(self)
        return self._subject().get_formview_action()
