from odoo import api, models
from odoo.tools import SQL

from ..copy_frames import (
    WIRE,
    copied_rows,
    null_free_day,
    null_free_float,
    read_frame,
)
from .classification_source import Scope

# Rules that decide what is read: by two policies that agree on them, facts are equal.
RULES_OF_FACTS = (
    *("company_id", "tz", "revenue_source", "subtract_credit_notes", "window_months"),
    *("sale_domain", "invoice_domain"),
)
PURCHASE = {"partner_id": "int", "day": "int", "amount": "float", "margin": "float"}
# Purchases that are rolled up at a time; about 70 bytes of memory each.
PART_ROWS = 6_000_000
# What a run reads of each customer beside the purchases, {column: (kind on the wire,
# SQL)}, where o stands for opportunities, q for quotations, f for the profile so far.
PIPELINE = {
    "open_opportunity_count": ("int", "o.number"),
    "open_opportunity_revenue": ("float", "COALESCE(o.amount, 0)"),
    "open_quotation_count": ("int", "q.number"),
    "open_quotation_amount": ("float", "COALESCE(q.amount, 0)"),
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
    """Reads what is known of each customer up to a day, beside how the customer is
    classified so far.

    *How it works*: each source gives a select of purchases. They leave the database as
    they stand, by one scan of each table of documents, and are rolled up in memory from
    the contact to the commercial partner: a ``GROUP BY`` with a join to the contacts
    sorts or spills to disk, and takes three times as long at a million customers. One
    more select gives the customers with their open pipeline and their classes so far.

    *Query budget*: three, whatever the number of customers.
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

        from ..engine import lay_out

        self.env.flush_all()
        history = self._read_history(policy, parameters, scope)
        columns = read_frame(
            self.env.cr, self._customer_query(policy, scope), self._kinds()
        )
        index = pd.Index(columns["partner_id"], name="partner_id")
        kept = columns["is_known"] | index.isin(history.index)
        columns = {name: values[kept] for name, values in columns.items()}
        index = pd.Index(columns.pop("partner_id"), name="partner_id")
        previous = {name: columns.pop(f"previous {name}") for name in PREVIOUS}
        self._stages_to_codes(previous)
        facts = lay_out(history, index).assign(
            **{name: columns[name] for name in (*PIPELINE, *STATE)}
        )
        return facts, pd.DataFrame(previous, index, copy=False)

    @api.model
    def _read_history(self, policy, parameters, scope):
        """Facts from the purchases, one row a customer who has some: two queries.

        Customers are taken in parts when the purchases are too many to be in memory
        at once.
        """
        import pandas as pd

        from ..engine import roll_up

        contacts = self._contacts(scope)
        query = self._null_free_purchases(policy, scope)
        with copied_rows(self.env.cr, query, PURCHASE) as rows:
            parts = 1 + len(rows) // PART_ROWS
            return pd.concat(
                roll_up(
                    _part(rows, contacts, part, parts), parameters, scope.as_of_date
                )
                for part in range(parts)
            )

    @api.model
    def _read_purchases(self, policy, scope):
        """Return the purchases themselves, one row a document: ``partner_id`` (the
        customer), ``day``, ``amount`` and ``margin``, as the engine replays them.
        Two queries."""
        self.env.flush_all()
        contacts = self._contacts(scope)
        query = self._null_free_purchases(policy, scope)
        with copied_rows(self.env.cr, query, PURCHASE) as rows:
            purchases = _part(rows, contacts, 0, 1)
        days = purchases["day"].to_numpy("datetime64[D]")
        return purchases.assign(day=days.astype("datetime64[ns]"))

    @api.model
    def _null_free_purchases(self, policy, scope):
        return SQL(
            "SELECT d.partner_id, d.day - DATE '1970-01-01',"
            " COALESCE(d.amount::float8, 0), %s FROM (%s) d",
            null_free_float(SQL("d.margin")),
            self._purchase_query(policy, scope),
        )

    @api.model
    def _contacts(self, scope):
        """Customer (0 for none) by contact, for contacts who are none themselves:
        one query."""
        import pandas as pd

        customers = SQL("TRUE")
        if scope.customer_ids is not None:
            customers = SQL("commercial_partner_id = ANY(%s)", list(scope.customer_ids))
        columns = read_frame(
            self.env.cr,
            SQL(
                "SELECT id, COALESCE(commercial_partner_id, 0) FROM res_partner"
                " WHERE commercial_partner_id IS DISTINCT FROM id AND %s",
                customers,
            ),
            {"id": "int", "customer": "int"},
        )
        return pd.Series(columns["customer"], index=columns["id"])

    @api.model
    def _kinds(self):
        """``{column: kind}`` in the order of :meth:`_customer_query`."""
        return {
            "partner_id": "int",
            "is_known": "bool",
            **{name: kind for name, (kind, __) in (PIPELINE | STATE).items()},
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

    # The queries

    @api.model
    def _customer_query(self, policy, scope):
        """SQL of one row a customer, in the order of :meth:`_kinds`: who is known
        already or by what is open, and the others, who count if they bought."""
        selected = [SQL("c.id"), self._known_condition(policy, scope)]
        for kind, code in (*(PIPELINE | STATE).values(), *PREVIOUS.values()):
            selected.append(self._null_free(kind, SQL(code)))
        return SQL(
            """
            WITH opportunity AS (%(opportunities)s),
                 quotation AS (%(quotations)s)
            SELECT %(selected)s
              FROM res_partner c
              LEFT JOIN opportunity o ON o.partner_id = c.id
              LEFT JOIN quotation q ON q.partner_id = c.id
              LEFT JOIN customer_profile f
                ON f.partner_id = c.id AND f.company_id = %(company)s
             WHERE %(customers)s
            """,
            opportunities=self._opportunity_query(scope),
            quotations=self._quotation_query(scope),
            selected=SQL(", ").join(selected),
            company=scope.company_id,
            customers=self._customer_condition(scope),
        )

    @api.model
    def _null_free(self, kind, code):
        """SQL of a column with what :mod:`copy_frames` takes for NULL."""
        if kind == "day":
            return null_free_day(code)
        if kind == "float":
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
    def _customer_condition(self, scope):
        """SQL that keeps the customers, and the contacts that were customers; never
        the companies of the database."""
        condition = SQL(
            "(c.commercial_partner_id = c.id OR f.id IS NOT NULL) AND NOT EXISTS"
            " (SELECT FROM res_company own WHERE own.partner_id = c.id)"
        )
        if scope.customer_ids is None:
            return condition
        return SQL("c.id = ANY(%s) AND %s", list(scope.customer_ids), condition)

    @api.model
    def _known_condition(self, policy, scope):
        """SQL of whether a customer counts without a purchase: who asked or has a
        profile, and the prospects that the policy wants."""
        reasons = [
            SQL("o.partner_id IS NOT NULL"),
            SQL("q.partner_id IS NOT NULL"),
            SQL("f.id IS NOT NULL"),
        ]
        if policy.prospect_scope == "contact":
            reasons.append(SQL("COALESCE(%s, FALSE)", self._prospect_condition(scope)))
        return SQL(" OR ").join(reasons)

    @api.model
    def _prospect_condition(self, scope):
        return SQL(
            "c.active AND c.partner_share AND c.commercial_partner_id = c.id"
            " AND (c.customer_rank > 0 OR COALESCE(c.supplier_rank, 0) = 0)"
            " AND (c.company_id = %s OR c.company_id IS NULL)",
            scope.company_id,
        )


def _part(rows, contacts, part, parts):
    """The purchases of every ``parts``-th customer, with the customer as partner."""
    import numpy as np
    import pandas as pd

    kept = []
    for chunk in rows.chunks():
        customer = chunk["partner_id"]
        place = contacts.index.get_indexer(customer)
        is_contact = place >= 0
        customer[is_contact] = contacts.to_numpy()[place[is_contact]]
        if parts > 1:
            mask = customer % parts == part
            chunk = {name: values[mask] for name, values in chunk.items()}
        kept.append(chunk)
    return pd.DataFrame(
        {
            name: np.concatenate([np.empty(0, dtype), *(c[name] for c in kept)])
            for name, dtype in (
                ("partner_id", "int32"),
                ("day", "int32"),
                ("amount", "float64"),
                ("margin", "float64"),
            )
        },
        copy=False,
    )
