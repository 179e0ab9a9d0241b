"""Classify the demo database's records; runs inside of `odoo shell`.

Prints one line `RESULT <json>`: a list with one table per company.
"""

import json
import os
from datetime import timedelta

env = env  # noqa: F821, PLW0127  # `odoo shell` provides it


def classify(policy):
    """Recompute one company's records and return its table.

    Customers, products and campaigns.
    """
    policy = policy.with_company(policy.company_id)
    is_new = not policy.run_count
    if is_new:
        look_back(policy)
    run = policy.recompute()
    if run.state not in ("done", "waiting"):
        raise SystemExit(f"{policy.display_name}: {run.error or run.state}")
    products = policy.recompute_products()
    if products.state not in ("done", "waiting"):
        raise SystemExit(f"{policy.display_name}: {products.error or products.state}")
    campaigns = policy.recompute_campaigns()
    if campaigns.state != "done":
        raise SystemExit(f"{policy.display_name}: {campaigns.error or campaigns.state}")
    if is_new and policy.company_id == env.ref("base.main_company"):
        env["classification.demo"]._decide(policy.company_id)
    env.cr.commit()
    return {
        "company": policy.company_id.name,
        "currency": policy.company_id.currency_id.name,
        "as_of": str(run.as_of_date),
        "waits": run.state == "waiting",
        "tiers": names("customer.value.tier"),
        "stages": names("customer.lifecycle.stage"),
        "cells": cells(policy.company_id),
    }


def look_back(policy):
    """Classify every second week of half a year, so that there is a history."""
    today = policy._today()
    for weeks in range(26, 0, -2):
        policy.recompute(today - timedelta(weeks=weeks))
        policy.recompute_products(today - timedelta(weeks=weeks))
    env.cr.commit()


def names(model):
    """Return id and name of each class, in the order of the screens."""
    return [[record.id, record.name] for record in env[model].search([])]


def cells(company):
    """Return [tier id, stage id, customers, revenue] per combination.

    `customers` is a number of customers.
    """
    groups = env["customer.profile"]._read_group(
        [("company_id", "=", company.id)],
        ["value_tier_id", "lifecycle_stage_id"],
        ["__count", "revenue:sum"],
    )
    return [
        [tier.id, stage.id, count, float(revenue or 0)]
        for tier, stage, count, revenue in groups
    ]


policies = env["classification.policy"].search(
    [("state", "=", "published")], order="company_id"
)
result = [classify(policy) for policy in policies]
env["classification.tag.rule"]._cron_run()
env["customer.code.assignment"]._cron_assign()
env["customer.care.occasion"]._care()
env.cr.commit()
if os.environ.get("DEMO_PREPARE_PAGES"):
    # Otherwise the first visitor waits for the style sheets and scripts to be built.
    env["ir.qweb"]._pregenerate_assets_bundles()
    env.cr.commit()
print("RESULT " + json.dumps(result), flush=True)
