"""Templates with which a company begins: files in ``data/templates``.

Each holds a policy with all its rules (``policy_file.py``), and the external ids of
what else is set up beside it.
"""

import json

from odoo.tools import file_open

TEMPLATE_SELECTION = [
    ("shop", "Shop with Three Tiers"),
    ("travel", "Travel Agency"),
    ("b2b", "Business to Business"),
    ("wholesale", "Wholesale"),
    ("subscription", "Subscriptions"),
    ("empty", "Empty"),
]
# Lists of a template, and the models of the records that they name.
RECORD_LISTS = {
    "tag_rules": "classification.tag.rule",
    "product_tags": "product.tag",
    "service_types": "product.service.type",
    "campaign_types": "campaign.type",
}


def read_template(code):
    """Return the content of a template.

    :param code: one of ``TEMPLATE_SELECTION``
    """
    path = f"customer_classification/data/templates/{code}.json"
    with file_open(path, "rb") as file:
        return json.loads(file.read())


def says_what_template_says(policy, code):
    """Check if a policy has the rules of a template, in whichever time zone."""
    found, content = policy._to_file(), read_template(code)["policy"]
    rules = {**content["rules"], "tz": found["rules"]["tz"]}
    return found["rules"] == rules and all(
        found[part] == content[part] for part in ("scores", "tiers", "segments")
    )
