from datetime import date
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import AS_OF
from .common import CampaignCase

DAY = date(2025, 5, 10)


@tagged("post_install", "-at_install")
class TestCampaignRehearsal(CampaignCase):
    """Previews of campaign rules show the moves, and change nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.strong, cls.met, cls.weak = (
            cls._sold(amount, title)
            for amount, title in ((1_200, "Strong"), (900, "Met"), (100, "Weak"))
        )
        cls._judge()

    @classmethod
    def _sold(cls, amount, title):
        """Create a campaign of one customer with purchases of an amount."""
        campaign = cls._campaign(title, campaign_target_revenue=1_000)
        customer = cls._customer(f"Customer of {title}")
        cls._participant(campaign, customer, addressed_date=DAY)
        cls._order(customer, DAY, amount)
        return campaign

    def _draft(self, **values):
        return self.env["classification.policy"].create(
            {"name": "Draft", "company_id": self.company.id, "tz": "UTC", **values}
        )

    def _preview(self, policy):
        run = policy.recompute_campaigns(as_of_date=AS_OF, kind="preview")
        self.assertEqual((run.kind, run.state), ("campaign_preview", "done"), run.error)
        return run

    def _classes(self):
        campaigns = self.strong + self.met + self.weak
        return [self._result(one).performance_class for one in campaigns]

    def _written(self):
        """All that a run over campaigns writes."""
        self.env.flush_all()
        tables = ("campaign_profile", "campaign_participant", "campaign_class_change")
        found = []
        for table in tables:
            self.env.cr.execute(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608
            found.append(self.env.cr.fetchall())
        return found

    def test_preview_of_a_draft(self):
        before = self._written()
        self.assertEqual(self._classes(), ["strong", "on_target", "weak"])
        run = self._preview(
            self._draft(campaign_strong_percent=130, campaign_weak_percent=95)
        )
        moves = run.campaign_move_ids.sorted(lambda move: move.campaign_id.id)
        self.assertEqual(
            [(move.campaign_id, move.from_class, move.to_class) for move in moves],
            [(self.strong, "strong", "on_target"), (self.met, "on_target", "weak")],
        )
        self.assertEqual(set(moves.mapped("cause")), {"rules"})
        self.assertEqual(
            moves[0].reason_text,
            "By the rules in force it stays Strong, by these it is On Target.",
        )
        self.assertEqual((run.change_count, run.rules_change_count), (2, 2))
        self.assertEqual(self._written(), before)

    def test_what_a_campaign_brought_since(self):
        customer = self._customer("One more")
        self._participant(self.weak, customer, addressed_date=DAY)
        self._order(customer, DAY, 5_000)
        [move] = self._preview(self._draft()).campaign_move_ids
        self.assertEqual((move.campaign_id, move.cause), (self.weak, "data"))
        self.assertEqual(
            move.reason_text,
            "What it brought makes it Strong, by the rules in force as well.",
        )

    def test_matrix(self):
        run = self._preview(self._draft(campaign_strong_percent=130))
        [axis] = run.rehearsal_view["axes"]
        self.assertEqual((axis["name"], axis["label"]), ("performance", "Performance"))
        heads = [head["name"] for head in axis["matrix"]["columns"]]
        self.assertEqual(heads[:3], ["Strong", "On Target", "Weak"])
        action = run.action_open_movers("performance", {"from": "strong"})
        self.assertEqual(action["res_model"], "campaign.class.move")
        found = self.env["campaign.class.move"].search(action["domain"])
        self.assertEqual(found.campaign_id, self.strong)
        self.assertEqual(
            found.action_open_profile()["res_id"], self._result(self.strong).id
        )

    def test_live_audiences_are_left_alone(self):
        campaigns = type(self.env["utm.campaign"])
        with patch.object(campaigns, "_refresh_live_audiences") as refresh:
            self._preview(self._draft())
            refresh.assert_not_called()
            self._judge()
            refresh.assert_called_once()

    def test_publishing_after_a_preview_does_not_ask(self):
        rules = self.policy.campaign_rules_id
        draft = self.env["campaign.rules"].browse(rules.action_new_version()["res_id"])
        asked = draft.action_ask_publish()
        self.assertEqual(asked["res_model"], "classification.publish")
        shown = draft.action_preview()
        run = self.env["classification.run"].browse(shown["res_id"])
        self.assertEqual(run.kind, "campaign_preview")
        self.assertTrue(run.policy_id._is_previewed())

    def test_who_may_preview(self):
        seller = self._user("preview_seller", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.policy.with_user(seller).recompute_campaigns(kind="preview")
        with self.assertRaises(UserError):
            self.policy.recompute_campaigns(kind="anything")
