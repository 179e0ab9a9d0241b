"""Give the rules of each kind records and versions of their own.

There is one record for each version whose rules for customers, products or campaigns
differed from the one before. Policies refer to them, lines of tiers, scores and
segments belong to those of customers. The input of a run stays the same, so that nobody
moves.
"""

from odoo.tools import SQL
from odoo.tools.sql import column_exists, table_exists

POLICY = "classification_policy"
# {kind of lines: what a policy has one line of}
LINES = {"tier": "tier_id", "metric": "metric", "segment": "segment_id"}
# Columns of the policies that go to the rules of a kind. Those of 19.0.1.0.0 go along.
CUSTOMER = (
    *("prospect_scope", "customers_per_bin", "limit_tolerance", "value_metric"),
    *("tier_method", "min_orders", "min_tenure_days", "min_customers", "keep_margin"),
    *("grace_days", "one_step_down", "shrinkage", "min_gap_days", "new_days"),
    *("loyal_orders", "loyal_tenure_days", "dormant_ratio", "dormant_min_days"),
    *("lost_ratio", "lost_min_days", "won_back_days", "at_risk_ratio"),
    *("decline_growth", "growth_min_orders", "refund_share", "risk_overdue"),
    *("risk_far_overdue", "risk_declining", "risk_refunds", "risk_medium_from"),
    *("risk_high_from", "tier_ties", "share_of", "count_archived", "no_value_rule"),
    *("no_value_tier_id", "bins", "weight_recency", "weight_frequency"),
    "weight_monetary",
)
KINDS = {"customer": CUSTOMER, "product": "product_%", "campaign": "campaign_%"}
# What a version is known by, on policies and on rules.
COMMON = (
    *("company_id", "state", "published_date", "published_by_id"),
    *("create_uid", "create_date", "write_uid", "write_date"),
)


def migrate(cr, version):
    if not table_exists(cr, POLICY) or table_exists(cr, "customer_rules"):
        return
    _rename_versions_since(cr)
    lines = _policy_lines(cr)
    policies = _policies(cr)
    for kind in KINDS:
        columns = _columns(cr, kind)
        _make_table(cr, kind, columns)
        said = _said(cr, columns)
        if kind == "customer":
            said = {id_: (values, lines.get(id_)) for id_, values in said.items()}
        _make_rules(cr, kind, columns, _stand_ins(policies, said))
        for column in columns:
            cr.execute(
                SQL(
                    "ALTER TABLE %s DROP COLUMN %s CASCADE",
                    *map(SQL.identifier, (POLICY, column)),
                )
            )
            _forget_constraint(cr, f"{POLICY}_{column}_fkey")
    _repoint_lines(cr)


def _rename_versions_since(cr):
    """The names of the versions since which rules are the same make room."""
    for kind in KINDS:
        old, new = f"{kind}_rules_id", f"{kind}_since_id"
        if not column_exists(cr, POLICY, old):
            continue
        table, key = SQL.identifier(POLICY), f"{POLICY}_{old}_fkey"
        names = SQL("%s TO %s", SQL.identifier(old), SQL.identifier(new))
        cr.execute(SQL("ALTER TABLE %s RENAME COLUMN %s", table, names))
        cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
                table,
                SQL.identifier(key),
            )
        )
        _forget_constraint(cr, key)  # Odoo makes it again by the new name


def _forget_constraint(cr, name):
    """Remove Odoo's record of a constraint whose column is gone."""
    cr.execute(SQL("DELETE FROM ir_model_constraint WHERE name = %s", name))


def _columns(cr, kind):
    """Return a kind's columns of the earlier release, in their order."""
    wanted = KINDS[kind]
    condition = (
        SQL("column_name LIKE %s AND column_name NOT LIKE %s", wanted, r"%\_id")
        if isinstance(wanted, str)
        else SQL("column_name = ANY(%s)", list(wanted))
    )
    cr.execute(
        SQL(
            """
            SELECT column_name FROM information_schema.columns
             WHERE table_schema = current_schema AND table_name = %s AND %s
             ORDER BY ordinal_position
            """,
            POLICY,
            condition,
        )
    )
    return [name for (name,) in cr.fetchall()]


def _policies(cr):
    """Return ``[(id, company, state)]`` in the order of coming into force.

    Drafts come last.
    """
    cr.execute(
        """
        SELECT id, company_id, state FROM classification_policy
         ORDER BY company_id, state = 'draft', published_date, id
        """
    )
    return cr.fetchall()


def _said(cr, columns):
    """Return ``{policy: its values}`` in some columns."""
    names = SQL(", ").join(map(SQL.identifier, ("id", *columns)))
    cr.execute(SQL("SELECT %s FROM %s", names, SQL.identifier(POLICY)))
    return {id_: _plain(values) for id_, *values in cr.fetchall()}


def _plain(values):
    """Values as Odoo reads them: NULL is 0, no and nothing."""
    return [value or False for value in values]


def _policy_lines(cr):
    """``{policy: its lines, without their numbers}``"""
    said = {}
    for line, key in LINES.items():
        table = f"{POLICY}_{line}"
        if not table_exists(cr, table):
            continue
        cr.execute(
            SQL(
                "SELECT policy_id, to_jsonb(l) - %s::text[] FROM %s l",
                ["id", "policy_id", *COMMON],
                SQL.identifier(table),
            )
        )
        for policy, values in cr.fetchall():
            of_policy = said.setdefault(policy, {})
            # What is compared are values, not how the database writes them: 20 is 20.0.
            of_policy[line, values[key]] = dict(
                zip(values, _plain(values.values()), strict=True)
            )
    return said


def _stand_ins(policies, said):
    """Return ``{policy: the policy whose rules it has}``.

    The one before, if its rules are the same. A draft has rules of its own, to be
    changed.
    """
    stand_ins, before, company_before = {}, None, None
    for id_, company, state in policies:
        if company != company_before:
            before, company_before = None, company
        is_same = before and state != "draft" and said[id_] == said[before]
        stand_ins[id_] = stand_ins[before] if is_same else id_
        before = id_
    return stand_ins


def _make_table(cr, kind, columns):
    """Create the table of a kind with the existing columns.

    Odoo adds the missing ones.
    """
    table = SQL.identifier(f"{kind}_rules")
    cr.execute(
        SQL(
            "CREATE TABLE %s AS SELECT %s FROM %s WHERE FALSE",
            table,
            SQL(", ").join(map(SQL.identifier, (*COMMON, *columns))),
            SQL.identifier(POLICY),
        )
    )
    cr.execute(
        SQL(
            "ALTER TABLE %s ADD COLUMN id serial NOT NULL PRIMARY KEY,"
            " ADD COLUMN version integer, ADD COLUMN policy_id integer",
            table,
        )
    )
    cr.execute(
        SQL(
            "ALTER TABLE %s ADD COLUMN %s integer",
            SQL.identifier(POLICY),
            SQL.identifier(f"{kind}_rules_id"),
        )
    )


def _make_rules(cr, kind, columns, stand_ins):
    """Create one record for each policy with rules of its own.

    With the state of the last policy that has them, numbered in their order; and have
    policies name them.
    """
    names = SQL(", ").join(map(SQL.identifier, (*COMMON, *columns)))
    values = {
        "rules": SQL.identifier(f"{kind}_rules"),
        "field": SQL.identifier(f"{kind}_rules_id"),
        "names": names,
        "policies": list(stand_ins),
        "stand_ins": list(stand_ins.values()),
    }
    cr.execute(
        SQL(
            """
            INSERT INTO %(rules)s (policy_id, %(names)s)
            SELECT id, %(names)s FROM classification_policy
             WHERE id = ANY(%(stand_ins)s)
             ORDER BY company_id, state = 'draft', published_date, id
            """,
            **values,
        )
    )
    cr.execute(
        SQL(
            """
            UPDATE classification_policy p SET %(field)s = r.id
              FROM unnest(%(policies)s, %(stand_ins)s) AS has(policy_id, stand_in)
              JOIN %(rules)s r ON r.policy_id = has.stand_in
             WHERE p.id = has.policy_id
            """,
            **values,
        )
    )
    cr.execute(
        SQL(
            """
            UPDATE %(rules)s r SET state = 'published'
             WHERE EXISTS (SELECT FROM classification_policy p
                            WHERE p.%(field)s = r.id AND p.state = 'published')
            """,
            **values,
        )
    )
    cr.execute(
        SQL(
            """
            UPDATE %(rules)s r SET version = numbered.place
              FROM (SELECT id, row_number() OVER (PARTITION BY company_id ORDER BY id)
                           AS place FROM %(rules)s) AS numbered
             WHERE numbered.id = r.id
            """,
            **values,
        )
    )


def _repoint_lines(cr):
    """Assign lines to the rules of their policy.

    Lines of policies with the same rules as the one before are there once.
    """
    for line in LINES:
        table = SQL.identifier(f"{POLICY}_{line}")
        if not table_exists(cr, f"{POLICY}_{line}"):
            continue
        cr.execute(SQL("ALTER TABLE %s ADD COLUMN rules_id integer", table))
        cr.execute(
            SQL(
                "UPDATE %s l SET rules_id = r.id FROM customer_rules r"
                " WHERE r.policy_id = l.policy_id",
                table,
            )
        )
        cr.execute(SQL("DELETE FROM %s WHERE rules_id IS NULL", table))
        cr.execute(SQL("ALTER TABLE %s DROP COLUMN policy_id CASCADE", table))
        _forget_constraint(cr, f"{POLICY}_{line}_policy_id_fkey")
    for kind in KINDS:
        rules = SQL.identifier(f"{kind}_rules")
        cr.execute(SQL("ALTER TABLE %s DROP COLUMN policy_id", rules))
