"""With apps that the addon does not need, and finds when they are there."""

from odoo_commands import ADDON, odoo_tests

APPS = "base_automation,mass_mailing"
# What names tags, and what gives them to many: both look at these apps.
TESTS = f"/{ADDON}:TestTagReference,/{ADDON}:TestTagWizard"


def test_tags_beside_mailings_and_automations(session, bare_database):
    """Mailing filters and automations that name a tag are found, follow a merge and
    keep the tag from being deleted."""
    found = odoo_tests(session, bare_database, TESTS, "-i", f"{ADDON},{APPS}")
    assert not found.failures
    assert found.passed >= 20
