"""Many customers who move twice, in `odoo shell`: `EVENT_MOVERS` of them.

Only with `customer_classification_base_automation`. The first of the two runs has
nobody who listens, the second one leaves events. Prints one line `RESULT <json>`.
"""

import json
import os
import time
from datetime import timedelta
from unittest.mock import patch

from odoo.fields import Command
from odoo.tools import SQL

env = env  # noqa: F821, PLW0127  # `odoo shell` provides it
CUSTOMERS = int(os.environ.get("EVENT_MOVERS", "20000"))
AGES = (800, 760, 720)  # days since the purchases
RUNS = (715, 540, 0)  # days since the runs: active, dormant, lost
PARTNERS = """
    INSERT INTO res_partner
           (name, complete_name, type, active, is_company, partner_share,
            autopost_bills, create_uid, write_uid, create_date, write_date)
    SELECT 'Mover ' || i, 'Mover ' || i, 'contact', TRUE, TRUE, TRUE, 'ask', 1, 1,
           now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM generate_series(1, %(customers)s) i
"""
PURCHASES = """
    INSERT INTO customer_purchase
           (partner_id, company_id, currency_id, date, amount, company_amount,
            create_uid, write_uid, create_date, write_date)
    SELECT p.id, %(company)s, %(currency)s, %(today)s::date - age, 10 + p.id,
           10 + p.id, 1, 1, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM res_partner p, unnest(%(ages)s) age
     WHERE p.name LIKE 'Mover %%'
"""


def make_customers(policy):
    """Insert the customers and their purchases."""
    company = policy.company_id
    env.cr.execute(SQL(PARTNERS, customers=CUSTOMERS))
    env.cr.execute(
        "UPDATE res_partner SET commercial_partner_id = id"
        " WHERE commercial_partner_id IS NULL"
    )
    values = {"company": company.id, "currency": company.currency_id.id}
    purchases = SQL(PURCHASES, **values, ages=list(AGES), today=policy._today())
    env.cr.execute(purchases)
    env.cr.execute("ANALYZE")


def listen(company):
    """Have an automation and the conversations of contacts tell of moves.

    The automation writes a row that is not Odoo's, so that it is counted past Odoo.
    """
    env.cr.execute("CREATE TABLE told (partner_id integer, stage_id integer)")
    model = env["ir.model"]._get("customer.profile")
    action = env["ir.actions.server"].create(
        {
            "name": "Count",
            "model_id": model.id,
            "state": "code",
            "code": "env.cr.execute('INSERT INTO told VALUES (%s, %s)',"
            " (record.partner_id.id, record.lifecycle_stage_id.id))",
        }
    )
    stage = env["ir.model.fields"]._get("customer.profile", "lifecycle_stage_id")
    env["base.automation"].create(
        {
            "name": "Who moves",
            "model_id": model.id,
            "trigger": "on_write",
            "trigger_field_ids": [Command.set(stage.ids)],
            "action_server_ids": [Command.link(action.id)],
        }
    )
    company.customer_notes_moves = True


def classify(policy, days_ago):
    """Classify everybody as of a day, and commit.

    Returns the seconds of the run, and of noting whom it moved.
    """
    events = type(env["classification.event"])
    note = events._note_moves
    noting = []

    def timed(self, run):
        self.env.flush_all()
        started = time.perf_counter()
        note(self, run)
        noting.append(time.perf_counter() - started)

    with patch.object(events, "_note_moves", timed):
        started = time.perf_counter()
        run = policy.recompute(policy._today() - timedelta(days=days_ago))
        env.flush_all()
        seconds = time.perf_counter() - started
    assert run.state == "done", (run.state, run.error)
    env.cr.commit()
    return {"seconds": seconds, "noting": sum(noting), "moves": run.stage_change_count}


policy = env.company._get_customer_policy()
# So many moves would wait for an approval.
env.cr.execute("UPDATE classification_policy SET approval_min_customers = 1000000")
policy.invalidate_recordset()
make_customers(policy)
env.cr.commit()
first, silent = (classify(policy, days) for days in RUNS[:2])
unheard = env["classification.event"].search_count([])
listen(policy.company_id)
# Nothing else is to keep the worker busy.
env["ir.cron"].search([("cron_name", "not like", "%pass changes on")]).active = False
env.cr.commit()
heard = classify(policy, RUNS[2])
result = {"first": first, "silent": silent, "heard": heard, "unheard": unheard}
print("RESULT " + json.dumps(result), flush=True)
