"""Use the addon as people do, for data to keep or to remove.

Runs inside of `odoo shell`, in a database without demo data.
"""

import json
from datetime import timedelta

from odoo import fields

env = env  # noqa: F821, PLW0127  # `odoo shell` provides it

company = env.ref("base.main_company")
policy = company._get_customer_policy()
today = policy._today()

customers = env["res.partner"].create(
    [{"name": f"Customer {number}"} for number in range(40)]
)
env["customer.purchase"].create(
    [
        {
            "partner_id": customer.id,
            "company_id": company.id,
            "currency_id": company.currency_id.id,
            "date": today - timedelta(days=(30 + number) * times),
            "amount": 10.5 * (number + 1),
            "reference": f"{number}/{times}",
            "channel": "shop",
        }
        for number, customer in enumerate(customers)
        for times in range(1, 2 + number % 6)
    ]
)
policy.recompute(as_of_date=today - timedelta(days=200))
policy.recompute()
policy.recompute(kind="preview")
campaign = env["utm.campaign"].create(
    {
        "title": "Spring",
        "campaign_type_id": env.ref("customer_classification.campaign_type_webinar").id,
        "campaign_start_date": today - timedelta(days=60),
        "campaign_end_date": today - timedelta(days=10),
        "campaign_target_revenue": 1000,
        "campaign_target_tier_ids": env["customer.value.tier"].search([], limit=1).ids,
        "campaign_target_segment_ids": env["customer.segment"].search([], limit=1).ids,
        "campaign_control_share": 20,
    }
)
campaign._add_campaign_audience(customers, today - timedelta(days=60))
env["campaign.cost"].create(
    {"campaign_id": campaign.id, "name": "Stand", "amount": 50, "date": today}
)
policy.recompute_campaigns()
quiet = env["product.template"].with_context(tracking_disable=True)
values = {"name": "Goods", "list_price": 10, "taxes_id": False}
goods = quiet.create({**values, "supplier_taxes_id": False})
policy.recompute_products(as_of_date=today - timedelta(days=30))
env["product.class.override"].create(
    {
        "product_tmpl_id": goods.id,
        "company_id": company.id,
        "axis": "abc",
        "abc_class": "a",
        "reason": "Somebody knows better",
    }
)
goods.list_price = 1_000
policy.recompute_products()
policy.recompute_products(kind="preview")
policy.action_new_version()
draft = env["classification.policy"].search([("state", "=", "draft")], limit=1)
draft.write({"window_months": 24, "name": "Two years"})
env["customer.value.tier"].create({"name": "Gold", "code": "gold", "sequence": 15})
env["classification.run"]._queue(policy)

# Records of users and other addons attached to the addon's records.
seller = env["res.users"].create(
    {
        "name": "Seller",
        "login": "outside_seller",
        "group_ids": [
            fields.Command.link(env.ref("sales_team.group_sale_salesman").id)
        ],
    }
)
env["ir.config_parameter"].set_param("customer_classification.test", "1")
env["ir.filters"].create(
    {
        "name": "VIPs",
        "model_id": "customer.profile",
        "domain": "[('value_tier_id.code', '=', 'vip')]",
        "user_ids": [fields.Command.link(seller.id)],
    }
)
# Odoo's to-do app welcomes new users with a task and stages, which outlive them.
# An active user keeps a stage: they go after the user.
welcome = [
    env[model].search([(field, "=", seller.id)])
    for model, field in (("project.task", "user_ids"), ("project.task.type", "user_id"))
    if model in env
]
contact = seller.partner_id
seller.unlink()
contact.unlink()
for records in welcome:
    records.unlink()
env.cr.commit()
print("RESULT " + json.dumps({"policy": policy.id}), flush=True)
