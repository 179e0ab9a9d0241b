from odoo import api, models
from odoo.tools import SQL

from ..copy_frames import WIRE, null_free_day, null_free_float, read_frame
from .classification_source import Scope

# Rules that decide what is read: by two policies that agree on them, facts are equal.
RULES_OF_FACTS = (
    *("company_id", "tz", "revenue_source", "subtract_credit_notes", "window_months"),
    *("sale_domain", "invoice_domain"),
)
# What a run reads, one row a customer: {column: (kind on the wire, SQL)}, where h is
# the purchase history, o opportunities, q quotations, f the profile so far.
FACTS = {
    "first_purchase_date": ("day", "h.days[1]"),
    "last_purchase_date": ("day", "h.days[cardinality(h.days)]"),
    "previous_purchase_date": ("day", "h.days[cardinality(h.days) - 1]"),
    "visit_count": ("int", "cardinality(h.days)"),
    "lifetime_order_count": ("int", "h.lifetime_order_count"),
    "lifetime_revenue": ("float", "h.lifetime_revenue"),
    "order_count": ("int", "h.order_count"),
    "revenue": ("float", "h.revenue"),
    "refund_amount": ("float", "h.refund_amount"),
    "margin": ("float", "h.margin"),
    "revenue_recent": ("float", "h.revenue_recent"),
    "revenue_previous": ("float", "h.revenue - h.revenue_recent"),
    "order_count_recent": ("int", "h.order_count_recent"),
    "order_count_previous": ("int", "h.order_count - h.order_count_recent"),
    "window_first_date": ("day", "h.window_first_date"),
    "recent_first_date": ("day", "h.recent_first_date"),
    "open_opportunity_count": ("int", "o.number"),
    "open_opportunity_revenue": ("float", "o.amount"),
    "open_quotation_count": ("int", "q.number"),
    "open_quotation_amount": ("float", "q.amount"),
}
# Numbers that are nothing, not unknown, where there is no document.
ZERO_FACTS = {name for name, (kind, __) in FACTS.items() if kind == "float"} - {
    "margin"
}
PREVIOUS = {
    "value_tier": ("int", "f.shadow_tier_id"),
    "lifecycle_stage": ("int", "f.shadow_stage_id"),
    "churn_risk": (
        "int",
        "CASE f.shadow_risk WHEN 'low' THEN 1 WHEN 'medium' THEN 2 WHEN 'high' THEN 3"
        " END",
    ),
    "tier_below_since": ("day", "f.tier_below_since"),
    "won_back_count": ("int", "f.won_back_count"),
    "lifetime_order_count": ("int", "f.lifetime_order_count"),
    "lifetime_revenue": ("float", "f.lifetime_revenue"),
    "first_purchase_date": ("day", "f.first_purchase_date"),
    "last_purchase_date": ("day", "f.last_purchase_date"),
    "policy": ("int", "f.policy_id"),
    "open_opportunity_count": ("int", "f.open_opportunity_count"),
    "open_quotation_count": ("int", "f.open_quotation_count"),
    "content_hash": ("big", "f.content_hash"),
}
STATE = {
    "active": ("bool", "c.active"),
    "is_customer": ("bool", "c.commercial_partner_id = c.id"),
}


class ClassificationFacts(models.AbstractModel):
    """Reads, in one query, what is known of each customer up to a day, beside how
    the customer is classified so far.

    *How it works*: each source gives a select of purchases; they are put together,
    rolled up from the contact to the commercial partner, and summed in one pass.
    The result is streamed by COPY into numpy arrays.

    *Query budget*: one, whatever the number of customers.
    """

    _name = "classification.facts"
    _description = "Facts about Customers"

    @api.model
    def _source_names(self, policy):
        """Names of the models that are asked for purchases; glue addons extend it."""
        return [
            "classification.source.sale",
            "classification.source.invoice",
            "classification.source.import",
        ]

    @api.model
    def _document_kinds(self, policy):
        """The kinds of documents that a policy counts, as people open them."""
        return [
            kind
            for name in self._source_names(policy)
            for kind in self.env[name]._document_kinds(policy)
        ]

    @api.model
    def _scope(self, policy, as_of_date, customer_ids=None):
        """The :class:`Scope` of a policy on a day."""
        return Scope(
            company_id=policy.company_id.id,
            tz=policy.tz,
            as_of_date=as_of_date,
            digits=policy.currency_id.decimal_places,
            customer_ids=None if customer_ids is None else tuple(customer_ids),
            root_company_id=policy.company_id.root_id.id,
        )

    @api.model
    def _read(self, policy, parameters, scope):
        """Return the frames ``(facts, previous)`` indexed by commercial partner.

        ``facts`` has the engine's columns and ``active``; ``previous`` has those of
        the profiles so far, ``profile`` telling whether there is one. Rows whose
        partner is no customer of its own any more have ``is_customer`` false in
        ``facts``: their profile is to go.
        """
        import pandas as pd

        self.env.flush_all()
        columns = read_frame(
            self.env.cr,
            self._query(policy, parameters, scope),
            self._kinds(),
        )
        index = pd.Index(columns.pop("partner_id"), name="partner_id")
        previous = {name: columns.pop(f"previous {name}") for name in PREVIOUS}
        self._stages_to_codes(previous)
        return pd.DataFrame(columns, index), pd.DataFrame(previous, index)

    @api.model
    def _read_purchases(self, policy, scope):
        """Return the purchases themselves, one row a document: ``partner_id`` (the
        customer), ``day``, ``amount`` and ``margin``, as the engine replays them.
        One query."""
        import pandas as pd

        self.env.flush_all()
        query = SQL(
            "SELECT p.commercial_partner_id, %s, COALESCE(d.amount::float8, 0), %s"
            " FROM (%s) d JOIN res_partner p ON p.id = d.partner_id",
            null_free_day(SQL("d.day")),
            null_free_float(SQL("d.margin")),
            self._purchase_query(policy, scope),
        )
        kinds = {"partner_id": "int", "day": "day", "amount": "float"}
        kinds["margin"] = "float"
        return pd.DataFrame(read_frame(self.env.cr, query, kinds))

    @api.model
    def _kinds(self):
        """``{column: kind}`` in the order in which :meth:`_query` selects them."""
        return {
            "partner_id": "int",
            **{name: kind for name, (kind, __) in (FACTS | STATE).items()},
            **{f"previous {name}": kind for name, (kind, __) in PREVIOUS.items()},
        }

    @api.model
    def _stages_to_codes(self, previous):
        """Turn ids of stages into the engine's codes, 1 for the first stage."""
        import numpy as np

        ids = list(self.env["classification.run"]._stage_ids())
        lookup = np.zeros(max(ids) + 1, "int8")
        lookup[ids] = np.arange(len(ids))
        previous["lifecycle_stage"] = lookup[previous["lifecycle_stage"]]

    # The query

    @api.model
    def _query(self, policy, parameters, scope):
        """SQL of one row a customer, in the order of :meth:`_kinds`."""
        selected = [SQL("c.id")]
        for name, (kind, code) in (FACTS | STATE).items():
            selected.append(self._null_free(kind, SQL(code), name in ZERO_FACTS))
        for kind, code in PREVIOUS.values():
            selected.append(self._null_free(kind, SQL(code), False))
        return SQL(
            """
            WITH purchase AS (%(purchases)s),
                 history AS (%(history)s),
                 opportunity AS (%(opportunities)s),
                 quotation AS (%(quotations)s)
            SELECT %(selected)s
              FROM res_partner c
              LEFT JOIN history h ON h.partner_id = c.id
              LEFT JOIN opportunity o ON o.partner_id = c.id
              LEFT JOIN quotation q ON q.partner_id = c.id
              LEFT JOIN customer_profile f
                ON f.partner_id = c.id AND f.company_id = %(company)s
             WHERE %(customers)s
            """,
            purchases=self._purchase_query(policy, scope),
            history=self._history_query(parameters, scope),
            opportunities=self._opportunity_query(scope),
            quotations=self._quotation_query(scope),
            selected=SQL(", ").join(selected),
            company=scope.company_id,
            customers=self._customer_condition(policy, scope),
        )

    @api.model
    def _null_free(self, kind, code, is_zero):
        """SQL of a column with what :mod:`copy_frames` takes for NULL."""
        if kind == "day":
            return null_free_day(code)
        if kind == "float" and not is_zero:
            return null_free_float(code)
        if kind == "bool":
            return SQL("COALESCE(%s, FALSE)", code)
        return SQL("COALESCE((%s)::%s, 0)", code, SQL(WIRE[kind][1]))

    @api.model
    def _purchase_query(self, policy, scope):
        """All purchases of all sources, one row a document."""
        queries = [
            query
            for name in self._source_names(policy)
            for query in self.env[name]._purchase_queries(policy, scope)
        ]
        return SQL(" UNION ALL ").join(queries)

    @api.model
    def _history_query(self, parameters, scope):
        """Purchases summed by commercial partner.

        A document is an order and a visit when its amount is positive; others only
        lower the revenue on their day. The days are collected once, sorted: first,
        last, last but one and their number all come from that one array.
        """
        window = SQL("d.day >= %s", parameters.window_start(scope.as_of_date))
        recent = SQL("d.day >= %s", parameters.half_start(scope.as_of_date))
        bought = SQL("d.amount > 0")
        return SQL(
            """
            SELECT p.commercial_partner_id AS partner_id,
                   array_agg(DISTINCT d.day ORDER BY d.day)
                       FILTER (WHERE %(bought)s) AS days,
                   count(*) FILTER (WHERE %(bought)s) AS lifetime_order_count,
                   sum(d.amount) AS lifetime_revenue,
                   count(*) FILTER (WHERE %(bought)s AND %(window)s) AS order_count,
                   COALESCE(sum(d.amount) FILTER (WHERE %(window)s), 0) AS revenue,
                   -sum(d.amount) FILTER (WHERE d.amount < 0 AND %(window)s)
                       AS refund_amount,
                   sum(d.margin) FILTER (WHERE %(window)s) AS margin,
                   count(*) FILTER (WHERE %(bought)s AND %(recent)s)
                       AS order_count_recent,
                   COALESCE(sum(d.amount) FILTER (WHERE %(recent)s), 0)
                       AS revenue_recent,
                   min(d.day) FILTER (WHERE %(window)s) AS window_first_date,
                   min(d.day) FILTER (WHERE %(recent)s) AS recent_first_date
              FROM purchase d
              JOIN res_partner p ON p.id = d.partner_id
             GROUP BY p.commercial_partner_id
            """,
            bought=bought,
            window=window,
            recent=recent,
        )

    @api.model
    def _opportunity_query(self, scope):
        """Opportunities open at the end of the as-of day, by commercial partner."""
        return SQL(
            """
            SELECT p.commercial_partner_id AS partner_id, count(*) AS number,
                   sum(l.expected_revenue) AS amount
              FROM crm_lead l
              JOIN res_partner p ON p.id = l.partner_id
             WHERE l.type = 'opportunity'
               AND (l.company_id = %(company)s OR l.company_id IS NULL)
               AND (l.active AND l.won_status = 'pending' OR NOT %(closed)s)
               AND %(created)s AND %(partners)s
             GROUP BY p.commercial_partner_id
            """,
            company=scope.company_id,
            closed=scope.until(SQL("l.date_closed")),
            created=scope.until(SQL("l.create_date")),
            partners=scope.partners(SQL("l.partner_id")),
        )

    @api.model
    def _quotation_query(self, scope):
        """Quotations open at the end of the as-of day, by commercial partner: not
        yet confirmed on that day, and not expired before it."""
        sale = self.env["classification.source.sale"]
        return SQL(
            """
            SELECT p.commercial_partner_id AS partner_id, count(*) AS number,
                   sum(%(amount)s) AS amount
              FROM sale_order o
              JOIN res_partner p ON p.id = o.partner_id
             WHERE (o.state IN ('draft', 'sent')
                    OR o.state = 'sale' AND NOT %(confirmed)s)
               AND (o.validity_date IS NULL OR o.validity_date >= %(as_of_date)s)
               AND o.company_id = %(company)s
               AND %(created)s AND %(partners)s
             GROUP BY p.commercial_partner_id
            """,
            amount=sale._company_amount(SQL("o.amount_untaxed"), scope),
            confirmed=scope.until(SQL("o.date_order")),
            as_of_date=scope.as_of_date,
            company=scope.company_id,
            created=scope.until(SQL("o.create_date")),
            partners=scope.partners(SQL("o.partner_id")),
        )

    @api.model
    def _customer_condition(self, policy, scope):
        """SQL that keeps the customers: who bought, asked or has a profile, and the
        prospects that the policy wants; never the companies of the database."""
        reasons = [
            SQL("h.partner_id IS NOT NULL"),
            SQL("o.partner_id IS NOT NULL"),
            SQL("q.partner_id IS NOT NULL"),
            SQL("f.id IS NOT NULL"),
        ]
        if policy.prospect_scope == "contact":
            reasons.append(self._prospect_condition(scope))
        condition = SQL(
            "(%s) AND NOT EXISTS (SELECT FROM res_company own"
            " WHERE own.partner_id = c.id)",
            SQL(" OR ").join(reasons),
        )
        if scope.customer_ids is None:
            return condition
        return SQL("c.id = ANY(%s) AND %s", list(scope.customer_ids), condition)

    @api.model
    def _prospect_condition(self, scope):
        return SQL(
            "c.active AND c.partner_share AND c.commercial_partner_id = c.id"
            " AND (c.customer_rank > 0 OR COALESCE(c.supplier_rank, 0) = 0)"
            " AND (c.company_id = %s OR c.company_id IS NULL)",
            scope.company_id,
        )
