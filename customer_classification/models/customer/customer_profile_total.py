from contextlib import contextmanager

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from .prediction import MOST_NAMED

# Columns of the profiles by which they are added up.
CLASSES = (
    *("value_tier_id", "lifecycle_stage_id", "churn_risk", "segment_id"),
    *("score_recency", "score_frequency", "is_foreign"),
)
KINDS = [
    ("whole", "All Profiles"),
    ("change", "Change"),
    ("doubt", "In Doubt"),
]


class CustomerProfileTotal(models.Model):
    """Number and revenue of the customers of a company by their classes.

    A ledger that runs keep, so that the overview need not read a million profiles. A
    run over all writes the totals of all profiles; other runs take out what they found
    and add what they left. Rows are only added, so that nobody waits for anybody; the
    next run over all replaces those that it sees.

    Where profiles came, went or changed their owner without a run (contacts deleted or
    merged, objections), the totals are in doubt until the next run that adds up all:
    readers then count the profiles themselves.
    """

    _name = "customer.profile.total"
    _description = "Total of Customer Profiles"
    _log_access = False

    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(KINDS, required=True)
    value_tier_id = fields.Many2one("customer.value.tier", ondelete="cascade")
    lifecycle_stage_id = fields.Many2one("customer.lifecycle.stage", ondelete="cascade")
    churn_risk = fields.Char()
    segment_id = fields.Many2one("customer.segment", ondelete="cascade")
    score_recency = fields.Integer(aggregator=None)
    score_frequency = fields.Integer(aggregator=None)
    is_foreign = fields.Boolean(help="The contact belongs to another company.")
    customer_count = fields.Integer(
        aggregator=None, help="Below 0 where customers were taken out."
    )
    revenue = fields.Float(digits=0, groups=MONEY_GROUP, aggregator=None)

    # Reading

    @api.model
    def _is_sound(self, companies, is_own=False):
        """Return whether the totals of all of some companies hold: one query.

        :param is_own: whether they have to be of own contacts, or of those of no
            company, which is what a user without all companies may read
        """
        [[known, doubtful, foreign]] = self.env.execute_query(
            SQL(
                """
                SELECT count(DISTINCT company_id) FILTER (WHERE kind = 'whole'),
                       count(*) FILTER (WHERE kind = 'doubt'),
                       sum(customer_count) FILTER (WHERE is_foreign)
                  FROM customer_profile_total WHERE company_id = ANY(%s)
                """,
                companies.ids,
            )
        )
        is_mixed = is_own and foreign
        return known == len(companies) and not doubtful and not is_mixed

    @api.model
    def _sums(self, companies, classes, condition=None):
        """Return ``[(*classes, customers, revenue)]`` of the ledger: one query.

        :param classes: names of some of ``CLASSES``
        :param condition: SQL on ``CLASSES``
        """
        names = SQL(", ").join(map(SQL.identifier, classes))
        return self.env.execute_query(
            SQL(
                """
                SELECT %(names)s, sum(customer_count), sum(revenue)
                  FROM customer_profile_total
                 WHERE company_id = ANY(%(companies)s) AND kind <> 'doubt'
                       AND %(condition)s
                 GROUP BY %(names)s HAVING sum(customer_count) <> 0
                """,
                names=names,
                companies=companies.ids,
                condition=condition or SQL("TRUE"),
            )
        )

    @api.model
    def _differences(self, company):
        """Return the classes whose totals differ from the profiles: one query.

        Rows of ``(*CLASSES, customers, revenue)``, the profiles' less those of the
        ledger. None while the totals are sound.
        """
        names = SQL(", ").join(map(SQL.identifier, CLASSES))
        return self.env.execute_query(
            SQL(
                """
                SELECT %(names)s, sum(customer_count), sum(revenue)
                  FROM (SELECT %(names)s, customer_count, revenue
                          FROM (%(profiles)s) profiles
                         UNION ALL
                        SELECT %(names)s, -customer_count, -revenue
                          FROM customer_profile_total
                         WHERE company_id = %(company)s AND kind <> 'doubt') both_sides
                 GROUP BY %(names)s
                HAVING sum(customer_count) <> 0 OR sum(revenue) <> 0
                """,
                names=names,
                profiles=_profiles_query(company),
                company=company.id,
            )
        )

    # Keeping

    @contextmanager
    def _following(self, run, partner_ids):
        """Keep the totals true while a run writes the profiles of some customers.

        Three queries where a profile may change, none where none does.

        :param partner_ids: ids of the customers whose profiles may change
        """
        if not partner_ids:
            yield
            return
        company, is_whole = run.company_id, run.scope == "all"
        is_few = len(partner_ids) <= MOST_NAMED
        follows = not is_whole and is_few and self._is_sound(company)
        if follows:
            self._add(company, "change", -1, partner_ids)
        yield
        if follows:
            self._add(company, "change", 1, partner_ids)
        elif run.scope != "some":
            self._add_up(company)
        else:
            self._doubt(SQL("SELECT %s::integer", company.id))

    @api.model
    def _add_up(self, company):
        """Write the totals of all profiles of a company: two queries.

        Rows that others added meanwhile, and this transaction does not see, stay true.
        """
        self.env.cr.execute(
            SQL("DELETE FROM customer_profile_total WHERE company_id = %s", company.id)
        )
        self._add(company, "whole", 1)

    @api.model
    def _add(self, company, kind, sign, partner_ids=None):
        """Add the totals of profiles as they are now: one query.

        :param sign: 1, or -1 to take them out
        :param partner_ids: the only customers; None for all
        """
        names = SQL(", ").join(map(SQL.identifier, CLASSES))
        # A whole of nobody is known to be so.
        nobody = SQL("UNION ALL SELECT %s, 'whole', %s, 0, 0", company.id, _NO_CLASSES)
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO customer_profile_total
                       (company_id, kind, %(names)s, customer_count, revenue)
                SELECT %(company)s, %(kind)s, %(names)s, %(sign)s * customer_count,
                       %(sign)s * revenue
                  FROM (%(profiles)s) p %(nobody)s
                """,
                company=company.id,
                names=names,
                kind=kind,
                sign=sign,
                profiles=_profiles_query(company, partner_ids),
                nobody=nobody if kind == "whole" else SQL(),
            )
        )
        self.invalidate_model()

    @api.model
    def _doubt_customers(self, partner_ids):
        """Doubt the totals of all companies with profiles of customers: one query."""
        if partner_ids:
            self._doubt(
                SQL(
                    "SELECT DISTINCT company_id FROM customer_profile"
                    " WHERE partner_id = ANY(%s)",
                    list(partner_ids),
                )
            )

    @api.model
    def _doubt(self, companies):
        self.env.cr.execute(
            SQL(
                "INSERT INTO customer_profile_total (company_id, kind, customer_count,"
                " revenue) SELECT company_id, 'doubt', 0, 0 FROM (%s) c(company_id)",
                companies,
            )
        )
        self.invalidate_model()


_NO_CLASSES = SQL(
    "NULL::integer, NULL::integer, NULL, NULL::integer, NULL, NULL, FALSE"
)


def _profiles_query(company, partner_ids=None):
    """Return SQL of active profiles, added up by ``CLASSES``.

    Of the contacts of other companies, which are few as a rule, an index knows.
    """
    return SQL(
        """
        SELECT %(names)s, count(*) AS customer_count,
               COALESCE(sum(revenue), 0) AS revenue
          FROM (SELECT *, partner_id IN (
                       SELECT p.id FROM res_company c
                         JOIN res_partner p ON p.company_id = c.id
                        WHERE c.id <> %(company)s) AS is_foreign
                  FROM customer_profile) f
         WHERE active AND company_id = %(company)s AND %(own)s
         GROUP BY %(names)s
        """,
        names=SQL(", ").join(map(SQL.identifier, CLASSES)),
        company=company.id,
        own=SQL("TRUE")
        if partner_ids is None
        else SQL("partner_id = ANY(%s)", partner_ids),
    )
