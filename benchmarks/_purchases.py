"""Realistic purchases of any number of customers, always the same.

Set-based.

Chance comes from hashes of the row's number, so that a size and a seed give the same
rows on every machine, whatever order PostgreSQL takes them in. Only the sources of the
facts are filled: orders have their sums and no lines, since the sums are
read; credit notes have no journal items.

- 20 % of the customers are companies with one to three contacts, who place most of
  the orders; 1 % are archived;
- 40 % bought once, the others 2 to 280 times (lognormal), five times on average over
  all, from a first day in the last four years until today or, half of them, until they
  are lost, with a season that peaks in early December; in the order of their dates, as
  in a grown database;
- amounts are lognormal around the customer's own level; some are zero or negative;
- 80 % of the customers belong to the main company (USD), the others to a second one
  (EUR), some to both; 12 % buy in the currency that is not their company's;
- 3 % of the orders have a posted credit note, 2 % of the customers a quotation and
  3 % an opportunity, open and closed ones.
"""

import json
from datetime import date, timedelta

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

SEED = 1
AS_OF = date(2026, 6, 30)
DAYS = 4 * 365
SECOND_COMPANY = "Bench Second Company"

# Functions for all data, and those that later let customers buy again.
HELPERS = """
CREATE SCHEMA bench;

-- A number in [0, 1) from the number of a row and of a use.
CREATE FUNCTION bench.chance(number bigint, use int) RETURNS float8
IMMUTABLE PARALLEL SAFE LANGUAGE SQL AS $$
SELECT (hashint8extended(number, use + 1000 * %(seed)s) & 4503599627370495)::float8
       / 4503599627370496
$$;

-- A number of the standard normal distribution (Box and Muller).
CREATE FUNCTION bench.normal(number bigint, use int) RETURNS float8
IMMUTABLE PARALLEL SAFE LANGUAGE SQL AS $$
SELECT sqrt(-2 * ln(1 - bench.chance(number, use)))
       * cos(2 * pi() * bench.chance(number, use + 500))
$$;

-- Days since 1970 moved towards early December; the last day stays in its place.
CREATE FUNCTION bench.season(day float8, last float8) RETURNS float8
IMMUTABLE PARALLEL SAFE LANGUAGE SQL AS $$
SELECT day + 18 * (sin((day - 157) * 2 * pi() / 365.25)
                   - sin((last - 157) * 2 * pi() / 365.25))
$$;
"""

CUSTOMERS = """
CREATE TABLE bench.customer AS
SELECT i AS number,
       %(partner)s + i AS partner_id,
       is_company,
       contacts,
       %(partner)s + %(customers)s + sum(contacts) OVER (ORDER BY i) - contacts
           AS before_contact,
       orders,
       age,
       -- Half of them still buy, the others stopped at some time in between.
       age * greatest(0, 2 * bench.chance(i, 6) - 1) AS quiet,
       CASE WHEN bench.chance(i, 7) < 0.8 THEN %(main)s ELSE %(second)s END
           AS company_id,
       bench.chance(i, 8) < 0.05 AS in_both,
       bench.chance(i, 9) < 0.12 AS is_foreign,
       exp(3.8 + 0.8 * bench.normal(i, 10)) * CASE WHEN is_company THEN 4 ELSE 1 END
           AS level
  FROM (SELECT i, is_company, orders,
               CASE WHEN is_company
                    THEN 1 + floor(3 * bench.chance(i, 2))::int ELSE 0 END
                   AS contacts,
               -- Who buys often did not begin yesterday.
               %(days)s * power(bench.chance(i, 5), 1 / (1 + ln(orders) / 3)) AS age
          FROM (SELECT i, bench.chance(i, 1) < 0.2 AS is_company,
                       CASE WHEN bench.chance(i, 3) < 0.4 THEN 1 ELSE least(
                           280, 2 + floor(exp(1.215 + 1.1 * bench.normal(i, 4)))::int)
                       END AS orders
                  FROM generate_series(1, %(customers)s::bigint) i) kind) habit
"""

PARTNERS = """
INSERT INTO res_partner
       (id, name, complete_name, type, lang, active, is_company, partner_share,
        commercial_partner_id, customer_rank, supplier_rank, autopost_bills, color,
        email, phone, street, city, create_uid, write_uid, create_date, write_date)
SELECT partner_id, label, label, 'contact', 'en_US',
       bench.chance(number, 11) >= 0.01, is_company, TRUE, partner_id, orders, 0,
       'ask', 0, 'c' || number || '@example.com', '+1 555 ' || number,
       number || ' Main Street', 'Springfield', 1, 1, created, created
  FROM (SELECT *, CASE WHEN is_company THEN 'Company ' ELSE 'Person ' END || number
                      AS label,
               (%(as_of)s::date - age::int)::timestamp AS created
          FROM bench.customer) customer
 ORDER BY number
"""

CONTACTS = """
INSERT INTO res_partner
       (id, name, complete_name, type, lang, active, is_company, partner_share,
        parent_id, commercial_partner_id, commercial_company_name, customer_rank,
        supplier_rank, autopost_bills, color, email, create_uid, write_uid,
        create_date, write_date)
SELECT before_contact + k, 'Contact ' || k, 'Company ' || number || ', Contact ' || k,
       'contact', 'en_US', TRUE, FALSE, TRUE, partner_id, partner_id,
       'Company ' || number, 0, 0, 'ask', 0, 'c' || number || '.' || k
       || '@example.com', 1, 1, created, created
  FROM (SELECT *, (%(as_of)s::date - age::int)::timestamp AS created
          FROM bench.customer) customer
 CROSS JOIN LATERAL generate_series(1, contacts) k
"""

# A purchase of a customer by a contact, in a company and a currency.
SALE = """
SELECT partner_id AS customer_id, company, at, amount,
       CASE WHEN contacts > 0 AND bench.chance(key, 21) < 0.85
            THEN before_contact + 1 + floor(contacts * bench.chance(key, 22))::int
            ELSE partner_id END AS buyer,
       CASE WHEN (company = %(main)s) = is_foreign THEN %(foreign)s ELSE %(home)s END
           AS currency,
       -- Units of the order's currency for one of the company's, at its own day.
       CASE WHEN NOT is_foreign THEN 1
            WHEN company = %(main)s THEN rate ELSE round(1 / rate, 6) END AS rate
  FROM (SELECT c.*,
               CASE WHEN in_both AND bench.chance(key, 23) < 0.3
                    THEN %(main)s + %(second)s - company_id ELSE company_id END
                   AS company,
               round((level * exp(0.5 * bench.normal(key, 24))
                      * CASE WHEN bench.chance(key, 25) < 0.005 THEN -0.5
                             WHEN bench.chance(key, 25) < 0.007 THEN 0 ELSE 1 END
                     )::numeric, 2) AS amount,
               round(0.92 + 0.05 * sin(extract(epoch FROM at) / 86400 / 90)::numeric,
                     6) AS rate
          FROM (%(times)s) c) sale
"""

TIMES = """
SELECT c.*, number * 1000 + k AS key,
       date_trunc('second', timestamp '1970-01-01' + interval '1 day' * least(
           bench.season(
               %(last)s - age + CASE WHEN k = 1 THEN 0 ELSE
                   (age - quiet) * bench.chance(number * 1000 + k, 20) END,
               %(last)s),
           %(last)s - 0.001)) AS at
  FROM bench.customer c
 CROSS JOIN LATERAL generate_series(1, orders) k
"""

# Purchases added in the course of a day.
AGAIN_TIMES = """
SELECT c.*, number * 1000 + 999 - %(turn)s AS key,
       %(day)s::date
           + interval '1 second' * floor(86400 * bench.chance(number, 30)) AS at
  FROM bench.customer c
 WHERE company_id = %(main)s
   AND bench.chance(number, 100 + %(turn)s) < 0.02
"""

ORDERS = """
INSERT INTO sale_order
       (id, name, partner_id, partner_invoice_id, partner_shipping_id, company_id,
        currency_id, currency_rate, date_order, state, locked, invoice_status,
        amount_untaxed, amount_tax, amount_total, user_id, access_token,
        require_signature, require_payment, prepayment_percent, client_order_ref,
        create_uid, write_uid, create_date, write_date)
SELECT id, %(prefix)s || id, buyer, customer_id, buyer, company, currency, rate, at,
       'sale', FALSE, 'invoiced', paid, round(paid * 0.2, 2), round(paid * 1.2, 2), 2,
       md5(id::text), TRUE, FALSE, 1, %(prefix)s, 1, 1, at, at
  FROM (SELECT *, %(order)s + row_number() OVER (ORDER BY at, buyer, amount) AS id,
               round(amount * rate, 2) AS paid
          FROM (%(sales)s) sale) numbered
 ORDER BY id
"""

QUOTATIONS = """
INSERT INTO sale_order
       (id, name, partner_id, partner_invoice_id, partner_shipping_id, company_id,
        currency_id, currency_rate, date_order, state, locked, invoice_status,
        amount_untaxed, amount_tax, amount_total, user_id, validity_date, create_uid,
        write_uid, create_date, write_date)
SELECT %(order)s + row_number() OVER (ORDER BY number), 'Q' || number, partner_id,
       partner_id, partner_id, company_id,
       CASE WHEN company_id = %(main)s THEN %(home)s ELSE %(foreign)s END, 1, at,
       CASE WHEN bench.chance(number, 41) < 0.5 THEN 'draft' ELSE 'sent' END, FALSE,
       'no', round(level::numeric, 2), 0, round(level::numeric, 2), 2,
       at::date + 45, 1, 1, at, at
  FROM (SELECT *, %(as_of)s::date - interval '1 day' * floor(
                      60 * bench.chance(number, 42)) AS at
          FROM bench.customer WHERE bench.chance(number, 40) < 0.02) c
"""

OPPORTUNITIES = """
INSERT INTO crm_lead
       (name, type, partner_id, company_id, active, won_status, expected_revenue,
        priority, user_id, date_closed, create_uid, write_uid, create_date, write_date)
SELECT 'Opportunity ' || number, 'opportunity', partner_id, company_id, TRUE,
       CASE WHEN won THEN 'won' ELSE 'pending' END, round(3 * level::numeric, 2), '0',
       2, CASE WHEN won THEN created + interval '10 days' END, 1, 1, created, created
  FROM (SELECT *, bench.chance(number, 51) < 0.4 AS won,
               (%(as_of)s::date - 15 - floor(90 * bench.chance(number, 52))::int
               )::timestamp AS created
          FROM bench.customer WHERE bench.chance(number, 50) < 0.03) c
"""

CREDIT_NOTES = """
INSERT INTO account_move
       (name, journal_id, company_id, partner_id, commercial_partner_id, currency_id,
        state, move_type, auto_post, date, invoice_date, payment_state,
        amount_untaxed, amount_total, amount_untaxed_signed, amount_total_signed,
        amount_untaxed_in_currency_signed, sequence_prefix, sequence_number,
        create_uid, write_uid, create_date, write_date)
SELECT 'RINV/' || id, %(journal)s, company_id, partner_id, partner_invoice_id,
       currency_id, 'posted', 'out_refund', 'no', day, day, 'not_paid', part, part,
       -round(part / currency_rate, 2), -round(part / currency_rate, 2), -part,
       'RINV/', id,
       1, 1, day, day
  FROM (SELECT *, (date_order + interval '1 day' * (3 + floor(20 * bench.chance(id, 61)
                  )))::date AS day,
               round(amount_untaxed * CASE WHEN bench.chance(id, 62) < 0.6 THEN 1
                     ELSE 0.3 END, 2) AS part
          FROM sale_order
         WHERE state = 'sale' AND amount_untaxed > 0
           AND company_id = %(main)s AND bench.chance(id, 60) < 0.03) o
 WHERE day <= %(as_of)s
"""

# A line of each credit note and of the order that it takes back.
CREDITED = """
WITH order_line AS (
    INSERT INTO sale_order_line
           (order_id, name, product_id, product_uom_id, product_uom_qty, price_unit,
            price_subtotal, currency_id, company_id, order_partner_id, state,
            customer_lead, create_uid, write_uid)
    SELECT o.id, 'Goods', %(product)s, %(unit)s, 1, o.amount_untaxed, o.amount_untaxed,
           o.currency_id, o.company_id, o.partner_id, o.state, 0, 1, 1
      FROM account_move m JOIN sale_order o ON o.id = m.sequence_number
     WHERE m.sequence_prefix = 'RINV/'
    RETURNING id, order_id
), move_line AS (
    INSERT INTO account_move_line
           (move_id, move_name, name, display_type, account_id, product_id, quantity,
            price_unit, price_subtotal, currency_id, company_id, partner_id, date,
            parent_state, debit, credit, balance, amount_currency, create_uid,
            write_uid)
    SELECT m.id, m.name, 'Goods', 'product', %(account)s, %(product)s, 1,
           m.amount_untaxed, m.amount_untaxed, m.currency_id, m.company_id,
           m.partner_id, m.date, m.state, -m.amount_untaxed_signed, 0,
           -m.amount_untaxed_signed, m.amount_untaxed, 1, 1
      FROM account_move m
     WHERE m.sequence_prefix = 'RINV/'
    RETURNING id, move_id
)
INSERT INTO sale_order_line_invoice_rel (invoice_line_id, order_line_id)
SELECT l.id, s.id
  FROM move_line l
  JOIN account_move m ON m.id = l.move_id
  JOIN order_line s ON s.order_id = m.sequence_number
"""

FILLED = (
    *("res_partner", "sale_order", "sale_order_line", "crm_lead", "account_move"),
    "account_move_line",
)
NEXT_NUMBER = """
SELECT setval(pg_get_serial_sequence(%(table)s, 'id'), (SELECT max(id) FROM %(name)s))
"""


def fill(registry, customers, has_second_company=True):
    """Fill a database in which at most the addon is installed.

    :param has_second_company: whether a fifth of the customers belong to a second
        company; else all belong to the main one
    """
    names = _names(registry, customers, has_second_company)
    with registry.cursor() as cr:
        cr.execute("SET LOCAL synchronous_commit = off")
        # Foreign keys hold by construction; looking each up would double the time.
        cr.execute("SET LOCAL session_replication_role = replica")
        cr.execute(HELPERS, {"seed": SEED})
        for statement in (CUSTOMERS, PARTNERS, CONTACTS):
            cr.execute(statement, names)
        cr.execute("CREATE UNIQUE INDEX ON bench.customer (partner_id)")
        cr.execute("ANALYZE bench.customer")
        cr.execute(_orders(names, TIMES, "SO"))
        names["order"] = _highest_id(cr, "sale_order")
        for statement in (QUOTATIONS, OPPORTUNITIES, CREDIT_NOTES, CREDITED):
            cr.execute(statement, names)
        # The rates were entered long ago: no run has to look again because of them.
        if "classification.rate.change" in registry:
            cr.execute("DELETE FROM classification_rate_change")
        _continue_numbers(cr)
    vacuum(registry, *FILLED)


def _names(registry, customers, has_second_company):
    """Ids and sizes by the names under which the statements use them."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        main = second = env.ref("base.main_company")
        euro = env.ref("base.EUR")
        euro.active = True
        _create_rate(env, main, euro, 0.92)
        if has_second_company:
            second = env["res.company"].create(
                {"name": SECOND_COMPANY, "currency_id": euro.id}
            )
            _create_rate(env, second, main.currency_id, 1 / 0.92)
        env.flush_all()
        return {
            "customers": customers,
            "days": DAYS,
            "as_of": AS_OF,
            "last": (AS_OF - date(1970, 1, 1)).days + 1,
            "partner": _highest_id(cr, "res_partner"),
            "order": _highest_id(cr, "sale_order"),
            "main": main.id,
            "second": second.id,
            "home": main.currency_id.id,
            "foreign": euro.id,
            "journal": env["account.journal"].search([("type", "=", "sale")]).id,
            "account": env["account.account"].search([], limit=1).id,
            **_create_product(env),
        }


def _create_product(env):
    """Create the one product of credit notes, and its unit."""
    product = env["product.product"].create({"name": "Goods"})
    env.flush_all()
    return {"product": product.id, "unit": product.uom_id.id}


def _create_rate(env, company, currency, rate):
    """Create the rate of a company's foreign currency.

    An order in a currency without any rate is excluded. The orders carry the rates of
    their own days.
    """
    env["res.currency.rate"].create(
        {
            "currency_id": currency.id,
            "company_id": company.id,
            "name": AS_OF - timedelta(DAYS),
            "rate": rate,
        }
    )


def _highest_id(cr, table):
    cr.execute(SQL("SELECT COALESCE(max(id), 0) FROM %s", SQL.identifier(table)))
    return cr.fetchone()[0]


def _orders(names, times, prefix):
    """The insert of the orders at the times that a select gives."""
    sales = SQL(SALE, **{**names, "times": SQL(times, **names)})
    return SQL(ORDERS, **{**names, "sales": sales, "prefix": prefix})


def _continue_numbers(cr):
    """Let the next record of the user get a number of its own."""
    for table in FILLED:
        cr.execute(SQL(NEXT_NUMBER, table=table, name=SQL.identifier(table)))


def vacuum(registry, *tables):
    """Vacuum as autovacuum would do some minutes later."""
    with registry.cursor() as cr:
        cr.connection.rollback()
        cr.connection.autocommit = True
        for table in tables:
            cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(table)))
        cr.connection.autocommit = False


def names_of(registry):
    """The names of a database that is filled already."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        main = env.ref("base.main_company")
        second = env["res.company"].search([("name", "=", SECOND_COMPANY)])
        return {
            "as_of": AS_OF,
            "main": main.id,
            "second": second.id,
            "home": main.currency_id.id,
            "foreign": second.currency_id.id,
        }


def buy_again(registry, turn, day):
    """Create one more order on a day for 2 % of the customers.

    Customers of the main company, other ones at each turn; return how many.
    """
    names = names_of(registry)
    with registry.cursor() as cr:
        names |= {"turn": turn, "day": day, "order": _highest_id(cr, "sale_order")}
        cr.execute(_orders(names, AGAIN_TIMES, "AGAIN"))
        count = cr.rowcount
        _continue_numbers(cr)
    return count


def forget_again(registry):
    """Remove the orders of earlier turns.

    So every run starts from the same state.
    """
    with registry.cursor() as cr:
        cr.execute("SET LOCAL session_replication_role = replica")
        cr.execute("DELETE FROM sale_order WHERE client_order_ref = 'AGAIN'")
        if not cr.rowcount:
            return
    vacuum(registry, "sale_order")


def signature(customers, digest):
    """Return the signature that a filled database carries."""
    return json.dumps({"customers": customers, "seed": SEED, "filled by": digest})
