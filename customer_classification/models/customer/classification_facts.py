from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.tools import SQL

from ...copy_frames import (
    FIRST_DAY,
    LAST_DAY,
    TOO_LARGE,
    WIRE,
    copied_rows,
    null_free_day,
    null_free_float,
    read_frame,
)
from ...engine.customers.history import NOT_ASKED
from ..common.profiling import OBJECTING
from ..source.classification_source import Scope

# Rules that affect the facts: policies that agree on them have equal facts.
RULES_OF_FACTS = (
    *("company_id", "tz", "revenue_source", "count_point_of_sale"),
    *("subtract_credit_notes", "subtract_unlinked_credit_notes", "window_months"),
    *("sale_domain", "invoice_domain"),
)
PURCHASE = {"partner_id": "int", "day": "int", "amount": "float", "margin": "float"}
# The same with the days that went by from the quotation to the purchase.
ASKED_PURCHASE = {**PURCHASE, "asked": "int"}
# Purchases that are rolled up at a time; about 70 bytes of memory each.
PART_ROWS = 6_000_000
# Open pipeline by customer, {column: kind on the wire}.
PIPELINE = {
    "open_opportunity_count": "int",
    "open_opportunity_revenue": "float",
    "open_quotation_count": "int",
    "open_quotation_amount": "float",
    "quotation_end_date": "day",
}
_PART_TYPES = {"int": "int32", "float": "float64"}
_PIPELINE_AMOUNTS = [name for name, kind in PIPELINE.items() if kind == "float"]
# The profile so far, {column of the engine: (kind on the wire, SQL)}.
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
    "churn_signals": ("int", "f.churn_signals"),
    "answered_enquiry_count": ("int", "f.answered_enquiry_count"),
    "content_hash": ("big", "f.content_hash"),
    "segment": ("int", "f.segment_id"),
    "purchase_probability": (
        "float",
        "CASE WHEN f.has_prediction THEN f.purchase_probability END",
    ),
}
# Columns that only explain a change: read only for customers who move.
_OWN_COUNTS = (
    *("open_opportunity_count", "open_quotation_count"),
    *("churn_signals", "answered_enquiry_count"),
)


class ClassificationFacts(models.AbstractModel):
    """Read the facts of each customer as of a day, and the classes so far.

    *How it works*: each source gives a select of purchases. They leave the database
    unaggregated, by one scan of each table of documents, and are rolled up in memory
    from the contact to the commercial partner. Customers, the open pipeline and the
    profiles so far follow, each by one scan, and are laid side by side. Joined and
    grouped in one statement, the same takes twice the processor time at a million
    customers, and sorts or spills to disk.

    *Query budget*: five, whatever the number of customers; six where the rules ask
    what customers say and do.
    """

    _name = "classification.facts"
    _inherit = "classification.facts.changed.mixin"
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
        today = max(as_of_date, policy._today())
        return Scope(
            company_id=policy.company_id.id,
            tz=policy.tz,
            as_of_date=as_of_date,
            digits=policy.currency_id.decimal_places,
            currency_id=policy.currency_id.id,
            customer_ids=None if customer_ids is None else tuple(customer_ids),
            root_company_id=policy.company_id.root_id.id,
            last_plausible_day=today + relativedelta(years=today.year < 9999),
        )

    @api.model
    def _read(self, policy, parameters, scope, last=None, collectors=()):
        """Return the frames ``(facts, previous)`` indexed by commercial partner.

        ``facts`` has the engine's columns and ``active``; ``previous`` has those of the
        profiles so far, ``profile`` is true if there is one. Rows whose partner is not
        a customer of its own any more have ``is_customer`` false in ``facts``: their
        profile will be deleted.

        :param last: the last run of the company, where it is known
        :param collectors: objects with a method ``add(purchases, gap)``, which are
            given the purchases that are read, part by part
        """
        import numpy as np

        from ...engine import lay_out

        self.env.flush_all()
        contacts, customers = self._read_partners(policy, scope)
        asked = self._asks_purchases(policy, parameters)
        history = self._read_history(
            policy, parameters, scope, contacts, last, collectors, asked
        )
        pipeline = self._read_pipeline(scope)
        heard = self._read_heard(parameters, scope, asked)
        previous = self._read_previous(scope)
        is_known = customers["is_known"].to_numpy(copy=True)
        for frame in (history, pipeline, previous):
            is_known |= customers.index.isin(frame.index)
        if heard is not None:
            enquired = heard.index[heard["answered_enquiry_count"] > 0]
            is_known |= customers.index.isin(enquired)
        customers = customers[is_known]
        gone = previous.index.intersection(contacts.index)
        index = customers.index.append(gone).rename("partner_id")
        facts = lay_out(history, index)
        for name, values in lay_out(pipeline, index).items():
            facts[name] = values
        if heard is not None:
            # What was heard of nobody is not spelled out for everybody.
            for name, values in heard.reindex(index).items():
                if name == "last_interaction_date" or values.notna().any():
                    facts[name] = values
        if asked:
            facts["last_interaction_date"] = np.fmax(
                facts["last_interaction_date"].to_numpy(),
                facts.pop("last_asked_date").to_numpy(),
            )
        facts["active"] = customers["active"].reindex(index, fill_value=False)
        facts["is_customer"] = ~index.isin(gone)
        return facts, lay_out(previous, index)

    @api.model
    def _read_history(
        self, policy, parameters, scope, contacts, last=None, collectors=(), asked=False
    ):
        """Return facts from the purchases, one row a customer who has some.

        One query. Customers are taken in parts when the purchases are too many to be in
        memory at once.

        :param asked: whether to tell the day of the last quotation that became one
        """
        import pandas as pd

        from ...engine import roll_up, usual_gap

        def facts_of_part(part, gap):
            purchases = _part(rows, contacts, part, parts)
            facts = roll_up(purchases, parameters, scope.as_of_date, gap)
            found = usual_gap(facts) if callable(gap) else gap
            for collector in collectors if gap is not None else ():
                collector.add(purchases, found)
            return facts

        def facts(gap):
            return pd.concat([facts_of_part(part, gap) for part in range(parts)])

        gap = self._usual_gap(policy, last)
        query = self._bare_purchases(policy, scope, asked)
        kinds = ASKED_PURCHASE if asked else PURCHASE
        with copied_rows(self.env.cr, query, kinds, as_text=True) as rows:
            parts = 1 + len(rows) // PART_ROWS
            if gap is None and parts == 1:
                gap = usual_gap  # the facts of one part are those of all
            return facts(usual_gap(facts(None)) if gap is None else gap)

    @api.model
    def _usual_gap(self, policy, last=None):
        """Return the usual purchase gap of all customers, or None.

        Comebacks are counted by it: the gap of the last run over all customers by this
        policy; None if there was none. At most one query.
        """
        last = self.env["classification.run"]._last_full_run(policy, last)
        return last.sudo().edges["population_gap_days"] if last else None

    @api.model
    def _read_purchases(self, policy, scope):
        """Return the single purchases as the engine replays them.

        One row a document: ``partner_id`` (the customer), ``day``, ``amount`` and
        ``margin``. Two queries.
        """
        self.env.flush_all()
        contacts, __ = self._read_partners(policy, scope)
        query = self._bare_purchases(policy, scope)
        with copied_rows(self.env.cr, query, PURCHASE, as_text=True) as rows:
            purchases = _part(rows, contacts, 0, 1)
        purchases = purchases[~purchases["amount"].isna()]
        days = purchases["day"].to_numpy("datetime64[D]")
        return purchases.assign(day=days.astype("datetime64[ns]"))

    @api.model
    def _purchase_parts(self, policy, scope):
        """Yield the purchases as a run reads them, part by part of the customers.

        Two queries.
        """
        self.env.flush_all()
        contacts, __ = self._read_partners(policy, scope)
        query = self._bare_purchases(policy, scope)
        with copied_rows(self.env.cr, query, PURCHASE, as_text=True) as rows:
            parts = 1 + len(rows) // PART_ROWS
            for part in range(parts):
                yield _part(rows, contacts, part, parts)

    @api.model
    def _bare_purchases(self, policy, scope, asked=False):
        """Return the SQL of the purchases, to be read as text.

        The columns are those of ``PURCHASE``, or of ``ASKED_PURCHASE``; see
        :func:`_part`. The numbers of each kind of document are worked out where they
        are scanned, not once more on top of all.
        """
        # Days before computers are taken for one day earlier: see _part().
        day = SQL("GREATEST(d.day, DATE '1969-12-31')")
        queries = [
            SQL(
                "SELECT d.partner_id, %s - DATE '1970-01-01',"
                " COALESCE(d.amount, 0), d.margin%s FROM (%s) d",
                day,
                SQL(", %s", _days_since(told, day)) if asked else SQL(),
                query,
            )
            for query, told in self._asked_queries(policy, scope, asked)
        ]
        return scope.with_rates(SQL(" UNION ALL ").join(queries))

    @api.model
    def _asked_queries(self, policy, scope, asked):
        """Return ``(select, SQL of the day of the quotation)`` of all purchases."""
        if not asked:
            return [(one, SQL()) for one in self._purchase_queries(policy, scope)]
        return [
            pair
            for name in self._source_names(policy)
            for pair in self.env[name]._asked_queries(policy, scope)
        ]

    @api.model
    def _asks_purchases(self, policy, parameters):
        """Return whether purchases tell the days of quotations that are needed.

        They save a second scan of all orders. A room above needs such days.
        """
        return False

    @api.model
    def _read_partners(self, policy, scope):
        """Return contacts and customers, by one scan: one query.

        Customers are the commercial partners, without the companies of the database
        and those who object to profiling.

        :return: ``(contacts, customers)``: the customer (0 for none) by contact, of
            contacts who are not customers themselves or who object to profiling; and by
            customer ``active``, and ``is_known``: a customer even without purchases
        """
        import pandas as pd

        columns = read_frame(
            self.env.cr,
            self._partner_query(policy, scope),
            {"id": "int", "code": "int"},
        )
        code, index = columns["code"], pd.Index(columns["id"], name="partner_id")
        is_customer = code < 0
        flags = -1 - code[is_customer]
        customers = {"active": flags & 1 > 0, "is_known": flags & 2 > 0}
        return (
            pd.Series(code[~is_customer], index=index[~is_customer]),
            pd.DataFrame(customers, index=index[is_customer]),
        )

    @api.model
    def _partner_query(self, policy, scope):
        """Return the SQL of ``(id, code)`` of :meth:`_read_partners`.

        The code of a contact is the customer's id or 0. That of a customer is below 0:
        the bits of -1 - code are ``active`` and ``is_known``.
        """
        partners, is_known = SQL("TRUE"), SQL("FALSE")
        if scope.customer_ids is not None:
            partners = SQL(
                "c.commercial_partner_id = ANY(%s)", list(scope.customer_ids)
            )
        if policy.prospect_scope == "contact":
            is_known = self._prospect_condition(scope)
        return SQL(
            """
            SELECT c.id,
                   CASE WHEN c.commercial_partner_id IN %(objecting)s THEN 0
                        WHEN c.commercial_partner_id = c.id
                             AND c.customer_objects_profiling IS NOT TRUE
                        THEN -1 - (c.active IS TRUE)::integer
                             - CASE WHEN %(is_known)s THEN 2 ELSE 0 END
                        ELSE COALESCE(c.commercial_partner_id, 0) END
              FROM res_partner c
             WHERE %(partners)s AND NOT (c.commercial_partner_id = c.id
                   AND c.customer_objects_profiling IS NOT TRUE
                   AND c.id IN (SELECT partner_id FROM res_company))
            """,
            objecting=OBJECTING,
            is_known=is_known,
            partners=partners,
        )

    @api.model
    def _read_previous(self, scope):
        """Return the profiles so far, with the columns of ``PREVIOUS``.

        One query. Columns that only :meth:`_with_own_counts` reads are 0.
        """
        import numpy as np

        names = [name for name in PREVIOUS if name not in _OWN_COUNTS]
        previous = self._select_previous(scope, names)
        for name in _OWN_COUNTS:
            previous[name] = np.int32(0)
        self._stages_to_codes(previous)
        return previous[list(PREVIOUS)]

    @api.model
    def _with_own_counts(self, scope, previous, customer_ids):
        """Return the profiles so far, of some customers with all columns.

        One query; none if none of these customers has a profile.

        :param previous: frame by customer, as :meth:`_read` gives it
        """
        known = previous.index[previous["policy"] != 0].intersection(customer_ids)
        if known.empty:
            return previous
        scope = scope.of_customers(known.tolist())
        own = self._select_previous(scope, _OWN_COUNTS)
        previous = previous.copy()
        previous.loc[own.index, list(_OWN_COUNTS)] = own
        return previous

    @api.model
    def _select_previous(self, scope, names):
        """Return a frame by customer of columns of ``PREVIOUS``: one query."""
        partners = SQL("TRUE")
        if scope.customer_ids is not None:
            partners = SQL("f.partner_id = ANY(%s)", list(scope.customer_ids))
        kinds = {name: PREVIOUS[name][0] for name in names}
        selected = [
            self._null_free(kind, SQL(PREVIOUS[name][1]))
            for name, kind in kinds.items()
        ]
        return self._read_by_partner(
            kinds,
            SQL(
                "SELECT f.partner_id, %s FROM customer_profile f"
                " WHERE f.company_id = %s AND %s",
                SQL(", ").join(selected),
                scope.company_id,
                partners,
            ),
        )

    @api.model
    def _read_pipeline(self, scope):
        """Read what is open at the end of the as-of day.

        The columns are those of ``PIPELINE``. One query.
        """
        query = SQL(
            """
            SELECT partner_id,
                   COALESCE(sum(opportunities)::int4, 0),
                   COALESCE(sum(expected)::float8, 0),
                   COALESCE(sum(quotations)::int4, 0),
                   COALESCE(sum(quoted)::float8, 0),
                   %s
              FROM (SELECT partner_id, number AS opportunities, amount AS expected,
                           0 AS quotations, 0 AS quoted, NULL::date AS end_date
                      FROM (%s) opportunity
                     UNION ALL
                    SELECT partner_id, 0, 0, number, amount, end_date
                      FROM (%s) quotation) pipeline
             WHERE partner_id IS NOT NULL
             GROUP BY partner_id
            """,
            self._null_free("day", SQL("min(end_date)")),
            self._opportunity_query(scope),
            self._quotation_query(scope),
        )
        return self._read_by_partner(PIPELINE, scope.with_rates(query))

    @api.model
    def _read_heard(self, parameters, scope, asked=False):
        """Return what was heard of customers, a frame by customer, or None.

        The columns are ``HEARD_FACTS`` of the engine. A room above reads it.

        :param asked: whether purchases tell which of them were quotations
        """
        return None

    @api.model
    def _heard_at(self, parameters, scope, points):
        """Return the same up to a day of each point, or None.

        :param points: frame with ``partner_id`` and ``day``
        :return: frame with the index of the points
        """
        return None

    @api.model
    def _read_by_partner(self, kinds, query):
        """A frame of a select whose first column is ``partner_id``, the index."""
        import pandas as pd

        columns = read_frame(self.env.cr, query, {"partner_id": "int", **kinds})
        index = pd.Index(columns.pop("partner_id"), name="partner_id")
        return pd.DataFrame(columns, index, copy=False)

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
    def _null_free(self, kind, code):
        """Return SQL of a column with the value of :mod:`copy_frames` for NULL."""
        if kind == "day":
            return null_free_day(code)
        if kind == "float":
            return null_free_float(code)
        if kind == "bool":
            return SQL("COALESCE(%s, FALSE)", code)
        return SQL("COALESCE((%s)::%s, 0)", code, SQL(WIRE[kind][1]))

    @api.model
    def _purchase_query(self, policy, scope):
        """Return SQL of the purchases of all sources, one row a document."""
        return SQL(" UNION ALL ").join(self._purchase_queries(policy, scope))

    @api.model
    def _channel_query(self, policy, scope):
        """Return SQL of the same purchases with where they were made."""
        return SQL(" UNION ALL ").join(
            query
            for name in self._source_names(policy)
            for query in self.env[name]._channel_queries(policy, scope)
        )

    @api.model
    def _purchase_queries(self, policy, scope):
        return [
            query
            for name in self._source_names(policy)
            for query in self.env[name]._purchase_queries(policy, scope)
        ]

    @api.model
    def _opportunity_query(self, scope):
        """Opportunities open at the end of the as-of day, by commercial partner."""
        return SQL(
            """
            SELECT p.commercial_partner_id AS partner_id, count(*) AS number,
                   sum(CASE WHEN %(bad)s THEN 'NaN' ELSE l.expected_revenue END)
                       AS amount
              FROM crm_lead l
              JOIN res_partner p ON p.id = l.partner_id
             WHERE l.type = 'opportunity'
               AND (l.company_id = %(company)s OR l.company_id IS NULL)
               AND (l.active AND l.won_status = 'pending' OR NOT %(closed)s)
               AND %(created)s AND %(partners)s
             GROUP BY p.commercial_partner_id
            """,
            company=scope.company_id,
            bad=scope.not_a_number(SQL("l.expected_revenue")),
            closed=scope.until(SQL("l.date_closed")),
            created=scope.until(SQL("l.create_date")),
            partners=scope.partners(SQL("l.partner_id")),
        )

    @api.model
    def _quotation_query(self, scope):
        """Return SQL of the open quotations by commercial partner.

        Open at the end of the as-of day: not yet confirmed on that day, and not
        expired before it.
        """
        sale = self.env["classification.source.sale"]
        amount = sale._company_amount(sale._order_amount(), scope)
        return SQL(
            """
            SELECT p.commercial_partner_id AS partner_id, count(*) AS number,
                   sum(CASE WHEN %(bad)s THEN 'NaN' ELSE %(amount)s END) AS amount,
                   min(o.validity_date) AS end_date
              FROM sale_order o %(joins)s
              JOIN res_partner p ON p.id = o.partner_id
             WHERE (o.state IN ('draft', 'sent')
                    OR o.state = 'sale' AND NOT %(confirmed)s)
               AND (o.validity_date IS NULL OR o.validity_date >= %(as_of_date)s)
               AND %(is_quotation)s AND o.company_id = %(company)s
               AND %(created)s AND %(partners)s
             GROUP BY p.commercial_partner_id
            """,
            amount=amount,
            bad=scope.not_a_number(amount),
            joins=sale._order_joins(),
            is_quotation=sale._is_quotation(),
            confirmed=scope.until(SQL("o.date_order")),
            as_of_date=scope.as_of_date,
            company=scope.company_id,
            created=scope.until(SQL("o.create_date")),
            partners=scope.partners(SQL("o.partner_id")),
        )

    @api.model
    def _pipeline_problem_queries(self, scope):
        """Return selects of open documents with an amount that is not a number.

        Their columns are those of ``classification.source._problem_queries``.
        """
        sale = self.env["classification.source.sale"]
        amount = sale._company_amount(sale._order_amount(), scope)
        reasons = {
            **sale._rate_problems(scope),
            "bad_quotation": scope.not_a_number(amount),
        }
        return [
            SQL(
                "SELECT l.partner_id, 'bad_opportunity'::varchar AS reason"
                " FROM crm_lead l WHERE l.type = 'opportunity'"
                " AND (l.company_id = %s OR l.company_id IS NULL) AND %s AND %s",
                scope.company_id,
                scope.not_a_number(SQL("l.expected_revenue")),
                scope.partners(SQL("l.partner_id")),
            ),
            SQL(
                "SELECT o.partner_id, %s AS reason"
                " FROM sale_order o %s WHERE (o.state IN ('draft', 'sent')"
                " OR o.state = 'sale' AND NOT %s) AND %s AND o.company_id = %s"
                " AND %s AND %s",
                scope.reason(reasons),
                sale._order_joins(),
                scope.until(SQL("o.date_order")),
                sale._is_quotation(),
                scope.company_id,
                scope.not_a_number(amount),
                scope.partners(SQL("o.partner_id")),
            ),
        ]

    @api.model
    def _is_doubtful(self, facts):
        """Return, for each customer, whether an amount is not a number."""
        amounts = ["lifetime_revenue", *_PIPELINE_AMOUNTS]
        return facts[amounts].isna().any(axis=1)

    @api.model
    def _prospect_condition(self, scope):
        return SQL(
            "c.active AND c.partner_share"
            " AND (c.customer_rank > 0 OR COALESCE(c.supplier_rank, 0) = 0)"
            " AND (c.company_id = %s OR c.company_id IS NULL)",
            scope.company_id,
        )


def _days_since(told, day):
    """Return the SQL of the days from a quotation to the purchase.

    ``NOT_ASKED`` without one, and of a day that cannot be true.
    """
    return SQL(
        "COALESCE(CASE WHEN %s BETWEEN %s::date AND %s::date THEN %s - %s END, %s)",
        *(told, FIRST_DAY, LAST_DAY, day, told, NOT_ASKED),
    )


def _part(rows, contacts, part, parts):
    """Return the purchases of every ``parts``-th customer, by customer.

    Those of a day or an amount that cannot be true have no amount.
    """
    import numpy as np
    import pandas as pd

    kept = []
    for chunk in rows.chunks():
        customer = chunk["partner_id"]
        place = contacts.index.get_indexer(customer)
        is_contact = place >= 0
        customer[is_contact] = contacts.to_numpy()[place[is_contact]]
        chunk["amount"] = _usable(chunk["amount"], chunk["day"] >= 0)
        chunk["margin"] = _usable(chunk["margin"])
        if parts > 1:
            mask = customer % parts == part
            chunk = {name: values[mask] for name, values in chunk.items()}
        kept.append(chunk)
    return pd.DataFrame(
        {
            name: np.concatenate(
                [np.empty(0, _PART_TYPES[kind]), *(chunk[name] for chunk in kept)]
            )
            for name, kind in rows.kinds.items()
        },
        copy=False,
    )


def _usable(numbers, condition=True):
    """Return the numbers, NaN for unusable ones; see ``is_usable``."""
    import numpy as np

    # pandas reads the sixteenth digit inexactly.
    is_usable = np.abs(numbers) <= TOO_LARGE + 1
    return np.where(is_usable & condition, numbers, np.nan)
