from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.called_records import check_one
from ..common.classification_reason_mixin import kept_reason_field, reason_sentence
from ..common.punctuation import listed
from .classification_problem import REASON_SELECTION

KIND_SELECTION = [
    ("customer", "Customer"),
    ("product", "Product"),
    ("campaign", "Campaign"),
    ("rule", "Rule of a Smart Tag"),
    ("scheme", "Code Scheme"),
    ("run", "Run"),
]
# Factor of row ids: the record's id times this, plus the place of its select.
STEP = 16


class ClassificationToFix(models.Model):
    """Excluded records and failed runs, one row each.

    Each with the reason and the way to the record to correct.
    """

    _name = "classification.to.fix"
    _description = "To Fix"
    _auto = False
    _order = "since desc, id desc"
    _rec_name = "name"
    _subject_is_optional = True  # a rule or a run has no subject

    kind = fields.Selection(KIND_SELECTION, readonly=True)
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Many2oneReference(
        string="Record", model_field="res_model", readonly=True
    )
    name = fields.Char(string="What", compute="_compute_name")
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    product_tmpl_id = fields.Many2one(
        "product.template", string="Product", readonly=True
    )
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one(
        "res.users",
        string="Whose",
        readonly=True,
        help="Who looks after it: the salesperson, or who is responsible.",
    )
    reason_code = fields.Selection(REASON_SELECTION, readonly=True)
    error_reason = kept_reason_field()
    reason = fields.Char(compute="_compute_reason", search="_search_reason")
    document_count = fields.Integer(string="Documents", readonly=True, aggregator=None)
    since = fields.Datetime(readonly=True)

    @property
    def _table_query(self):
        return SQL(" UNION ALL ").join(SQL("(%s)", one) for one in self._queries())

    @api.model
    def _queries(self):
        """Return one select of each source of rows.

        Of ``(id, kind, res_model, res_id, partner_id, product_tmpl_id, campaign_id,
        company_id, user_id, reason_code, error_reason, document_count, since)``.
        """
        return [
            self._problem_query(0, "customer", "res.partner", "partner_id"),
            self._problem_query(1, "product", "product.template", "product_tmpl_id"),
            self._problem_query(2, "campaign", "utm.campaign", "campaign_id"),
            self._error_query(3, "rule", "classification.tag.rule"),
            self._error_query(4, "campaign", "utm.campaign"),
            self._error_query(5, "scheme", "customer.code.scheme"),
            self._run_query(6),
        ]

    @api.model
    def _problem_query(self, place, kind, model, column):
        """Return SQL of the records that runs excluded.

        The owner is the salesperson of a customer, or the user responsible for a
        campaign.
        """
        has_user = "user_id" in self.env[model]._fields
        return SQL(
            """
            SELECT p.id * %(step)s + %(place)s AS id, %(kind)s AS kind,
                   %(model)s AS res_model, p.%(column)s AS res_id,
                   p.partner_id, p.product_tmpl_id, p.campaign_id, p.company_id,
                   %(user)s AS user_id,
                   p.reason AS reason_code, NULL::jsonb AS error_reason,
                   p.document_count, p.create_date AS since
              FROM classification_problem p
              JOIN %(table)s r ON r.id = p.%(column)s
            """,
            step=STEP,
            place=place,
            kind=kind,
            model=model,
            column=SQL.identifier(column),
            user=SQL("r.user_id") if has_user else SQL("NULL::integer"),
            table=SQL.identifier(self.env[model]._table),
        )

    @api.model
    def _error_query(self, place, kind, model):
        """Return the records that carry their reason, since their last writing."""
        names = self.env[model]._fields
        user = next(
            (name for name in ("responsible_id", "user_id") if name in names),
            "create_uid",
        )
        return SQL(
            """
            SELECT r.id * %(step)s + %(place)s AS id, %(kind)s AS kind,
                   %(model)s AS res_model, r.id AS res_id,
                   NULL::integer AS partner_id, NULL::integer AS product_tmpl_id,
                   %(campaign)s AS campaign_id, r.company_id, r.%(user)s AS user_id,
                   NULL::varchar AS reason_code, r.%(reason)s AS error_reason,
                   NULL::integer AS document_count, r.write_date AS since
              FROM %(table)s r
             WHERE r.%(reason)s IS NOT NULL AND r.active
            """,
            step=STEP,
            place=place,
            kind=kind,
            model=model,
            campaign=SQL("r.id" if model == "utm.campaign" else "NULL::integer"),
            user=SQL.identifier(user),
            reason=SQL.identifier(self.env[model]._kept_reason),
            table=SQL.identifier(self.env[model]._table),
        )

    @api.model
    def _run_query(self, place):
        """Return SQL of the last run of each kind and company, if it failed.

        Failing since the first run after the last one that ended well.
        """
        return SQL(
            """
            SELECT r.id * %(step)s + %(place)s AS id, 'run' AS kind,
                   'classification.run' AS res_model, r.id AS res_id,
                   NULL::integer AS partner_id, NULL::integer AS product_tmpl_id,
                   NULL::integer AS campaign_id, r.company_id,
                   y.responsible_id AS user_id, NULL::varchar AS reason_code,
                   CASE r.state WHEN 'failed' THEN r.error_reason END AS error_reason,
                   NULL::integer AS document_count, r.since
              FROM (SELECT DISTINCT ON (f.company_id, f.kind) f.*,
                           min(f.end_date) OVER (PARTITION BY f.company_id, f.kind)
                               AS since
                      FROM classification_run f
                     WHERE f.state IN ('failed', 'interrupted') AND f.scope <> 'some'
                       AND f.kind = ANY(%(kinds)s)
                       AND NOT EXISTS (
                           SELECT FROM classification_run later
                            WHERE later.company_id = f.company_id
                              AND later.kind = f.kind AND later.scope <> 'some'
                              AND later.id > f.id
                              AND later.state IN ('done', 'waiting', 'rejected'))
                     ORDER BY f.company_id, f.kind, f.id DESC) r
              JOIN classification_policy y ON y.id = r.policy_id
            """,
            step=STEP,
            place=place,
            kinds=self.env["classification.run"]._writing_kinds(),
        )

    @api.depends("res_model", "res_id")
    def _compute_name(self):
        """The name of the record, where the reader may read it: one read a model."""
        for model, rows in self.grouped("res_model").items():
            records = self.env[model].browse(rows.mapped("res_id"))
            readable = set(records.exists()._filtered_access("read").ids)
            for row in rows:
                record = self.env[model].browse(row.res_id)
                row.name = record.display_name if row.res_id in readable else False

    @api.depends("reason_code", "error_reason", "kind")
    @api.depends_context("lang")
    def _compute_reason(self):
        words = dict(self._fields["reason_code"]._description_selection(self.env))
        for row, kept in zip(self, self.sudo(), strict=True):
            if kept.error_reason:
                row.reason = reason_sentence(self.env, kept.error_reason)
            else:
                row.reason = words.get(row.reason_code) or row._other_reason()

    @api.model
    def _search_reason(self, operator, value):
        """Search the reason as shown to the reader.

        Problems are found by their code; all others, which are few, one by one.
        """
        if operator in Domain.NEGATIVE_OPERATORS or operator.endswith("_of"):
            return NotImplemented
        meant = Domain("reason", operator, value)
        codes = [
            code
            for code, __ in REASON_SELECTION
            if self.new({"reason_code": code}).filtered_domain(meant)
        ]
        others = self.sudo().search([("reason_code", "=", False)])
        told_so = others.filtered_domain(meant)
        return Domain("reason_code", "in", codes) | Domain("id", "in", told_so.ids)

    def _other_reason(self):
        return self.env._(
            "The server stopped while this run was under way. The next run does the "
            "work."
        )

    def action_open(self):
        """Open the record to correct."""
        check_one(self)
        return self.env[self.res_model].browse(self.res_id).get_formview_action()

    @api.model
    def get_alert(self):
        """Return the alert of the first screen, or nothing.

        It names the failed runs whose companies the reader has chosen.
        """
        if not self.env.user.has_group("customer_classification.group_user"):
            return False
        failed = self.sudo().search(
            [("kind", "=", "run"), ("company_id", "in", self.env.companies.ids)]
        )
        can_mend = self.env.user.has_group("customer_classification.group_officer")
        if not failed:
            return False
        return {
            "text": self.env._(
                "The classes are not up to date: the last run of %(companies)s did not "
                "come to its end.",
                companies=listed(
                    self.env, dict.fromkeys(failed.company_id.mapped("name"))
                ),
            ),
            "reason": can_mend and failed[0].reason,
            "can_mend": can_mend,
        }
