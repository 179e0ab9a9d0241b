from odoo import api, fields, models
from odoo.tools import SQL

from .customer_feedback import KIND_SELECTION
from .customer_profile_heard_mixin import of_all_zones

# Quantiles of Student's distribution for 95 of 100, by the answers less one; above
# them, the first terms of its expansion about the normal one.
_QUANTILES = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
# Bits of an id that are the company and the document, below the kind of document.
_COMPANY_BITS, _DOCUMENT_BITS = 16, 31
# Answers in the window of the rules, by customer; those of no company count for each.
_ANSWERS = """
    SELECT c.commercial_partner_id AS partner_id, w.company_id,
           %(place)s::bigint AS place,
           v.res_id, v.day, v.kind::varchar AS kind, v.score, v.product_tmpl_id
      FROM (%(rows)s) v (partner_id, company_id, day, kind, score, is_open, is_overdue,
                         hours, res_model, res_id, product_tmpl_id)
      JOIN res_partner c ON c.id = v.partner_id
      JOIN (%(windows)s) w ON w.company_id = v.company_id OR v.company_id IS NULL
     WHERE v.kind <> 'complaint' AND v.score IS NOT NULL AND %(counts)s
       AND v.day BETWEEN w.first_day AND w.today
"""
_ROWS = """
    SELECT (COALESCE(a.place, 31) << %(document_bits)s + %(company_bits)s)
               + (COALESCE(a.res_id, f.partner_id)::bigint << %(company_bits)s)
               + f.company_id AS id,
           f.partner_id, f.company_id, p.user_id, f.value_tier_id,
           f.lifecycle_stage_id, a.day AS date, a.kind, a.product_tmpl_id,
           (a.res_id IS NOT NULL)::integer AS answer_count,
           CASE WHEN a.kind <> 'recommendation' THEN a.score END AS satisfaction,
           COALESCE(a.kind <> 'recommendation', FALSE) AS has_satisfaction,
           CASE WHEN a.kind = 'recommendation' THEN
                CASE WHEN a.score >= 90 THEN 100 WHEN a.score >= 70 THEN 0
                     ELSE -100 END END::float8 AS recommendation,
           COALESCE(a.kind = 'recommendation', FALSE) AS has_recommendation,
           NULL::float8 AS satisfaction_low, NULL::float8 AS satisfaction_high,
           CASE WHEN a.res_id IS NULL THEN 0 ELSE 100 END::float8 AS heard_share
      FROM customer_profile f
      JOIN res_partner p ON p.id = f.partner_id
      LEFT JOIN (%(answers)s) a
        ON a.partner_id = f.partner_id AND a.company_id = f.company_id
     WHERE f.company_id = ANY(%(companies)s)
       AND (a.res_id IS NOT NULL OR f.first_purchase_date IS NOT NULL)
"""
_MARGIN = """
    (CASE WHEN %(n)s < 2 THEN NULL WHEN %(n)s <= %(known)s
          THEN (%(quantiles)s::float8[])[%(n)s - 1]
          ELSE 1.95996 + 2.3722 / (%(n)s - 1) + 2.8226 / (%(n)s - 1.0) ^ 2 END
     * stddev_samp(%(value)s) / sqrt(%(n)s))
"""


class CustomerSatisfaction(models.Model):
    """One answer of a customer in the window of the rules, from every source.

    A customer who bought and did not answer has one row without an answer, so that the
    share of customers who were heard can be told of any group of customers. Nothing is
    stored.

    *Query budget*: one for the rows, and one for the rules of each company.
    """

    _name = "customer.satisfaction"
    _inherit = "classification.counted.once.mixin"
    _description = "Satisfaction of Customers"
    _auto = False
    _order = "date desc nulls last, id"
    _rec_name = "partner_id"
    _subject_is_optional = True  # answers without a product
    _known_by = {
        "satisfaction": "has_satisfaction",
        "recommendation": "has_recommendation",
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("res.users", string="Salesperson", readonly=True)
    value_tier_id = fields.Many2one("customer.value.tier", readonly=True)
    lifecycle_stage_id = fields.Many2one("customer.lifecycle.stage", readonly=True)
    date = fields.Date(string="Day", readonly=True)
    kind = fields.Selection(KIND_SELECTION, readonly=True)
    product_tmpl_id = fields.Many2one(
        "product.template", string="About Product", readonly=True
    )
    answer_count = fields.Integer(
        string="Answers",
        readonly=True,
        help="Answers in the window of the rules, each of them, also of one customer.",
    )
    satisfaction = fields.Float(
        string="Satisfaction (0 to 100)",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Mean of the answers about satisfaction and of the ratings.",
    )
    has_satisfaction = fields.Boolean(string="Satisfaction Known", readonly=True)
    satisfaction_low = fields.Float(
        string="Satisfaction, at Least",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="The mean is above this with a confidence of 95 of 100 (two-sided, "
        "Student). Wide where the answers are few; empty for one answer, and where all "
        "are alike.",
    )
    satisfaction_high = fields.Float(
        string="Satisfaction, at Most",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="The mean is below this with a confidence of 95 of 100.",
    )
    recommendation = fields.Float(
        string="Recommendation (NPS)",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Of 100 who were asked for it, promoters less detractors.",
    )
    has_recommendation = fields.Boolean(
        string="Asked for Recommendation", readonly=True
    )
    heard_share = fields.Float(
        string="Customers Heard (%)",
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Of 100 customers who bought or answered, those with an answer in the "
        "window. Of use by tier, stage and salesperson: only answers have a product "
        "and a month.",
    )

    @property
    def _table_query(self):
        profiles = self.env["customer.profile"]
        for name, columns in (
            ("customer.profile", ["partner_id", "company_id", "value_tier_id"]),
            ("res.partner", ["commercial_partner_id", "user_id"]),
        ):
            self.env[name].flush_model(columns)
        windows = profiles.sudo()._windows(self.env.companies)
        return SQL(
            _ROWS,
            document_bits=_DOCUMENT_BITS,
            company_bits=_COMPANY_BITS,
            answers=self._answers_query(windows),
            companies=self.env.companies.ids,
        )

    @api.model
    def _answers_query(self, windows):
        source = self.env["classification.feedback.source"].sudo()
        said = source._queries(fields.Datetime.now())
        return SQL(" UNION ALL ").join(
            SQL(
                _ANSWERS,
                place=place,
                rows=rows,
                windows=of_all_zones(windows),
                counts=source._counts(SQL("v.partner_id")),
            )
            for place, rows in enumerate(said)
        )

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        """Return SQL of the ends of the interval and of the share of customers."""
        name, __, function = aggregate_spec.partition(":")
        if function != "avg":
            return super()._read_group_select(aggregate_spec, query)
        if name == "heard_share":
            return self._heard_share(query)
        if name in ("satisfaction_low", "satisfaction_high"):
            return self._interval_end(name == "satisfaction_low", query)
        return super()._read_group_select(aggregate_spec, query)

    @api.model
    def _heard_share(self, query):
        """Return SQL of the share of the customers, each counted once."""
        partner = self._field_to_sql(self._table, "partner_id", query)
        answers = self._field_to_sql(self._table, "answer_count", query)
        return SQL(
            "100.0 * count(DISTINCT %(partner)s) FILTER (WHERE %(answers)s > 0)"
            " / NULLIF(count(DISTINCT %(partner)s), 0)",
            partner=partner,
            answers=answers,
        )

    @api.model
    def _interval_end(self, is_low, query):
        """Return SQL of the mean less or plus its margin, within 0 and 100."""
        value = self._field_to_sql(self._table, "satisfaction", query)
        margin = SQL(
            _MARGIN,
            n=SQL("count(%s)", value),
            value=value,
            known=len(_QUANTILES) + 1,
            quantiles=_QUANTILES,
        )
        word = "greatest(0, avg(%s) - %s)" if is_low else "least(100, avg(%s) + %s)"
        end = SQL(word, value, margin)
        # Of equal answers nobody knows the spread, and one answer has none.
        return SQL("CASE WHEN min(%s) < max(%s) THEN %s END", value, value, end)
