"""Classify the demo customers, add users with keys, in `odoo shell`.

Prints one line `RESULT <json>`.
"""

import json

from odoo import fields

env = env  # noqa: F821, PLW0127  # `odoo shell` provides it

GROUPS = {
    "seller": ["sales_team.group_sale_salesman"],
    "officer": [
        "sales_team.group_sale_salesman_all_leads",
        "customer_classification.group_officer",
    ],
    "plain_officer": [
        "sales_team.group_sale_salesman",
        "customer_classification.group_officer",
    ],
    "nobody": ["base.group_user"],
    "portal": ["base.group_portal"],
}


def make_user(login, groups, lang):
    """A user whose password is the login."""
    login = f"outside_{login}"
    return env["res.users"].create(
        {
            "name": login,
            "login": login,
            "password": login,
            "lang": lang,
            "group_ids": [fields.Command.set([env.ref(group).id for group in groups])],
        }
    )


def make_users():
    """Create users and return `{login: user}`.

    Each of GROUPS, the seller and the administrator in Chinese.
    """
    users = {"admin": env.ref("base.user_admin")}
    for login, groups in GROUPS.items():
        users[login] = make_user(login, groups, "en_US")
    users["seller_zh"] = make_user("seller_zh", GROUPS["seller"], "zh_CN")
    administrator = [
        "base.group_system",
        "sales_team.group_sale_manager",
        "customer_classification.group_manager",
        "mass_mailing.group_mass_mailing_user",
    ]
    users["admin_zh"] = make_user("admin_zh", administrator, "zh_CN")
    # Odoo's mailings have a sender.
    users["admin_zh"].email = "admin.zh@example.com"
    return users


def key_of(user):
    """A new API key of a user."""
    keys = env["res.users.apikeys"].with_user(user).sudo()
    return keys._generate("rpc", "tests from outside", None)


def class_counts(policy, axis):
    """`{code: customers}` of a company, also of the classes without any."""
    model = env["customer." + axis.replace("_", ".")]
    found = dict(
        env["customer.profile"]._read_group(
            [("company_id", "=", policy.company_id.id)], [f"{axis}_id"], ["__count"]
        )
    )
    return {record.code: found.get(record, 0) for record in model.search([])}


def classify_products(policy):
    """Classify a company's products, preview them, and decide about one."""
    found = [(policy, policy.recompute_products())]
    found.append((policy, policy.recompute_products(kind="preview")))
    profile = env["product.profile"].search(
        [("company_id", "=", policy.company_id.id)], limit=1
    )
    env["product.class.override"].create(
        {
            "product_tmpl_id": profile.product_tmpl_id.id,
            "company_id": policy.company_id.id,
            "axis": "abc",
            "abc_class": "b",
            "reason": "Kept for our biggest customer",
        }
    )
    return found


def decide_one_class(policy):
    """Create a decision about a customer, so that its screens have one."""
    profile = env["customer.profile"].search(
        [
            ("company_id", "=", policy.company_id.id),
            ("value_tier_id.code", "=", "medium"),
        ],
        limit=1,
    )
    env["classification.override"].create(
        {
            "partner_id": profile.partner_id.id,
            "company_id": policy.company_id.id,
            "tier_id": env.ref("customer_classification.customer_value_tier_vip").id,
            "reason": "Buys through a partner of ours as well",
        }
    )


env["res.lang"]._activate_and_install_lang("zh_CN")
policies = env["classification.policy"].search(
    [("state", "=", "published")], order="company_id"
)
main = policies.filtered(lambda p: p.company_id == env.ref("base.main_company"))
runs = [(policy, policy.recompute()) for policy in policies]
runs.append((main, main.recompute(kind="preview")))
runs += classify_products(main)
decide_one_class(main)
env.flush_all()
result = {
    "keys": {login: key_of(user) for login, user in make_users().items()},
    "runs": [[policy.id, run.state, run.error or ""] for policy, run in runs],
    "policy": main.id,
    "company": main.company_id.id,
    "tiers": class_counts(main, "value_tier"),
    "stages": class_counts(main, "lifecycle_stage"),
}
env.cr.commit()
print("RESULT " + json.dumps(result), flush=True)
