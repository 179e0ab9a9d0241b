from datetime import timedelta

from odoo.tests import tagged

from ..common import AS_OF
from ..rights_matrix import RightsMatrixCase


@tagged("post_install", "-at_install")
class TestRightsMatrix(RightsMatrixCase):
    """Models, amounts and public methods of the addon, by role."""

    arguments = {
        "classification.migration.get_matrix": ["value_tier"],
        "customer.overview.get_blocks": [["tiers", "bridge", "cohorts"]],
        "classification.run.action_open_movers": ["value_tier", {"from": False}],
    }

    def _wizard_values(self):
        return {
            "classification.back.test": {
                "policy_id": self.policy.id,
                "as_of_date": AS_OF - timedelta(days=200),
            },
            "classification.publish": {"policy_id": self.policy.id},
            "classification.policy.import": {"file": "e30=", "file_name": "rules.json"},
            "campaign.start": {"title": "Started"},
            "customer.playbook.start": {"playbook_id": self.playbook.id},
            "classification.tag.wizard": {"kind": "partner"},
            "customer.document.choice": {
                "profile_id": self._profile(self.vip).id,
                "name": "Orders",
                "model": "sale.order",
            },
        }
