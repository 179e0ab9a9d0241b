from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import ClassificationCase

from ..hooks import post_init_hook


@tagged("post_install", "-at_install")
class TestPolicyOfPos(ClassificationCase):
    """The point of sale is a rule of the policy like any other."""

    def test_new_policies_count_it(self):
        self.assertTrue(self.policy.count_point_of_sale)

    def test_installing_changes_no_policy_in_use(self):
        other = self._company("Never classified")
        policies = self.policy | self._policy(other)
        policies.invalidate_recordset()
        self.env.cr.execute(
            "UPDATE classification_policy SET count_point_of_sale = FALSE"
        )
        self._recompute()
        post_init_hook(self.env)
        found = dict(zip(policies, policies.mapped("count_point_of_sale"), strict=True))
        self.assertEqual(found, {self.policy: False, policies - self.policy: True})

    def test_in_comparison_and_file(self):
        self.policy.action_new_version()
        draft = self.env["classification.policy"].search(
            [("company_id", "=", self.company.id), ("state", "=", "draft")], limit=1
        )
        draft.count_point_of_sale = False
        labels = [label for label, *__ in draft._changes_since(self.policy)]
        self.assertIn("Point of Sale Too", labels)
