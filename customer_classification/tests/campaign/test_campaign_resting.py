import random
from contextlib import contextmanager
from datetime import date, timedelta
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import SQL

from ...models.campaign.resting import Resting
from ..common import AS_OF
from .common import CampaignCase

WRITTEN = ("res_partner", "customer_purchase", "sale_order", "classification_policy")
VOLATILE = {"id", "run_id", "write_date", "write_uid", "create_date", "create_uid"}


class RestingCase(CampaignCase):
    """Campaigns of spring, long over, and one that is still running.

    Two customers are in each campaign and its successor, so that campaigns share them.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = AS_OF
        cls.customers = [cls._customer(f"Customer {number}") for number in range(9)]
        cls.spring = [
            cls._campaign(
                f"Spring {number}",
                date(2025, 3, 1),
                campaign_end_date=date(2025, 3, 20),
                campaign_attribution_days=20,
                campaign_goal="retention",
            )
            for number in range(4)
        ]
        cls.summer = cls._campaign("Summer", date(2025, 6, 1), campaign_end_date=False)
        for number, campaign in enumerate([*cls.spring, cls.summer]):
            for customer in cls.customers[2 * number : 2 * number + 3]:
                cls._participant(
                    campaign, customer, addressed_date=campaign.campaign_start_date
                )
        for number, customer in enumerate(cls.customers):
            for day in (date(2025, 1, 5), date(2025, 3, 9), date(2025, 6, 9)):
                cls._purchase(customer, day, 10.1 * (number + 1))
        cls.env.flush_all()
        cls._recompute()
        cls._judge()
        cls._age()

    @classmethod
    def _age(cls):
        """Backdate all writes: in a test, the database's clock stands still."""
        cls.env.flush_all()
        for table in WRITTEN:
            cls.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2000-01-01'", SQL.identifier(table))
            )
        cls.env.cr.execute("UPDATE classification_change SET create_date = valid_date")
        cls.env.invalidate_all()

    @contextmanager
    def _seen(self):
        """Collect the campaigns that rested, one set a run; None for no campaign."""
        found, seen = Resting.find, []

        def find(resting, *args):
            figures = found(resting, *args)
            seen.append(None if figures is None else {*figures.index})
            return figures

        with patch.object(Resting, "find", find):
            yield seen

    def _at_rest(self):
        """Judge again and return the campaigns that rested."""
        with self._seen() as seen:
            self._judge(self.today)
        self._age()
        rested = [ids and self.env["utm.campaign"].browse(sorted(ids)) for ids in seen]
        return rested[0] if rested else None

    def _contents(self):
        """Return the content of all results and participants of the company."""
        self.env.flush_all()
        found = {}
        for table in ("campaign_profile", "campaign_participant"):
            self.env.cr.execute(
                SQL(
                    "SELECT * FROM %s WHERE company_id = %s",
                    *(SQL.identifier(table), self.company.id),
                )
            )
            for row in self.env.cr.dictfetchall():
                key = (table, row["campaign_id"], row.get("partner_id"))
                found[key] = {n: v for n, v in row.items() if n not in VOLATILE}
        return found

    def assertAsFull(self):
        """Compare with a run that works out all campaigns."""
        none = self.env["classification.run"]
        mine = self._contents()
        with (
            self.env.cr.savepoint(flush=True) as savepoint,
            patch.object(Resting, "last_alike", staticmethod(lambda __: none)),
        ):
            self._judge(self.today)
            full = self._contents()
            savepoint.rollback()
        self.env.invalidate_all()
        self.maxDiff = None
        self.assertEqual(mine, full)


@tagged("post_install", "-at_install")
class TestCampaignResting(RestingCase):
    """Work out again what changed, with the result of a run over all."""

    def test_settled_campaigns_rest(self):
        self.assertEqual({*self._at_rest()}, {*self.spring})
        self.assertAsFull()

    def test_their_purchases_are_not_read(self):
        facts = type(self.env["classification.campaign.facts"])
        read, asked = facts._read_purchases, []

        def reading(facts, policy, scope, people, found):
            asked.extend([*people["customer"], *found["customer"]])
            return read(facts, policy, scope, people, found)

        with patch.object(facts, "_read_purchases", reading):
            self._judge()
        summer = self.summer.campaign_participant_ids.partner_id
        self.assertEqual({*asked}, {*summer.ids})

    def test_a_purchase_of_then(self):
        """Only the campaigns of its customer, who is in two of them."""
        self._purchase(self.customers[2], date(2025, 3, 5), 500)
        self.assertEqual({*self._at_rest()}, {*self.spring[2:]})
        self.assertEqual(self._part(self.spring[0], self.customers[2]).order_count, 2)
        self.assertAsFull()

    def test_a_purchase_that_is_deleted(self):
        purchases = self.env["customer.purchase"].search(
            [("partner_id", "=", self.customers[0].id), ("date", "=", "2025-03-09")]
        )
        purchases.unlink()
        self._recompute()  # empties the marks for customers
        self.assertIsNone(self._at_rest())
        self.assertEqual(self._part(self.spring[0], self.customers[0]).order_count, 0)
        self.assertAsFull()
        self.assertEqual({*self._at_rest()}, {*self.spring})

    def test_touches_of_another_campaign(self):
        """A late entry in one campaign takes a share from the other one."""
        self._participant(
            self.spring[3], self.customers[0], addressed_date=date(2025, 3, 2)
        )
        self.assertEqual({*self._at_rest()}, {*self.spring[1:3]})
        # 10.10 and 30.30 are shared by two campaigns, 20.20 is not.
        self.assertEqual(self._result(self.spring[0]).revenue, 40.4)
        self.assertAsFull()

    def test_a_participant_that_is_deleted(self):
        self._part(self.spring[0], self.customers[2]).unlink()
        self.assertIsNone(self._at_rest())
        self.assertAsFull()

    def test_a_campaign_that_is_deleted(self):
        """The campaigns that shared its customers get all of their purchases."""
        self.spring[1].unlink()
        self.assertIsNone(self._at_rest())
        self.assertAsFull()

    def test_a_campaign_that_is_set_aside_and_comes_back(self):
        self._cost(self.spring[1], date(2025, 3, 1), 10)
        self.env.flush_all()
        self.env.cr.execute("UPDATE campaign_cost SET amount = 'NaN'")
        self.env.invalidate_all()
        self.assertIsNone(self._at_rest())
        self._purchase(self.customers[3], date(2025, 3, 6), 80)
        self._at_rest()
        self.env.cr.execute("UPDATE campaign_cost SET amount = 3")
        self.env.invalidate_all()
        self.assertNotIn(self.spring[1], self._at_rest())
        self.assertAsFull()

    def test_values_of_the_campaign(self):
        self._cost(self.spring[2], date(2025, 3, 1), 12.5)
        self.spring[3].campaign_target_revenue = 100
        self.assertEqual({*self._at_rest()}, {*self.spring[:2]})
        self.assertEqual(self._result(self.spring[2]).cost, 12.5)
        self.assertAsFull()

    def test_another_window_concerns_those_who_share(self):
        self.spring[1].campaign_attribution_days = 3
        self.assertIsNone(self._at_rest())
        self.assertAsFull()

    def test_a_lead_that_comes_and_goes(self):
        lead = self._opportunity(
            self.customers[0], created=date(2025, 3, 3), campaign_id=self.spring[0].id
        )
        self.assertEqual({*self._at_rest()}, {*self.spring[1:]})
        lead.unlink()
        self.assertIsNone(self._at_rest())  # its customer is marked
        self.assertEqual(self._result(self.spring[0]).lead_count, 0)
        self.assertAsFull()

    def test_peers_still_judge(self):
        """Another result of one campaign moves the median of the others."""
        before = self._result(self.spring[3]).peer_conversion_rate
        purchases = self.env["customer.purchase"].search([("date", "=", "2025-03-09")])
        mine = purchases.filtered(lambda one: one.partner_id in self.customers[:5])
        mine.write({"date": date(2025, 2, 9)})
        self.assertIn(self.spring[3], self._at_rest())
        self.assertNotEqual(self._result(self.spring[3]).peer_conversion_rate, before)
        self.assertAsFull()

    def test_customers_that_are_merged(self):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        pair = self.customers[0] | self.customers[1]
        wizard._merge(pair.ids, self.customers[0])
        self.assertIsNone(self._at_rest())
        self.assertAsFull()

    def test_everything_once_a_week(self):
        for days in range(1, 8):
            self.today = AS_OF + timedelta(days=days)
            rested = self._at_rest()
            self.assertEqual(bool(rested), days < 7)
        self.today += timedelta(days=1)
        self.assertTrue(self._at_rest())

    def test_another_usual_rhythm(self):
        last = self.env["classification.run"]._last_campaign_run(self.policy)
        last.edges = {**last.edges, "usual_gap": 31.5}
        self.assertIsNone(self._at_rest())

    def test_other_rules(self):
        self.policy = self._policy(self.company, campaign_attribution_model="last")
        self.assertIsNone(self._at_rest())
        self.assertEqual({*self._at_rest()}, {*self.spring})

    def test_what_a_trial_finds(self):
        """Previews by the same rules find no move, and rely on no other run."""
        with self._seen() as seen:
            run = self.policy.recompute_campaigns(AS_OF, kind="preview")
        self.assertEqual((run.state, run.campaign_move_ids.ids, seen), ("done", [], []))


@tagged("post_install", "-at_install")
class TestCampaignRestingEqualsFull(RestingCase):
    """Whatever happens between two runs, the result is that of a run over all."""

    EVENTS = (
        *("buy", "give_back", "drop", "move", "touch", "touch", "enter", "forget"),
        *("lead", "lose_lead", "join", "window", "target", "cost", "end", "day"),
    )

    def test_any_sequence(self):
        for seed in range(4):
            with self.subTest(seed=seed), self.env.cr.savepoint() as savepoint:
                self.today = AS_OF
                self._play(random.Random(seed), 12)
                savepoint.rollback()
            self.env.invalidate_all()

    def _play(self, dice, times):
        for __ in range(times):
            for event in dice.sample(self.EVENTS, 2):
                getattr(self, f"_event_{event}")(dice)
            self._at_rest()
            self.assertAsFull()

    def _day(self, dice):
        return date(2025, dice.choice((2, 3, 3, 4, 6)), dice.randint(1, 28))

    def _some(self, dice, model, *domain):
        own = [("company_id", "=", self.company.id), *domain]
        return dice.choice([*self.env[model].search(own, order="id")] or [None])

    def _event_buy(self, dice):
        self._purchase(dice.choice(self.customers), self._day(dice), 77)

    def _event_give_back(self, dice):
        self._purchase(dice.choice(self.customers), self._day(dice), -5.5)

    def _event_drop(self, dice):
        self._some(dice, "customer.purchase").unlink()

    def _event_move(self, dice):
        purchase = self._some(dice, "customer.purchase")
        purchase.partner_id = dice.choice(self.customers)

    def _event_touch(self, dice):
        part = self._some(dice, "campaign.participant", ("is_entered", "=", True))
        part.answered_date = self._day(dice)

    def _event_enter(self, dice):
        campaign, customer = dice.choice(self.spring), dice.choice(self.customers)
        if not self._part(campaign, customer):
            self._participant(
                *(campaign, customer),
                addressed_date=self._day(dice),
                is_control=dice.random() < 0.2,
            )

    def _event_forget(self, dice):
        self._some(dice, "campaign.participant").unlink()

    def _event_lead(self, dice):
        self._opportunity(
            dice.choice(self.customers),
            created=self._day(dice),
            campaign_id=dice.choice(self.spring).id,
        )

    def _event_lose_lead(self, dice):
        lead = self._some(dice, "crm.lead", ("campaign_id", "!=", False))
        if lead:
            lead.campaign_id = dice.choice((False, self.spring[2].id))

    def _event_join(self, dice):
        one, other = dice.sample(self.customers, 2)
        if not one.parent_id and not other.parent_id and not one.child_ids:
            other.is_company = True
            one.parent_id = other

    def _event_window(self, dice):
        dice.choice(self.spring).campaign_attribution_days = dice.choice((5, 20, 60))

    def _event_target(self, dice):
        dice.choice(self.spring).campaign_target_revenue = dice.choice((0, 30, 90))

    def _event_cost(self, dice):
        self._cost(dice.choice(self.spring), self._day(dice), dice.choice((1, 40)))

    def _event_end(self, dice):
        dice.choice(self.spring).campaign_end_date = dice.choice(
            (date(2025, 3, 25), date(2025, 6, 28), False)
        )

    def _event_day(self, dice):
        self.today += timedelta(days=dice.choice((1, 3)))
