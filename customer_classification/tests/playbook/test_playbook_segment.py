from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase

# The segment of the rarest customer after it bought each day for a month.
TARGET = "frequent"


@tagged("post_install", "-at_install")
class TestPlaybookSegment(PlaybookCase):
    """Playbooks that begin when a run moves a customer into a segment."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Far apart in each number, so that everybody has scores of their own.
        cls.people = [
            cls._regular(
                f"P{n}", 10 * n, times=n, until=AS_OF - (60 - 2 * n) * DAY, every=20
            )
            for n in range(1, 26)
        ]
        cls.rare = cls.people[0]

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))

    def _segment(self, partner):
        return self._profile(partner).segment_id

    def _segment_playbook(self, *codes, **values):
        segments = self.env["customer.segment"].search([("code", "in", codes)])
        self.assertEqual(len(segments), len(codes))
        return self._playbook(
            **{
                "axis": "segment",
                "tier_ids": False,
                "segment_ids": segments.ids,
                **values,
            }
        )

    def _move(self):
        """Let the rarest customer buy most, most often and last."""
        for days in range(30):
            self._purchase(self.rare, AS_OF - days * DAY, 5_000)
        self.env.invalidate_all()

    def _opened(self, playbook):
        self._deliver()
        return self.cases.search([("playbook_id", "=", playbook.id)]).partner_id

    def test_who_enters(self):
        self._recompute(as_of_date=AS_OF - DAY)
        before = self._segment(self.rare)
        self.assertNotEqual(before.code, TARGET)
        playbook = self._segment_playbook(TARGET)
        left = self._segment_playbook(before.code)
        self._move()
        self._recompute()
        self.assertEqual(self._segment(self.rare).code, TARGET)
        self.assertIn(self.rare, self._opened(playbook))
        self.assertNotIn(self.rare, self._opened(left))
        case = self._case(self.rare, playbook)
        self.assertEqual(case.entered_date, AS_OF)
        self.assertEqual(
            playbook.when_text, f"Enters {playbook.segment_ids.display_name}"
        )

    def test_who_is_in_it_already_does_not_enter(self):
        self._move()
        self._recompute(as_of_date=AS_OF - DAY)
        self.assertEqual(self._segment(self.rare).code, TARGET)
        playbook = self._segment_playbook(TARGET)
        self._purchase(self.rare, AS_OF, 5_000)
        self._recompute()
        self.assertEqual(self._segment(self.rare).code, TARGET)
        self.assertNotIn(self.rare, self._opened(playbook))

    def test_moves_within_the_segments_are_no_entry(self):
        self._recompute(as_of_date=AS_OF - DAY)
        before = self._segment(self.rare)
        playbook = self._segment_playbook(TARGET, before.code)
        self._move()
        self._recompute()
        self.assertNotIn(self.rare, self._opened(playbook))

    def test_first_runs_previews_and_back_tests_open_nothing(self):
        playbook = self._segment_playbook(TARGET)
        self._move()
        self._recompute(as_of_date=AS_OF - DAY)
        self.assertEqual(self._segment(self.rare).code, TARGET)
        self.assertFalse(self._opened(playbook))
        self._purchase(self.people[1], AS_OF, 500_000)
        self._recompute(kind="preview")
        self._recompute(as_of_date=AS_OF - 60 * DAY, kind="back_test")
        self.assertFalse(self._opened(playbook))
        self.assertFalse(self.events.search([]))

    def test_imported_history(self):
        self._recompute(as_of_date=AS_OF - 30 * DAY)
        self._recompute(as_of_date=AS_OF - DAY)
        playbook = self._segment_playbook(TARGET)
        for partner in self.people[:5]:
            self._purchase(partner, AS_OF - 500 * DAY, 5_000)
        self._recompute()
        self.assertFalse(self._opened(playbook))

    def test_decisions_open_by_option_only(self):
        """A decided class that moves the segment opens by option only."""
        self._recompute(as_of_date=AS_OF - DAY)
        before = self._segment(self.rare)
        others = self.env["customer.segment"].search([("id", "!=", before.id)])
        values = {"axis": "segment", "tier_ids": False, "segment_ids": others.ids}
        without = self._playbook(**values)
        with_it = self._playbook(opens_by_decision=True, **values)
        self._move()
        run = self._recompute()
        self.env.cr.execute(
            "INSERT INTO classification_change (partner_id, company_id, axis, cause,"
            " run_id, valid_date, from_risk, to_risk) VALUES"
            " (%s, %s, 'churn_risk', 'person', %s, %s, 'low', 'high')",
            [self.rare.id, self.company.id, run.id, AS_OF],
        )
        self.assertNotIn(self.rare, self._opened(without))
        self.assertIn(self.rare, self._opened(with_it))

    def test_leaving_ends_it(self):
        self._recompute(as_of_date=AS_OF - DAY)
        playbook = self._segment_playbook(TARGET, goal_kind="answer")
        self._move()
        self._recompute()
        self._opened(playbook)
        case = self._case(self.rare, playbook)
        self._work()
        self.assertEqual(case.status, "running")
        with self._on(AS_OF + 300 * DAY):
            self._recompute(as_of_date=AS_OF + 300 * DAY)
        self.assertNotEqual(self._segment(self.rare).code, TARGET)
        self._work(AS_OF + 300 * DAY)
        self.assertNotEqual(case.status, "running")

    def test_control_group_and_limit(self):
        """Half are left out, and a person gets one activity a day."""
        self.company.customer_playbook_limit = 1
        self._recompute(as_of_date=AS_OF - DAY)
        targets = {one for one in self.people if self._segment(one).code == TARGET}
        playbook = self._segment_playbook(TARGET, control_share=50)
        for partner in self.people[:4]:
            for days in range(30):
                self._purchase(partner, AS_OF - days * DAY, 5_000)
        self._recompute()
        opened = self._opened(playbook)
        new = {
            one
            for one in self.people
            if self._segment(one).code == TARGET and one not in targets
        }
        self.assertEqual(set(opened), new)
        cases = self.cases.search([("playbook_id", "=", playbook.id)])
        held = cases.filtered("is_control")
        self.assertEqual(len(held), round(len(cases) / 2))
        self._work()
        self.assertEqual(len(self._activities(cases)), 1)
        self.assertFalse(self._activities(held))

    def test_nobody_listens(self):
        """Without such a playbook a run notes no segments."""
        self._recompute(as_of_date=AS_OF - DAY)
        self._move()
        self._recompute()
        self.assertFalse(self.events.search([("partner_id", "=", self.rare.id)]))

    def test_segments_have_no_history(self):
        with self.assertRaisesRegex(ValidationError, "no history"):
            self._segment_playbook(TARGET, trigger="stays")
        with self.assertRaisesRegex(ValidationError, "choose the class"):
            self._playbook(axis="segment", tier_ids=False)

    def test_form(self):
        target = self.env["customer.segment"].search([("code", "=", TARGET)])
        with Form(self.env["customer.playbook"].with_user(self.manager)) as form:
            form.name = "Thanks"
            form.axis = "segment"
            form.segment_ids.add(target)
        self.assertEqual(form.record.segment_ids, target)


@tagged("post_install", "-at_install")
class TestPlaybookReferral(PlaybookCase):
    """Playbooks that begin by a recommendation, once it brought a purchase."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.friend = cls._regular("Friend", 300, user_id=cls.seller.id)
        cls.clerk = cls._customer("Clerk of the friend", parent_id=cls.friend.id)
        cls.brought = cls._customer("Brought", customer_referrer_id=cls.clerk.id)
        cls.alone = cls._customer("Alone")

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)

    def _referral_playbook(self, axis, **values):
        playbook = self._playbook(
            **{"axis": axis, "tier_ids": False, "goal_days": 30, **values}
        )
        playbook.since_date = AS_OF - 10 * DAY
        return playbook

    def _buys(self, *partners, day=AS_OF):
        for partner in partners:
            self._purchase(partner, day, 100)
        self._recompute()

    def _opened(self, playbook, day=AS_OF):
        self._work(day)
        return self.cases.search([("playbook_id", "=", playbook.id)]).partner_id

    def test_both_sides(self):
        brought = self._referral_playbook("referred")
        friend = self._referral_playbook("referrer")
        self.assertFalse(self._opened(brought) | self._opened(friend))
        self._buys(self.brought, self.alone)
        for playbook in (brought, friend):
            playbook.looked_date = False
        self.assertEqual(self._opened(brought), self.brought)
        self.assertEqual(self._opened(friend), self.friend)
        self.assertEqual(self._case(self.friend, friend).entered_date, AS_OF)
        self.assertEqual(brought.when_text, "A customer who was recommended buys first")

    def test_recommended_by_somebody_who(self):
        """The condition of the playbook speaks of who recommended."""
        values = {"domain": "[('customer_referrer_id.user_id', '=', %d)]"}
        seller = self._referral_playbook(
            "referred", domain=values["domain"] % self.seller.id
        )
        manager = self._referral_playbook(
            "referred", domain=values["domain"] % self.manager.id
        )
        self.clerk.user_id = self.seller
        self._buys(self.brought)
        self.assertEqual(self._opened(seller), self.brought)
        self.assertFalse(self._opened(manager))

    def test_imported_history(self):
        """A first purchase of before the playbook opens nothing."""
        playbook = self._referral_playbook("referrer")
        self._buys(self.brought, day=AS_OF - 100 * DAY)
        self.assertFalse(self._opened(playbook))

    def test_each_customer_brought_is_an_entry(self):
        playbook = self._referral_playbook("referrer", cooldown_days=0)
        self._buys(self.brought, day=AS_OF - DAY)
        self._opened(playbook)
        case = self._case(self.friend, playbook)
        case.with_user(self.manager).action_stop()
        case.close_date = AS_OF
        self._work(AS_OF + DAY)
        self.assertEqual(len(self._case(self.friend, playbook)), 1)
        self.alone.customer_referrer_id = self.friend
        self._purchase(self.alone, AS_OF + DAY, 100)
        with self._on(AS_OF + DAY):
            self._recompute(as_of_date=AS_OF + DAY)
        playbook.looked_date = False
        self._work(AS_OF + DAY)
        self.assertEqual(len(self._case(self.friend, playbook)), 2)

    def test_objectors_apart(self):
        playbook = self._referral_playbook("referred")
        self._buys(self.brought)
        self.friend.customer_objects_profiling = True
        self.assertFalse(self._opened(playbook))

    def test_other_companies_apart(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        playbook = self._referral_playbook("referred")
        self._purchase(self.brought, AS_OF, 100, company_id=other.id)
        self._recompute()
        self.assertFalse(self._opened(playbook))


@tagged("post_install", "-at_install")
class TestPlaybookTeam(PlaybookCase):
    """Members of a sales team do the steps, within their limits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bob, cls.cid = cls._salespeople(3)
        cls.team = cls.env["crm.team"].create(
            {
                "name": "Care",
                "company_id": cls.company.id,
                "member_ids": [(6, 0, (cls.ann | cls.bob).ids)],
            }
        )
        cls.people = [cls._regular(f"P{n:02}", 300) for n in range(12)]

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)

    def _team_playbook(self, **values):
        step = {"name": "Call", "actor": "team", "team_id": self.team.id}
        return self._playbook(steps=[step], **values)

    def _actors(self, playbook):
        cases = self.cases.search([("playbook_id", "=", playbook.id)])
        return self._activities(cases).mapped("user_id")

    def _who(self):
        return {one: self._activities(self._case(one)).user_id for one in self.people}

    def test_members_share_the_customers(self):
        playbook = self._team_playbook()
        self._enter(*self.people)
        self._work()
        self.assertEqual(self._actors(playbook), self.ann | self.bob)
        who = self._who()
        for user in (self.ann, self.bob):
            self.assertGreaterEqual(list(who.values()).count(user), 2)

    def test_the_own_salesperson_of_the_team_first(self):
        for one in self.people:
            one.user_id = self.bob
        self.people[0].user_id = self.cid  # of another team
        self._team_playbook()
        self._enter(*self.people)
        self._work()
        who = self._who()
        self.assertEqual({who[one] for one in self.people[1:]}, {self.bob})
        self.assertIn(who[self.people[0]], self.ann | self.bob)

    def test_limits_are_kept(self):
        self.company.customer_playbook_limit = 2
        playbook = self._team_playbook()
        # So many that each of two members has four of them, by any hash.
        more = [self._regular(f"Q{n:02}", 300) for n in range(28)]
        self._recompute(as_of_date=AS_OF - DAY)
        self._enter(*self.people, *more)
        self._work()
        cases = self.cases.search([("playbook_id", "=", playbook.id)])
        self.assertEqual(len(self._activities(cases)), 4)
        self._work(AS_OF + DAY)
        self.assertEqual(len(self._activities(cases)), 8)

    def test_the_control_group_gets_nobody(self):
        playbook = self._team_playbook(control_share=50)
        self._enter(*self.people)
        self._work()
        cases = self.cases.search([("playbook_id", "=", playbook.id)])
        held = cases.filtered("is_control")
        self.assertEqual(len(held), 6)
        self.assertFalse(self._activities(held))

    def test_a_customer_keeps_its_member(self):
        """A new member takes some customers, and moves none among the others."""
        playbook = self._team_playbook()
        people = self._members_of(playbook)
        self.team.member_ids |= self.cid
        now = self._members_of(playbook)
        moved = {one for one, user in now.items() if user != people[one]}
        self.assertEqual({now[one] for one in moved}, {self.cid})

    def _members_of(self, playbook):
        """Return who would act for whom, as the preview counts it."""
        with self.env.cr.savepoint(flush=True) as point:
            playbook.state = "running"
            self._enter(*self.people)
            self._work()
            who = self._who()
            point.rollback()
        self.env.invalidate_all()
        return who

    def test_an_empty_team_leaves_it_to_the_responsible(self):
        self.team.member_ids = False
        playbook = self._team_playbook()
        self._enter(self.people[0])
        self._work()
        self.assertEqual(self._actors(playbook), self.manager)

    def test_preview_counts_the_members(self):
        playbook = self._team_playbook(state="draft", tier_ids=self._tier("medium").ids)
        self._recompute()
        manager = playbook.with_user(self.manager)
        action = manager.action_preview()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        people = wizard.line_ids.user_id
        self.assertTrue(people)
        self.assertLessEqual(set(people), {self.ann, self.bob, self.manager})

    def test_customers_in_turn(self):
        """A team gets the customers, as chosen people do."""
        step = {"name": "Give", "kind": "assign", "team_id": self.team.id}
        self._playbook(steps=[{**step, "activity_type_id": False}])
        self._enter(*self.people[:4])
        self._work()
        users = [one.user_id for one in self.people[:4]]
        self.assertEqual({users.count(one) for one in (self.ann, self.bob)}, {2})

    def test_team_of_another_company(self):
        other = self._company("Other Ltd")
        team = self.env["crm.team"].create({"name": "T", "company_id": other.id})
        with self.assertRaisesRegex(ValidationError, "another company"):
            self._playbook(
                steps=[{"name": "Call", "actor": "team", "team_id": team.id}]
            )

    def test_a_team_is_needed(self):
        with self.assertRaisesRegex(ValidationError, "sales team"):
            self._playbook(steps=[{"name": "Call", "actor": "team"}])
        playbook = self._playbook(
            state="draft",
            steps=[{"name": "Give", "kind": "assign", "activity_type_id": False}],
        )
        with self.assertRaisesRegex(UserError, "who gets"):
            playbook.with_user(self.manager)._switch_on(False)
