from datetime import timedelta

from odoo.fields import Command
from odoo.tests import tagged

from .test_policy_rules import PolicyCase


@tagged("post_install", "-at_install")
class TestPolicyComparison(PolicyCase):
    """Differences of a version from the one published before it."""

    def _changes(self, policy):
        return policy._changes_since(policy.previous_id)

    def test_the_version_before(self):
        first, second = self.policy, self.draft
        start = first.previous_id
        self.assertEqual(second.previous_id, first)
        second.action_publish()
        second.published_date = first.published_date + timedelta(days=60_000)
        self.env.invalidate_all()
        third = self._draft()
        self.assertEqual(third.previous_id, second)
        self.assertEqual(second.previous_id, first)
        self.assertEqual(first.previous_id, start)
        self.assertFalse(start.previous_id, "the one with which the company came")
        self.assertIn("There is no version before", start.change_html)

    def test_the_same(self):
        copy = self.policy.copy()
        self.assertEqual(self._changes(copy), [])
        self.assertIn("Says the same as version 1.", copy.change_html)

    def test_rules_and_lines(self):
        copy = self.policy.copy()
        recency, frequency, __ = copy.metric_ids
        vip, high, medium, low = copy.tier_ids
        copy.write(
            {
                "window_months": 24,
                "tz": "Asia/Shanghai",
                "value_metric": "margin",
                "keep_margin": 15,
                "grace_days": 60,
                "one_step_down": True,
                "lost_ratio": 7.5,
                "sale_domain": "[('amount_untaxed', '>', 5)]",
                "metric_ids": [
                    Command.update(
                        recency.id, {"method": "fixed", "limits": "1; 1000.5"}
                    ),
                    Command.update(frequency.id, {"bins": 7}),
                    Command.create({"metric": "margin", "weight": 5}),
                ],
                "tier_ids": [
                    Command.update(vip.id, {"limit": 12_000, "keep_limit": 11_000}),
                    Command.update(high.id, {"benefit_percent": 2.5}),
                    Command.delete(medium.id),
                    Command.update(low.id, {"benefit_amount": 3}),
                ],
            }
        )
        self.assertEqual(
            self._changes(copy),
            [
                ("Time Zone", "UTC", "Asia/Shanghai"),
                ("Only These Orders", "All", "[('amount_untaxed', '>', 5)]"),
                ("Window", "12 months", "24 months"),
                ("Value", "Net revenue in the window", "Margin in the window"),
                ("Grace Period", "30 days", "60 days"),
                ("One Tier at a Time", "No", "Yes"),
                ("Lost After", "6 times the own rhythm", "7.5 times the own rhythm"),
                ("Tolerance Below the Limit", "10 %", "15 %"),
                (
                    "Scores: Recency",
                    "20 %, scores from 1 to 5",
                    "20 %, limits at 1; 1,000.5 days",
                ),
                (
                    "Scores: Frequency",
                    "30 %, scores from 1 to 5",
                    "30 %, scores from 1 to 7",
                ),
                ("Scores: Margin", None, "5 %, scores from 1 to 5"),
                ("Limits: VIP", "from 10,000", "from 12,000, kept down to 11,000"),
                (
                    "Limits: High",
                    "from 5,000",
                    "from 5,000, benefits of 2.5 % of the revenue",
                ),
                (
                    "Limits: Low",
                    "from 0",
                    "from 0, benefits of 3.00\u00a0€ per customer",
                ),
                ("Limits: Medium", "from 1,000", None),
            ],
        )

    def test_what_people_write_is_shown_as_text(self):
        copy = self.policy.copy({"sale_domain": "[('name', '=', '<b>&</b>')]"})
        self.assertIn("&lt;b&gt;&amp;&lt;/b&gt;", copy.change_html)
        self.assertNotIn("<b>", copy.change_html)

    def test_no_query_for_a_field(self):
        copy = self.policy.copy({"grace_days": 5})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertTrue(copy.change_html)  # labels and languages are cached once
        self.env.invalidate_all()
        # Five of the segments, and three of the rules of each of two versions.
        with self.assertQueryCount(25):
            self.assertIn("Grace Period", copy.change_html)

    def test_the_form_has_it(self):
        views = self.env["classification.policy"].get_views([(False, "form")])
        self.assertIn("change_html", views["views"]["form"]["arch"])
