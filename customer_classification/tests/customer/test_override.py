from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged, users

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestOverride(ClassificationCase):
    policy_values = {"grace_days": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = cls._user(
            "officer",
            "customer_classification.group_officer,base.group_partner_manager",
        )
        cls.seller = cls._user("seller", "sales_team.group_sale_salesman")
        today = cls.policy._today()
        cls.today = today
        cls.small = cls._regular("Small", 10, until=today)
        cls.vip = cls._regular("Very Important", 1_000, until=today)
        cls._recompute(as_of_date=today)

    def _decide(self, partner, code="vip", **values):
        return self.env["classification.override"].create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "tier_id": self._tier(code).id,
                "reason": "Frame contract signed",
                **values,
            }
        )

    def _changes(self, partner, axis="value_tier"):
        return self.env["classification.change"].search(
            [("partner_id", "=", partner.id), ("axis", "=", axis)], order="id"
        )

    def test_seen_at_once_with_the_shadow_beside(self):
        self._decide(self.small)
        profile = self._profile(self.small)
        self.assertEqual(profile.value_tier_id, self._tier("vip"))
        self.assertEqual(profile.shadow_tier_id, self._tier("low"))
        self.assertTrue(profile.is_overridden)
        self.assertEqual(self.small.customer_value_tier_id, self._tier("vip"))
        change = self._changes(self.small)[-1]
        self.assertEqual(change.cause, "person")
        self.assertEqual(
            (change.from_tier_id, change.to_tier_id),
            (self._tier("low"), self._tier("vip")),
        )

    def test_never_overwritten_by_a_run(self):
        self._decide(self.small)
        for scope in ("all", "changed", "some"):
            self._purchase(self.small, self.today, 1)
            if scope == "changed":
                run = self.policy.refresh()
            elif scope == "some":
                run = self._recompute(self.today, partner_ids=self.small.ids)
            else:
                run = self._recompute(self.today)
            self.assertEqual(run.scope, scope)
            self.assertEqual(run.person_change_count, 0)
            self.assertEqual(self._profile(self.small).value_tier_id, self._tier("vip"))
        self.assertEqual(len(self._changes(self.small)), 2)

    def test_shadow_moves_on_without_a_change(self):
        self._decide(self.small)
        self._purchase(self.small, self.today, 6_000)
        self._recompute(self.today)
        profile = self._profile(self.small)
        self.assertEqual(profile.shadow_tier_id, self._tier("high"))
        self.assertEqual(profile.value_tier_id, self._tier("vip"))
        self.assertEqual(len(self._changes(self.small)), 2)

    def test_ends_by_hand(self):
        decision = self._decide(self.small)
        decision.action_end()
        profile = self._profile(self.small)
        self.assertEqual(profile.value_tier_id, self._tier("low"))
        self.assertFalse(profile.is_overridden)
        self.assertEqual(decision.status, "ended")
        self.assertEqual(decision.ended_by_id, self.env.user)
        self.assertEqual(self._changes(self.small)[-1].cause, "person")

    def test_ends_by_its_day_in_a_run_over_everybody(self):
        decision = self._decide(self.small, end_date=self.today + timedelta(5))
        with self._on(self.today + timedelta(5)):
            self._recompute(self.policy._today())
        self.assertEqual(self._profile(self.small).value_tier_id, self._tier("vip"))
        with self._on(self.today + timedelta(6)):
            self._recompute(self.policy._today())
        self.assertEqual(self._profile(self.small).value_tier_id, self._tier("low"))
        self.assertEqual(decision.status, "ended")
        self.assertEqual(self._changes(self.small)[-1].cause, "person")

    def test_ends_by_its_day_in_a_run_over_who_changed(self):
        self._decide(self.small, end_date=self.today + timedelta(5))
        self._recompute(self.today)
        with self._on(self.today + timedelta(6)):
            run = self.policy.refresh()
        self.assertEqual(run.state, "done", run.error)
        self.assertEqual(self._profile(self.small).value_tier_id, self._tier("low"))

    def test_a_later_decision_takes_the_place(self):
        first = self._decide(self.small)
        self._decide(self.small, "high")
        self.assertEqual(first.status, "ended")
        self.assertEqual(self._profile(self.small).value_tier_id, self._tier("high"))

    def test_two_axes_stand_side_by_side(self):
        first = self._decide(self.small)
        self._decide(
            self.small,
            axis="lifecycle_stage",
            tier_id=False,
            stage_id=self._stage("won_back").id,
        )
        self.assertEqual(first.status, "active")
        profile = self._profile(self.small)
        self.assertEqual(profile.value_tier_id, self._tier("vip"))
        self.assertEqual(profile.lifecycle_stage_id, self._stage("won_back"))
        self.assertEqual(profile.shadow_stage_id, self._stage("loyal"))
        self.assertEqual(
            self._changes(self.small, "lifecycle_stage")[-1].cause, "person"
        )

    def test_status_tells_what_to_review(self):
        agrees = self._decide(self.small)
        moved = self._decide(self.vip, "medium", end_date=self.today + timedelta(60))
        self._purchase(self.small, self.today, 50_000)
        bought = self.env["customer.purchase"].search(
            [("partner_id", "=", self.vip.id)], order="date"
        )
        bought[1:-1].unlink()
        self._recompute(self.today)
        self.assertEqual(agrees.status, "agrees")
        self.assertEqual(moved.status, "agrees")  # 2,000: medium by now
        moved.tier_id = self._tier("high")
        self.assertEqual(moved.status, "unsupported")
        soon = self._decide(self.vip, "high", end_date=self.today + timedelta(10))
        self.assertEqual(soon.status, "expiring")
        self.assertEqual(moved.status, "ended")

    def test_labels(self):
        decision = self._decide(self.small)
        self.assertEqual(
            (decision.decided_label, decision.then_label, decision.now_label),
            ("VIP", "Low", "Low"),
        )

    def test_contact_stands_for_its_company(self):
        contact = self._customer("Buyer", parent_id=self.vip.id)
        self.vip.is_company = True
        decision = self._decide(contact, "low")
        self.assertEqual(decision.partner_id, self.vip)
        self.assertEqual(contact.customer_value_tier_id, self._tier("low"))

    def test_preview_and_drafts_respect_it(self):
        self._decide(self.small)
        self.policy.action_new_version()
        draft = self.env["classification.policy"].search(
            [("company_id", "=", self.company.id), ("state", "=", "draft")]
        )
        run = self._recompute(self.today, policy=draft, kind="preview")
        self.assertNotIn(self.small, run.move_ids.partner_id)

    def test_refusals(self):
        with self.assertRaisesRegex(ValidationError, "Choose the class"):
            self._decide(self.small, tier_id=False)
        with self.assertRaisesRegex(ValidationError, "cannot end before"):
            self._decide(self.small, end_date=self.today - timedelta(1))
        with self.assertRaisesRegex(UserError, "End it instead"):
            self._decide(self.small).unlink()
        with self.assertRaises(UserError):
            self._tier("vip").unlink()

    @users("officer")
    def test_officer_decides_in_the_form(self):
        action = self._profile(self.small).with_user(self.env.user).action_override()
        model = self.env["classification.override"].with_context(**action["context"])
        with Form(model) as form:
            form.tier_id = self._tier("high")
            form.reason = "Asked by the management"
        self.assertEqual(form.record.user_id, self.env.user)
        self.assertEqual(self._profile(self.small).value_tier_id, self._tier("high"))

    @users("seller")
    def test_salesperson_reads_and_does_not_decide(self):
        self.assertTrue(
            self._profile(self.small).with_user(self.env.user).override_ids is not None
        )
        with self.assertRaises(AccessError):
            self.env["classification.override"].create(
                {
                    "partner_id": self.small.id,
                    "tier_id": self._tier("vip").id,
                    "reason": "Mine",
                }
            )

    def test_other_company_is_not_concerned(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._decide(self.small)
        policy = other._get_customer_policy()
        self._purchase(self.small, self.today, 5, company_id=other.id)
        policy.recompute(as_of_date=self.today)
        self.assertFalse(self._profile(self.small, other).is_overridden)

    def test_merged_customers_keep_one_decision(self):
        self._decide(self.small)
        self._decide(self.vip, "high")
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.small + self.vip).ids, self.vip)
        self._recompute(self.today)
        self.assertEqual(self._profile(self.vip).value_tier_id, self._tier("high"))
        self.assertEqual(
            len(self._profile(self.vip).override_ids), 2, "both stay in the history"
        )
        self.assertEqual(self._profile(self.vip).order_count, 24)

    def test_as_of_is_not_moved_by_a_decision(self):
        self.assertEqual(self._profile(self.small).as_of_date, self.today)
        self.assertLess(AS_OF, self.today)


@tagged("post_install", "-at_install")
class TestOverrideHistory(ClassificationCase):
    """The author, the decision and its time never change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "customer_classification.group_officer,base.group_partner_manager"
        cls.first, cls.second = (
            cls._user(login, groups) for login in ("first_officer", "second_officer")
        )
        cls.today = cls.policy._today()
        cls.customers = cls._regular("A", 10, until=cls.today)
        cls.customers += cls._regular("B", 1_000, until=cls.today)
        cls._recompute(as_of_date=cls.today)

    def _decide(self, user, partner=None, **values):
        return (
            self.env["classification.override"]
            .with_user(user)
            .create(
                {
                    "partner_id": (partner or self.customers[0]).id,
                    "tier_id": self._tier("vip").id,
                    "reason": "Frame contract",
                    **values,
                }
            )
        )

    def _earlier(self, decision):
        """A decision of another officer, made forty days ago."""
        day = self.today - timedelta(40)
        decision.sudo().write({"start_date": day})
        return day

    def test_change_keeps_what_was_decided(self):
        decision = self._decide(self.first)
        day = self._earlier(decision)
        decision.with_user(self.second).write(
            {"tier_id": self._tier("high").id, "reason": "Contract made smaller"}
        )
        self.assertEqual(
            (decision.tier_id, decision.user_id, decision.start_date, decision.status),
            (self._tier("high"), self.second, self.today, "active"),
        )
        before = decision.earlier_ids
        self.assertEqual(
            (before.tier_id, before.user_id, before.start_date, before.reason),
            (self._tier("vip"), self.first, day, "Frame contract"),
        )
        self.assertEqual(
            (before.status, before.ended_by_id, before.ended_date.date()),
            ("ended", self.second, before.create_date.date()),
        )
        self.assertEqual(before.from_tier_id, self._tier("low"))
        profile = self._profile(self.customers[0])
        self.assertEqual(profile.value_tier_id, self._tier("high"))
        self.assertEqual(profile.override_ids.ids, [decision.id, before.id])

    def test_reason_and_end_are_decided_anew(self):
        decision = self._decide(self.first)
        self._earlier(decision)
        decision = decision.with_user(self.second)
        decision.reason = "Another reason"
        decision.end_date = self.today + timedelta(200)
        self.assertEqual(
            decision.earlier_ids.mapped("reason"), ["Another reason", "Frame contract"]
        )
        self.assertEqual(decision.user_id, self.second)
        with self.assertRaisesRegex(ValidationError, "cannot end before"):
            decision.end_date = self.today - timedelta(1)

    def test_many_are_changed_at_once(self):
        decisions = self._decide(self.first)
        decisions += self._decide(self.first, self.customers[1])
        self._purchase(self.customers[0], self.today, 6_000)
        self._recompute(self.today)
        decisions.with_user(self.second).write({"reason": "Reviewed"})
        self.assertEqual(len(decisions.earlier_ids), 2)
        self.assertEqual(
            decisions.mapped("from_tier_id"), self._tier("high") + self._tier("vip")
        )

    def test_author_and_day_are_not_given(self):
        decision = self._decide(self.first)
        for values in (
            {"user_id": self.second.id},
            {"start_date": "2001-01-01"},
            {"status": "ended"},
            {"ended_by_id": self.second.id},
            {"from_tier_id": self._tier("high").id},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                decision.write(values)
            with self.subTest(values), self.assertRaises(AccessError):
                self._decide(self.first, **values)
            with self.subTest(values), self.assertRaises(AccessError):
                decision.copy(values)
        for values in (
            {"partner_id": self.customers[1].id},
            {"axis": "churn_risk", "risk": "low"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                decision.write(values)

    def test_context_gives_neither_author_nor_day(self):
        model = self.env["classification.override"].with_context(
            default_user_id=self.second.id,
            default_start_date="2001-01-01",
            default_status="ended",
            default_from_tier_id=self._tier("high").id,
            tz="Pacific/Kiritimati",
        )
        with freeze_time(f"{self.today} 11:00:00"):
            decision = self._decide(self.first)
            other = (
                model.with_user(self.first)
                .with_company(self.company)
                .create(decision.copy_data()[0])
            )
        for one in (decision, other):
            self.assertEqual(
                (one.user_id, one.start_date, one.from_tier_id),
                (self.first, self.today, self._tier("low")),
            )
        self.assertEqual((decision.status, other.status), ("ended", "active"))

    def test_ended_once(self):
        decision = self._decide(self.first)
        decision.with_user(self.second).action_end()
        when = decision.ended_date
        for call in (
            decision.action_end,
            lambda: decision.write({"reason": "Rewritten"}),
            lambda: decision.write({"end_date": self.today + timedelta(9)}),
        ):
            with self.assertRaisesRegex(UserError, "has ended"):
                call()
        self.assertEqual(
            (decision.ended_by_id, decision.ended_date), (self.second, when)
        )

    def test_other_companies(self):
        other = self._company("Other Ltd")
        with self.assertRaises(AccessError):
            self._decide(self.first, company_id=other.id)
        with self.assertRaises(AccessError):
            self._decide(self.first).write({"company_id": other.id})

    def test_changed_in_the_form(self):
        decision = self._decide(self.first)
        with Form(decision.with_user(self.second)) as form:
            form.reason = "Reviewed"
        self.assertEqual(len(decision.earlier_ids), 1)
        self.assertEqual(decision.user_id, self.second)
