"""Classify the database in many ways and print hashes of the results.

    ./dev shell DB < tests/outside/scripts/hash_results.py

Two versions of the addon that give the same on copies of one database print the same
lines: ids, times and the order of rows do not count. All is rolled back.
"""

from datetime import timedelta

from odoo.tools import SQL

env = env  # noqa: F821, PLW0127  # `odoo shell` provides it

TABLES = (
    *("customer_profile", "classification_change", "classification_move"),
    *("classification_run", "classification_run_result", "classification_problem"),
    *("classification_back_test_line", "classification_override"),
    *("product_profile", "product_class_change", "product_class_move"),
    *("product_variant_class", "campaign_profile", "campaign_class_change"),
    "campaign_participant",
)
IGNORED = (
    *("id", "run_id", "create_date", "write_date", "create_uid", "write_uid"),
    *("start_date", "end_date", "duration", "watermark", "ended_date"),
)
# Names of columns in earlier versions.
RENAMED = {"moved_customer_percent": "moved_percent"}
# Earlier results, in the order in which they can be deleted.
FORGOTTEN = (
    *("customer_profile", "classification_change", "classification_move"),
    *("classification_problem", "classification_override", "product_profile"),
    *("product_class_change", "product_class_move", "product_variant_class"),
    *("product_class_override", "campaign_profile", "campaign_class_change"),
)


def forget():
    """Delete all results, so that both versions begin with the same."""
    if "classification.first.class" in env:
        env.cr.execute("DELETE FROM classification_first_class")
    for table in FORGOTTEN:
        env.cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
    env.cr.execute("DELETE FROM campaign_participant WHERE NOT is_entered")
    env.cr.execute("UPDATE classification_policy SET kept_run_id = NULL")
    env.cr.execute("DELETE FROM classification_run")
    env.invalidate_all()


def done(run):
    """Approve a run that waits, and have it done."""
    if run.state == "waiting":
        run.action_approve()
        run.sudo()._execute()
    if run.state != "done":
        raise SystemExit(f"{run.kind}: {run.state}: {run.error}")
    return run


def look_back(policy, today):
    for weeks in (26, 13, 6, 3, 1):
        day = today - timedelta(weeks=weeks)
        done(policy.recompute(day))
        done(policy.recompute_products(day))
        done(policy.recompute_campaigns(day))


def decide(policy):
    """Give the best customer and the best product other classes than computed."""
    company = policy.company_id
    today = policy._today()
    common = {
        "company_id": company.id,
        "reason": "Somebody knows better",
        "start_date": today,
        "end_date": today + timedelta(days=90),
    }
    order = {"order": "revenue desc, id", "limit": 1}
    own = [("company_id", "=", company.id)]
    customer = env["customer.profile"].search(own, **order).partner_id
    tier = policy.tier_ids.sorted("tier_sequence")[-1].tier_id
    env["classification.override"].create(
        {
            **common,
            "partner_id": customer.id,
            "axis": "value_tier",
            "tier_id": tier.id,
        }
    )
    product = env["product.profile"].search(own, **order).product_tmpl_id
    if product:
        env["product.class.override"].create(
            {**common, "product_tmpl_id": product.id, "axis": "abc", "abc_class": "c"}
        )


def arrive_late():
    """Have some orders dated back, as if they had been written now."""
    env.cr.execute(
        """
        UPDATE sale_order
           SET date_order = date_order - interval '40 days',
               write_date = now() AT TIME ZONE 'UTC'
         WHERE id % 17 = 0
        """
    )
    env.invalidate_all()


def try_out(policy, today):
    """Preview and publish other rules; return the new policy."""
    policy.action_new_version()
    own = [("company_id", "=", policy.company_id.id), ("state", "=", "draft")]
    draft = env["classification.policy"].search(own, order="id desc", limit=1)
    draft.write({"window_months": 18, "product_min_months": 3})
    line = draft.tier_ids.sorted("tier_sequence")[0]
    line.limit = line.limit * 1.5
    done(draft.recompute(kind="preview"))
    done(draft.recompute_products(kind="preview"))
    done(draft.recompute(today - timedelta(days=200), kind="back_test"))
    draft.keeps_grace = True
    done(draft.recompute(kind="preview"))
    done(draft.recompute_products(kind="preview"))
    draft.action_publish()
    return draft


def use(policy):
    policy = policy.with_company(policy.company_id)
    today = policy._today()
    look_back(policy, today)
    decide(policy)
    arrive_late()
    done(policy.refresh())
    done(policy.recompute())
    policy = try_out(policy, today)
    done(policy.recompute_products())
    done(policy.recompute_campaigns())
    done(policy.recompute())
    profiles = env["customer.profile"].search(
        [("company_id", "=", policy.company_id.id)], order="partner_id", limit=7
    )
    done(policy.recompute(partner_ids=profiles.partner_id.ids))
    done(policy.recompute())


def hash_of(table):
    """Return the number of rows of a table, and a hash of their contents."""
    env.cr.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s",
        [table],
    )
    names = [name for (name,) in env.cr.fetchall() if name not in IGNORED]
    names.sort(key=lambda name: RENAMED.get(name, name))
    [found] = env.execute_query(
        SQL(
            """
            SELECT count(*),
                   md5(string_agg(t.line, chr(10) ORDER BY t.line COLLATE "C"))
              FROM (SELECT ROW(%s)::text AS line FROM %s) t
            """,
            SQL(", ").join(map(SQL.identifier, names)),
            SQL.identifier(table),
        )
    )
    return found


forget()
published = env["classification.policy"].search([("state", "=", "published")])
for one in published.sorted("company_id"):
    use(one)
env.flush_all()
if "classification.first.class" in env:
    env["classification.change"].search([])._unpack()  # as earlier versions have them
for name in TABLES:
    count, digest = hash_of(name)
    print(f"HASH {name:32} {count:8} {digest}")
env.cr.rollback()
