"""SQL of exchange rates, resolved as Odoo does.

Without a look-up for each row.

Odoo takes the last rate up to a day, else the first one after it; the rates of a
company's main company come before those of all companies. Here all of this becomes two
sorted arrays, keys and rates, which a statement works out once, and only where it meets
an amount in a foreign currency; each such amount is one binary search.
"""

from odoo.tools import SQL

from ...copy_frames import TOO_LARGE

# Parts of a key: main company, currency, and days since 1970.
_COMPANY = 10**13
_CURRENCY = 10**7

# The main companies, which alone keep rates; that of a company as ``company``.
ALL_ROOTS = SQL("SELECT id FROM res_company WHERE parent_id IS NULL")
ROOT_OF_COMPANY = SQL("split_part(company.parent_path, '/', 1)::integer")


def with_rates(query, roots=ALL_ROOTS):
    """Return SQL of a statement that uses :func:`conversion_factor`.

    :param query: SQL that begins with its verb
    :param roots: SQL of a select of the ``id`` of the main companies that it names
    """
    return SQL(
        "WITH rate_step AS MATERIALIZED ("
        "SELECT array_agg(s.key ORDER BY s.key, s.day) AS keys,"
        " array_agg(s.rate ORDER BY s.key, s.day) AS rates FROM %s) %s",
        _steps(roots),
        query,
    )


def conversion_factor(root, currency, own_currency, day):
    """Return the SQL of the factor between two currencies on a day.

    A float8, NULL without a rate, NaN for an unusable rate.

    :param root: SQL of the main company, which keeps the rates
    :param currency: SQL of the currency that is converted
    :param own_currency: SQL of the currency of the result; without rates it is the one
        to which those of the others refer
    :param day: SQL of a date
    """
    return SQL(
        "COALESCE(NULLIF(%(own)s, 0), 1) / NULLIF(%(other)s, 0)",
        own=_rate(root, own_currency, day),
        other=_rate(root, currency, day),
    )


def _rate(root, currency, day):
    """Return the SQL of the rate on a day.

    0 where there is none, NaN where it is unusable.
    """
    return SQL(
        "(SELECT rates FROM rate_step)[width_bucket(%s, (SELECT keys FROM rate_step))]",
        _key(root, currency, day),
    )


def _key(root, currency, day):
    return SQL(
        "(%(root)s * %(company_part)s::bigint"
        " + %(currency)s * %(currency_part)s::bigint"
        " + (LEAST(GREATEST(%(day)s, DATE '1970-01-01'), DATE '9999-12-31')"
        " - DATE '1970-01-01'))",
        root=root,
        company_part=_COMPANY,
        currency=currency,
        currency_part=_CURRENCY,
        day=day,
    )


def _steps(roots):
    """Return the SQL of each rate from the day on which it begins.

    Columns ``(key, day, rate)``.

    Every currency has a first step, before all days: its first rate, or 0. Rates of
    all companies hold only before the first one of the main company itself.
    """
    return SQL(
        """
        (WITH root AS (%(roots)s), known AS (
                SELECT root.id AS root, r.currency_id AS currency, r.name AS day,
                       COALESCE(NULLIF(r.rate, 0), 'NaN')::float8 AS rate,
                       r.company_id IS NOT NULL AS is_own,
                       min(r.name) FILTER (WHERE r.company_id IS NOT NULL)
                           OVER (PARTITION BY root.id, r.currency_id) AS first_own,
                       row_number() OVER (PARTITION BY root.id, r.currency_id
                                          ORDER BY r.company_id, r.name) AS place
                  FROM root
                  JOIN res_currency_rate r
                    ON r.company_id IS NULL OR r.company_id = root.id)
         SELECT %(key)s AS key, step.day,
                CASE WHEN step.rate = 0
                       OR step.rate BETWEEN 1 / %(most)s::float8 AND %(most)s
                     THEN step.rate ELSE 'NaN' END AS rate
           FROM (SELECT root.id AS root, c.id AS currency, DATE '-infinity' AS day,
                        COALESCE(known.rate, 0) AS rate
                   FROM root
                  CROSS JOIN res_currency c
                   LEFT JOIN known ON known.root = root.id
                         AND known.currency = c.id AND known.place = 1
                  UNION ALL
                 SELECT root, currency, day, rate
                   FROM known
                  WHERE is_own OR first_own IS NULL OR day < first_own) step) s
        """,
        key=_key(SQL("step.root"), SQL("step.currency"), SQL("step.day")),
        most=TOO_LARGE,
        roots=roots,
    )


def digits_of(currency):
    """SQL of the decimals of a currency.

    :param currency: SQL of the alias of a row of ``res_currency``
    """
    return SQL(
        "CASE WHEN %(c)s.rounding > 0 AND %(c)s.rounding < 1"
        " THEN ceil(log(1 / %(c)s.rounding))::integer ELSE 0 END",
        c=currency,
    )


def at_rate_of_company(amount, foreign_amount, currency, day):
    """Return the SQL of an amount in the currency of its company.

    The company is a row of ``res_company`` as ``company``; NULL without a rate of the
    day.

    :param amount: SQL of the amount where it is in that currency
    :param foreign_amount: SQL of the amount where it is in another one
    :param currency: SQL of the currency
    :param day: SQL of a date
    """
    factor = conversion_factor(
        root=ROOT_OF_COMPANY,
        currency=currency,
        own_currency=SQL("company.currency_id"),
        day=day,
    )
    return SQL(
        "CASE WHEN %s = company.currency_id THEN %s"
        " ELSE (%s)::numeric * NULLIF(%s, 'NaN')::numeric END",
        currency,
        amount,
        foreign_amount,
        factor,
    )
