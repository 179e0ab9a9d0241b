from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..common import PATIENCE, ClassificationCase


@tagged("post_install", "-at_install")
class TestPolicyTour(ClassificationCase, HttpCase):
    """A manager changes the rules in a browser, is refused, and publishes.

    The refusal comes once.
    """

    def test_new_version(self):
        self._user("ruler", "customer_classification.group_manager")
        url = f"/odoo/customer-rules/{self.policy.customer_rules_id.id}"
        with mute_logger("odoo.http"):  # it warns of the limit that is refused
            self.start_tour(
                url, "classification_policy", login="ruler", timeout=PATIENCE
            )
        self.assertEqual(self.policy.state, "retired")
        published = self.company._get_customer_policy()
        self.assertEqual(published.tier_ids.mapped("limit"), [10_000, 6_000, 1_000, 0])
