"""Name a person whose rights apply for each existing condition.

For a rule of a smart tag, and for a campaign, its creator. For a rule of the library
whose condition is still ours, the responsible of the policy. Another rule that no
person created rests until somebody switches it on, and so does a live campaign with a
filter that another person may have written since. The documents of a policy must not
change: filters that no person wrote keep all rights.
"""

from lxml import etree

from odoo import SUPERUSER_ID, api
from odoo.tools import file_open

ADDON = "customer_classification"
LIBRARY = ("classification_tag_library.xml", "product_tag_library.xml")


def migrate(cr, version):
    _name_persons(cr)
    _name_for_library(api.Environment(cr, SUPERUSER_ID, {}))


def _name_for_library(env):
    """Name a person for each running library rule that nobody changed."""
    for record in _library_rules():
        rule = env.ref(f"{ADDON}.{record.get('id')}", raise_if_not_found=False)
        condition = record.findtext("field[@name='domain']") or ""
        if not rule or rule.responsible_id or rule.state != "running":
            continue
        policy = rule.company_id._get_customer_policy()
        if policy and _plain(rule.domain) == _plain(condition):
            rule.responsible_id = policy._responsible_user()


def _plain(domain):
    """Return a condition as it was shipped in all releases.

    Without spaces, and without the term that 19.0.1.5.0 adds later in this upgrade.
    """
    return "".join(domain.split()).replace("('customer_profile_id','!=',False),", "")


def _library_rules():
    for name in LIBRARY:
        with file_open(f"{ADDON}/data/{name}", "rb") as file:
            tree = etree.parse(file)
        yield from tree.iterfind(".//record[@model='classification.tag.rule']")


def _name_persons(cr):
    cr.execute(
        """
        UPDATE classification_tag_rule SET responsible_id = NULLIF(create_uid, 1)
        """
    )
    cr.execute(
        """
        UPDATE utm_campaign SET campaign_targeted_by_id =
               CASE WHEN COALESCE(campaign_target_domain, '[]') = '[]'
                      OR campaign_audience_mode <> 'live' OR write_uid = create_uid
                    THEN create_uid END
        """
    )
    cr.execute(
        """
        UPDATE classification_policy
           SET filter_user_id = COALESCE(published_by_id, create_uid, 1)
        """
    )
