"""Classes of all customers as JSON, printed by `odoo shell`.

For any release: loads CDNOW and Online Retail into companies of their own, classifies
them, and prints the classes of all customers.
"""

import json
from datetime import timedelta

try:
    from odoo.addons.customer_classification.tests.customer import test_real_purchases
except ImportError:  # releases before 19.0.1.5.0
    from odoo.addons.customer_classification.tests import test_real_purchases


def load(env, case):
    """Do the set-up of the test case, but in this transaction.

    The part that comes before its first test.
    """
    case.env = env
    case.purchases = case.read_purchases()
    case.company = case._make_company()
    env.user.company_ids |= case.company
    context = {"tracking_disable": True, "allowed_company_ids": case.company.ids}
    case.env = env(context={**env.context, **context})
    case.company = case.company.with_env(case.env)
    case.partner_ids = case._load_customers()
    case._load_purchases()
    case.company._get_customer_policy().recompute(as_of_date=case.as_of_date)
    return case.company, [*case.partner_ids.values()]


def look_back(policy):
    """Classify every second week of half a year, as the demo does, and today."""
    policy = policy.with_company(policy.company_id)
    for weeks in range(26, -1, -2):
        policy.recompute(policy._today() - timedelta(weeks=weeks))


def classes(env, companies, partner_ids=None):
    """Return ``{customer: [tier, stage, risk, segment, why]}`` in words.

    :param partner_ids: ids of the customers; contacts of other data sets are prospects
        everywhere
    """
    profiles = env["customer.profile"].with_context(active_test=False)
    domain = [("company_id", "in", companies.ids)]
    if partner_ids is not None:
        domain.append(("partner_id", "in", partner_ids))
    found = profiles.search(domain, order="id")
    has_records = "segment_id" in profiles._fields
    words = {}
    for profile in found:
        segment = profile.segment_id.code if has_records else profile.rfm_segment
        words[f"{profile.partner_id.name} ({profile.partner_id.id})"] = [
            profile.value_tier_id.code or "-",
            profile.lifecycle_stage_id.code or "-",
            profile.churn_risk or "-",
            segment or "-",
            why(profile),
        ]
    return words


def why(profile):
    """Return the numbers and sentences behind the classes of a customer."""
    numbers = [
        *("revenue", "order_count", "lifetime_order_count", "first_purchase_date"),
        *("last_purchase_date", "expected_gap_days", "tier_reason"),
        *("tier_below_since", "tier_explanation", "stage_explanation"),
        *("risk_explanation", "rfm_code", "is_overridden"),
    ]
    return {name: str(profile[name]) for name in numbers}


def main(env):
    policies = env["classification.policy"].search([("state", "=", "published")])
    for policy in policies:
        look_back(policy)
    answer = {"Demo": classes(env, policies.company_id)}
    if globals().get("ONLY_DEMO"):
        return answer
    for title, name in (("CDNOW", "TestCdnow"), ("Online Retail", "TestOnlineRetail")):
        company, partner_ids = load(env, getattr(test_real_purchases, name))
        answer[title] = classes(env, company, partner_ids)
    return answer


found = json.dumps(main(env))  # noqa: F821
print("RESULT " + found)  # pylint: disable=print-used
