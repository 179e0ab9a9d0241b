"""Next products of all customers of a company, worked out in SQL.

*How it works*: the lines in the window become one row for each customer, product and
day; these become habits (how often, when, in what rhythm). Products are near each other
by the customers who have both (``engine/customers/neighbours.py`` says the same of
frames). What customers have not bought is scored by the sum of its nearness.

*Query budget*: 23 for any number of customers.
"""

from datetime import timedelta

from odoo.tools import SQL

from ...engine.customers.next_products import (
    ACTIVE_GAPS,
    DECAY,
    STOPPED_GAPS,
    STOPPED_TIMES,
)
from .classification_product_facts import WORK_MEM

# Next products stand for so many days, as what predictions learnt.
KEPT_DAYS = 7
# Rows of each kind that a customer has at most.
MOST_ROWS = 5
# A product is due again from two purchases on: one has no rhythm.
DUE_TIMES = 2
# Products of a customer that are counted in pairs, the dearest habits first: a customer
# with all products of a catalogue says nothing of which ones belong together.
MOST_LIKED = 300
# Nearest products that are kept of each one, and those of them that score: beyond
# twenty, the sums hardly change and take most of the time.
NEAREST, NEAREST_SCORED = 50, 20
_TABLES = ("day", "habit", "near", "found")


def are_due(last_date, as_of_date):
    """Return whether next products are to be worked out again."""
    return not last_date or as_of_date - last_date >= timedelta(KEPT_DAYS)


class NextProducts:
    """Works out the next products of a company as of the day of a run."""

    def __init__(self, run):
        self.run = run
        self.env = run.env
        self.company = run.company_id
        self.model = self.env["customer.next.product"]

    def refresh(self):
        """Work out all rows, and write those that differ."""
        self.env.flush_all()
        self._drop()
        self.env.cr.execute(SQL("SELECT set_config('work_mem', %s, TRUE)", WORK_MEM))
        for statement in (
            self._days(),
            SQL("ANALYZE tmp_next_day"),
            *self._habits(),
            *self._near(),
            self._found(),
            *self._scored_new(),
            *self._written(),
        ):
            self.env.cr.execute(statement)
        self._drop()
        self.env.cr.execute("SET LOCAL work_mem TO DEFAULT")
        self.model.invalidate_model()

    def _drop(self):
        names = SQL(", ").join(SQL.identifier(f"tmp_next_{name}") for name in _TABLES)
        self.env.cr.execute(SQL("DROP TABLE IF EXISTS %s", names))

    # What was bought

    def _days(self):
        """Return SQL of a row for each customer, product and day."""
        return SQL(
            """
            CREATE TEMPORARY TABLE tmp_next_day ON COMMIT DROP AS
            SELECT c.commercial_partner_id AS partner_id, p.product_tmpl_id, l.day,
                   sum(l.quantity) AS quantity,
                   bool_or(l.amount > 0 AND l.quantity > 0) AS is_bought
              FROM (%(lines)s) l
              JOIN product_product p ON p.id = l.product_id
              JOIN res_partner c ON c.id = l.partner_id
              JOIN customer_profile f
                ON f.partner_id = c.commercial_partner_id
               AND f.company_id = l.company_id AND f.active
             WHERE l.company_id = %(company)s AND l.day <= %(today)s
             GROUP BY c.commercial_partner_id, p.product_tmpl_id, l.day
            """,
            lines=self.env["classification.product.facts"]._window_lines(self.company),
            company=self.company.id,
            today=self.run.as_of_date,
        )

    def _habits(self):
        """Return the SQL of a row for each customer and product that was kept.

        What was given back as a whole is no habit. ``place`` is by the score.
        """
        yield SQL(
            """
            CREATE TEMPORARY TABLE tmp_next_habit ON COMMIT DROP AS
            WITH bought AS (
                SELECT partner_id, product_tmpl_id, day, quantity, is_bought,
                       dense_rank() OVER (
                           PARTITION BY partner_id, is_bought ORDER BY day DESC
                       ) - 1 AS ago
                  FROM tmp_next_day
            ), habit AS (
                SELECT partner_id, product_tmpl_id,
                       count(*) FILTER (WHERE is_bought) AS times,
                       min(day) FILTER (WHERE is_bought) AS first_date,
                       max(day) FILTER (WHERE is_bought) AS last_date,
                       sum(%(decay)s ^ ago) FILTER (WHERE is_bought) AS weight
                  FROM bought
                 GROUP BY partner_id, product_tmpl_id
                HAVING sum(quantity) > 0 AND bool_or(is_bought)
            ), customer AS (
                SELECT partner_id, max(day) AS last_day,
                       (max(day) - min(day))::float8
                       / NULLIF(count(DISTINCT day) - 1, 0) AS gap
                  FROM tmp_next_day WHERE is_bought GROUP BY partner_id
            ), rhythm AS (
                SELECT h.*, %(today)s::date - h.last_date AS last_days,
                       (h.last_date - h.first_date)::float8
                       / NULLIF(h.times - 1, 0) AS gap,
                       %(today)s::date - c.last_day AS customer_days,
                       c.gap AS customer_gap,
                       (h.last_date - h.first_date
                        + %(shrinkage)s * COALESCE(NULLIF(c.gap, 0), %(usual)s))
                       / (h.times - 1 + %(shrinkage)s) AS mixed_gap
                  FROM habit h
                  JOIN customer c ON c.partner_id = h.partner_id
            ), scored AS (
                SELECT *, weight / GREATEST(
                           last_days / GREATEST(mixed_gap, 1) / %(gaps)s, 1) AS score
                  FROM rhythm
            )
            SELECT *, row_number() OVER (
                       PARTITION BY partner_id
                       ORDER BY score DESC, last_days, product_tmpl_id) AS place
              FROM scored
            """,
            decay=DECAY,
            today=self.run.as_of_date,
            gaps=STOPPED_GAPS,
            **_rhythm(),
        )
        yield SQL("ANALYZE tmp_next_habit")

    # Products near each other

    def _near(self):
        """Yield SQL of the nearest products of each product.

        ``id`` rises with nearness.
        Only products that may be offered are near another one.
        """
        yield SQL(
            """
            CREATE TEMPORARY TABLE tmp_next_near ON COMMIT DROP AS
            WITH liked AS MATERIALIZED (
                SELECT partner_id, product_tmpl_id AS product
                  FROM tmp_next_habit WHERE place <= %(most)s
            ), buyer AS (
                SELECT product, count(*) AS number FROM liked GROUP BY product
            ), pair AS MATERIALIZED (
                SELECT a.product, b.product AS other, count(*) AS both_count
                  FROM liked a
                  JOIN liked b ON b.partner_id = a.partner_id AND b.product > a.product
                 GROUP BY a.product, b.product HAVING count(*) >= %(least)s
            ), either AS (
                SELECT product, other, both_count FROM pair
                 UNION ALL
                SELECT other, product, both_count FROM pair
            ), nearness AS (
                SELECT e.product, e.other, e.both_count, o.number AS buyer_count,
                       e.both_count::float8 ^ 2 / (o.number * s.number)
                       * e.both_count / (e.both_count + %(shrinkage)s) AS similarity
                  FROM either e
                  JOIN buyer o ON o.product = e.product
                  JOIN buyer s ON s.product = e.other
            ), placed AS (
                SELECT *, row_number() OVER (
                           PARTITION BY product ORDER BY similarity DESC, other
                       ) AS place
                  FROM nearness n
                 WHERE %(offered)s
            )
            SELECT row_number() OVER (ORDER BY similarity, place DESC, product) AS id,
                   product, other, both_count, buyer_count, similarity, place
              FROM placed WHERE place <= %(nearest)s
            """,
            most=MOST_LIKED,
            nearest=NEAREST,
            offered=self._offered(SQL("n.other")),
            **_nearness(),
        )
        yield SQL("ALTER TABLE tmp_next_near ADD PRIMARY KEY (id)")
        yield SQL("ANALYZE tmp_next_near")

    # What is told

    def _found(self):
        """Return the SQL of what is due again and of what was stopped."""
        return SQL(
            """
            CREATE TEMPORARY TABLE tmp_next_found ON COMMIT DROP AS
            WITH told AS (
                SELECT h.*, CASE WHEN times >= %(stopped_times)s AND gap > 0
                        AND last_days >= %(stopped_gaps)s * gap
                        AND last_days > customer_days
                        AND customer_days <= %(active)s * customer_gap
                       THEN 'stopped' ELSE 'due' END AS kind
                  FROM tmp_next_habit h
                 WHERE times >= %(due_times)s AND %(offered)s
            ), placed AS (
                SELECT *, row_number() OVER (
                           PARTITION BY partner_id, kind
                           ORDER BY CASE kind WHEN 'stopped' THEN times ELSE score END
                                    DESC, last_days, product_tmpl_id) AS rank
                  FROM told
            )
            SELECT partner_id, product_tmpl_id, kind, rank::integer AS rank,
                   times::integer AS times_bought, last_date,
                   round(gap::numeric, 1)::float8 AS gap_days,
                   NULL::integer AS because_tmpl_id, NULL::integer AS both_count,
                   NULL::integer AS buyer_count
              FROM placed WHERE rank <= %(rows)s
            """,
            stopped_times=STOPPED_TIMES,
            stopped_gaps=STOPPED_GAPS,
            active=ACTIVE_GAPS,
            due_times=DUE_TIMES,
            rows=MOST_ROWS,
            offered=self._offered(SQL("h.product_tmpl_id")),
        )

    def _scored_new(self):
        """Yield SQL that adds what customers may buy for the first time."""
        yield SQL(
            """
            INSERT INTO tmp_next_found
            WITH scored AS (
                SELECT h.partner_id, n.other AS product_tmpl_id,
                       sum(n.similarity) AS score, max(n.id) AS near_id
                  FROM tmp_next_habit h
                  JOIN tmp_next_near n
                    ON n.product = h.product_tmpl_id AND n.place <= %(scored)s
                 WHERE h.place <= %(most)s
                 GROUP BY h.partner_id, n.other
            ), placed AS (
                SELECT s.*, row_number() OVER (
                           PARTITION BY s.partner_id
                           ORDER BY s.score DESC, s.product_tmpl_id) AS rank
                  FROM scored s
                 WHERE NOT EXISTS (
                       SELECT FROM tmp_next_day d
                        WHERE d.partner_id = s.partner_id
                          AND d.product_tmpl_id = s.product_tmpl_id)
            )
            SELECT p.partner_id, p.product_tmpl_id, 'new', p.rank::integer,
                   NULL::integer, NULL::date, NULL::float8, n.product,
                   n.both_count::integer, n.buyer_count::integer
              FROM placed p
              JOIN tmp_next_near n ON n.id = p.near_id
             WHERE p.rank <= %(rows)s
            """,
            scored=NEAREST_SCORED,
            most=MOST_LIKED,
            rows=MOST_ROWS,
        )
        yield SQL("ALTER TABLE tmp_next_found ADD PRIMARY KEY (partner_id, kind, rank)")
        yield SQL("ANALYZE tmp_next_found")

    def _offered(self, product):
        """Return the condition that a product may be offered by the company."""
        return SQL(
            "%s IN (SELECT t.id FROM product_template t WHERE %s)",
            product,
            self.model._offered_condition(SQL("t"), SQL("%s", self.company.id)),
        )

    # Writing

    def _written(self):
        """Yield SQL that writes the rows that differ and deletes those that go."""
        yield SQL(
            """
            DELETE FROM customer_next_product n
             WHERE n.company_id = %s AND NOT EXISTS (
                   SELECT FROM tmp_next_found f
                    WHERE f.partner_id = n.partner_id AND f.kind = n.kind
                      AND f.product_tmpl_id = n.product_tmpl_id)
            """,
            self.company.id,
        )
        columns = (
            *("rank", "times_bought", "last_date", "gap_days"),
            *("because_tmpl_id", "both_count", "buyer_count"),
        )
        names = [SQL.identifier(name) for name in columns]
        yield SQL(
            """
            INSERT INTO customer_next_product AS n
                   (company_id, partner_id, product_tmpl_id, kind, %(names)s)
            SELECT %(company)s, partner_id, product_tmpl_id, kind, %(names)s
              FROM tmp_next_found
             ORDER BY partner_id, kind, rank
                ON CONFLICT (partner_id, company_id, product_tmpl_id, kind)
                DO UPDATE SET %(given)s
             WHERE (%(own)s) IS DISTINCT FROM (%(excluded)s)
            """,
            company=self.company.id,
            names=SQL(", ").join(names),
            given=SQL(", ").join(SQL("%s = excluded.%s", n, n) for n in names),
            own=SQL(", ").join(SQL("n.%s", name) for name in names),
            excluded=SQL(", ").join(SQL("excluded.%s", name) for name in names),
        )


def _rhythm():
    """Return how gaps of a product are mixed with those of the customer."""
    from ...engine.customers.behaviour import SHRINKAGE
    from ...engine.customers.rhythm import DEFAULT_GAP_DAYS

    return {"shrinkage": SHRINKAGE, "usual": DEFAULT_GAP_DAYS}


def _nearness():
    """Return by what the nearness of two products is shrunk."""
    from ...engine.customers.neighbours import LEAST_BUYERS, SHRINKAGE

    return {"shrinkage": SHRINKAGE, "least": LEAST_BUYERS}
