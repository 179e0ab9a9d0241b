from datetime import date

from odoo.tests import tagged

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase


@tagged("post_install", "-at_install")
class TestPlaybookOpening(PlaybookCase):
    """A case for each customer who enters, and for nobody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 300)
        cls.small = cls._regular("Small", 10)

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))

    def _first(self):
        """The first run, of some days ago."""
        return self._recompute(as_of_date=AS_OF - DAY)

    def _open(self, playbook):
        return self.cases.search([("playbook_id", "=", playbook.id)])

    # By changes

    def test_who_enters_gets_a_case(self):
        playbook = self._playbook()
        self._first()
        self._enter(self.big)
        case = self._open(playbook)
        self.assertTrue(case.display_name.startswith(f"{case.partner_id.name}: "))
        self.assertEqual(case.partner_id, self.big)
        self.assertEqual((case.status, case.episode), ("waiting", 0))
        self.assertEqual((case.entered_date, case.open_date), (AS_OF, AS_OF))
        self.assertEqual(case.window_end, AS_OF + 90 * DAY)
        self.assertEqual(case.value_tier_id, self._tier("vip"))
        self.assertEqual(case.task_ids.mapped("state"), ["planned"])

    def test_the_first_run_opens_nothing(self):
        self._playbook()
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute()
        self._deliver()
        self.assertFalse(self._case(self.big))

    def test_previews_and_back_tests_open_nothing(self):
        playbook = self._playbook()
        self._first()
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute(kind="preview")
        self._recompute(as_of_date=AS_OF - 60 * DAY, kind="back_test")
        self._deliver()
        self.assertFalse(self._open(playbook))

    def test_corrections_open_nothing(self):
        """A late document of a past day changes the past, and enters today, too."""
        playbook = self._playbook(tier_ids=self._tier("high").ids)
        self._recompute(as_of_date=AS_OF - 30 * DAY)
        self._purchase(self.big, AS_OF - 40 * DAY, 5_000)
        self._purchase(self.big, AS_OF, 50_000)
        run = self._recompute()
        self._deliver()
        self.assertTrue(run.change_ids.filtered("is_correction"))
        self.assertFalse(self._open(playbook))

    def test_decisions_open_by_option_only(self):
        silent, told = self._playbook(), self._playbook(opens_by_decision=True)
        self._first()
        self.env["classification.override"].create(
            {
                "partner_id": self.small.id,
                "company_id": self.company.id,
                "axis": "value_tier",
                "tier_id": self._tier("vip").id,
                "reason": "Known",
                "start_date": AS_OF,
                "end_date": AS_OF + 90 * DAY,
            }
        )
        self._deliver()
        self.assertFalse(self._open(silent))
        self.assertEqual(self._open(told).partner_id, self.small)

    def test_coming_from(self):
        """Big comes from medium, Small from low."""
        medium = self._playbook(from_tier_ids=self._tier("medium").ids)
        low = self._playbook(from_tier_ids=self._tier("low").ids)
        self._first()
        self._enter(self.big, self.small)
        self.assertEqual(self._open(medium).partner_id, self.big)
        self.assertEqual(self._open(low).partner_id, self.small)

    def test_moves_within_the_classes_are_no_entry(self):
        tiers = self._tier("vip") | self._tier("medium")
        playbook = self._playbook(tier_ids=tiers.ids)
        self._first()
        self._enter(self.big, self.small)
        self.assertEqual(self._open(playbook).partner_id, self.small)

    def test_stage_and_risk(self):
        new = self._playbook(
            axis="lifecycle_stage", tier_ids=False, stage_ids=self._stage("new").ids
        )
        risk = self._playbook(axis="churn_risk", tier_ids=False, risk="low")
        self._first()
        fresh = self._customer("Fresh")
        self._enter(fresh)
        self.assertEqual(self._open(new).partner_id, fresh)
        self.assertIn(fresh, self._open(risk).partner_id)

    def test_tag(self):
        tag = self.env["res.partner.category"].create({"name": "Play"})
        playbook = self._playbook(axis="tag", tag_id=tag.id)
        rule = self.env["classification.tag.rule"].create(
            {
                "partner_tag_id": tag.id,
                "company_id": self.company.id,
                "domain": repr([("name", "=", "Small")]),
            }
        )
        rule.action_start()
        self._deliver()
        self.assertEqual(self._open(playbook).partner_id, self.small)

    def test_condition_with_the_rights_of_the_responsible(self):
        playbook = self._playbook(domain=repr([("name", "=", "Small")]))
        self._first()
        self._enter(self.big, self.small)
        self.assertEqual(self._open(playbook).partner_id, self.small)

    def test_a_playbook_whose_responsible_left_rests(self):
        playbook, other = self._playbook(), self._playbook()
        other.responsible_id = self.env.user
        self._first()
        self.manager.active = False
        self._enter(self.big)
        self.assertFalse(self._open(playbook))
        self.assertEqual(self._open(other).partner_id, self.big)
        self.assertTrue(playbook.error)
        row = self.env["classification.to.fix"].search([("kind", "=", "playbook")])
        self.assertEqual(row.reason, playbook.error)

    # Once

    def test_entering_again_updates_the_open_case(self):
        playbook = self._playbook(stops_on_leaving=False)
        self._first()
        self._enter(self.big)
        case = self._open(playbook)
        later = AS_OF + 800 * DAY
        with self._on(later):
            for days in (200, 1):  # beyond the grace period
                self._recompute(as_of_date=later - days * DAY)
            self._enter(self.big, day=later)
        self.assertEqual(self._open(playbook), case)
        self.assertEqual((case.entered_date, case.again_date), (later, later))
        self.assertEqual(len(case.task_ids), 1)

    def _enter_twice(self, **values):
        playbook = self._playbook(stops_on_leaving=False, **values)
        self._first()
        self._enter(self.big)
        later = AS_OF + 800 * DAY
        self._open(playbook)._close("window", AS_OF + 780 * DAY)
        with self._on(later):
            for days in (200, 1):  # beyond the grace period
                self._recompute(as_of_date=later - days * DAY)
            self._enter(self.big, day=later)
        return self._open(playbook)

    def test_again_after_the_cool_down(self):
        self.assertEqual(len(self._enter_twice(cooldown_days=20)), 2)

    def test_not_within_the_cool_down(self):
        self.assertEqual(len(self._enter_twice(cooldown_days=21)), 1)

    def test_not_again(self):
        self.assertEqual(len(self._enter_twice(may_reenter=False, cooldown_days=0)), 1)

    def test_events_passed_on_twice_open_once(self):
        playbook = self._playbook()
        self._first()
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute()
        event = self.events._next_batch()
        event._deliver()
        event._deliver()
        self.assertEqual(len(self._open(playbook)), 1)
        self.assertEqual(len(self._open(playbook).task_ids), 1)

    # Who is never meant

    def test_who_is_never_meant(self):
        playbook = self._playbook()
        people = [self._regular(name, 300) for name in ("A", "B", "C")]
        self._first()
        people[0].customer_objects_profiling = True
        people[1].email = "b@example.com"
        self.env["mail.blacklist"]._add("b@example.com")
        for one in people:
            self._purchase(one, AS_OF, 50_000)
        people[2].active = False
        self._enter(self.big)
        self.assertEqual(self._open(playbook).partner_id, self.big)

    # By time

    def test_who_stayed_long_enough(self):
        """Counted from the day from which on the class is valid, and once."""
        playbook = self._playbook(trigger="stays", stay_days=10)
        self._recompute(as_of_date=AS_OF - 40 * DAY)
        self._enter(self.big, day=AS_OF - 10 * DAY)
        self._enter(self.small, day=AS_OF - 9 * DAY)
        self._work()
        self.assertEqual(self._open(playbook).partner_id, self.big)
        self.assertEqual(self._open(playbook).entered_date, AS_OF - 10 * DAY)
        playbook.looked_date = False
        self._work()
        self.assertEqual(self._open(playbook).partner_id, self.big)
        self._work(AS_OF + DAY)
        self.assertEqual(self._open(playbook).partner_id, self.big | self.small)

    def test_who_had_a_tag_for_long_enough(self):
        """The tag was given on the 20th in UTC, and on the 21st in Shanghai."""
        tag = self.env["res.partner.category"].create({"name": "Stays"})
        self.big.category_id = tag
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE classification_tag_link SET write_date = '2025-06-20 16:00'"
            " WHERE partner_tag_id = %s",
            tag.ids,
        )
        self.env.invalidate_all()
        for tz, days in (("UTC", 10), ("Asia/Shanghai", 11)):
            with self.subTest(tz), self.env.cr.savepoint() as savepoint:
                self._policy(self.company, tz=tz)
                playbook = self._playbook(
                    trigger="stays", stay_days=10, axis="tag", tag_id=tag.id
                )
                entered = date(2025, 6, 20 + days - 10)
                self._work(entered + 9 * DAY)
                self.assertFalse(self._open(playbook))
                self._work(entered + 10 * DAY)
                self.assertEqual(self._open(playbook).entered_date, entered)
                savepoint.rollback()
            self.env.invalidate_all()

    def test_who_stayed_before_it_was_switched_on(self):
        playbook = self._playbook(trigger="stays", stay_days=10)
        self._recompute(as_of_date=AS_OF - 40 * DAY)
        self._enter(self.big, day=AS_OF - 20 * DAY)
        playbook.since_date = AS_OF
        self._work()
        self.assertFalse(self._open(playbook))
        playbook.write({"takes_present": True, "looked_date": False})
        self._work()
        self.assertEqual(self._open(playbook).partner_id, self.big)

    def test_a_stay_is_looked_at_once_after_its_case_ended(self):
        playbook = self._playbook(trigger="stays", stay_days=10, cooldown_days=0)
        self._recompute(as_of_date=AS_OF - 40 * DAY)
        self._enter(self.big, day=AS_OF - 10 * DAY)
        self._work()
        self._open(playbook)._close("person", AS_OF)
        self._work(AS_OF + 5 * DAY)
        self.assertEqual(len(self._open(playbook)), 1)

    def test_repeated_each_so_many_days(self):
        playbook = self._playbook(repeat_days=30, goal_days=20, may_reenter=False)
        self._first()
        self._enter(self.big)
        self._work(AS_OF + 29 * DAY)
        self.assertEqual(len(self._open(playbook)), 1)
        self._work(AS_OF + 30 * DAY)
        self.assertEqual(len(self._open(playbook)), 2)
        self._work(AS_OF + 31 * DAY)
        self.assertEqual(len(self._open(playbook)), 2)

    # Control group

    def test_a_share_of_each_tier_is_left_out(self):
        tiers = self._tier("vip") | self._tier("high")
        playbook = self._playbook(tier_ids=tiers.ids, control_share=10)
        vips = [self._regular(f"V{n}", 10) for n in range(20)]
        highs = [self._regular(f"H{n}", 10) for n in range(10)]
        self._first()
        for one in highs:
            self._purchase(one, AS_OF, 6_000)
        self._enter(*vips)
        cases = self._open(playbook)
        held = cases.filtered("is_control")
        self.assertEqual(len(cases), 30)
        self.assertEqual(
            sorted(one.value_tier_id.code for one in held), ["high", "vip", "vip"]
        )
        self.assertFalse(held.task_ids)
        self.assertEqual(set(held.mapped("status")), {"running"})

    def test_chance_decides_once(self):
        """Leave the same customers out the next time."""
        playbook = self._playbook(control_share=50, may_reenter=True, cooldown_days=0)
        people = [self._regular(f"V{n}", 10) for n in range(8)]
        self._first()
        self._enter(*people)
        before = {one.partner_id: one.is_control for one in self._open(playbook)}
        self._open(playbook)._close("window", AS_OF)
        playbook.repeat_days = 1
        self._work(AS_OF + DAY)
        again = self._open(playbook).filtered(lambda one: not one.close_date)
        self.assertEqual(before, {one.partner_id: one.is_control for one in again})
        self.assertEqual(sum(before.values()), 4)

    # Cost

    def test_queries_do_not_grow_with_customers(self):
        """Open cases by twelve queries, whatever the number of changes."""
        self._playbook()
        people = [self._regular(f"Q{n}", 300) for n in range(12)]
        self._first()
        self._purchase(people[0], AS_OF, 50_000)
        self._recompute()
        one = self.events._next_batch()
        with self.assertQueryCount(12):
            self.env["customer.playbook"]._listening(
                self.company, ("value_tier",)
            )._open_for_events(one)
        one.unlink()
        for person in people[1:]:
            self._purchase(person, AS_OF, 50_000)
        self._recompute()
        many = self.events._next_batch()
        self.assertEqual(len(many), 11)
        with self.assertQueryCount(12):
            self.env["customer.playbook"]._listening(
                self.company, ("value_tier",)
            )._open_for_events(many)
