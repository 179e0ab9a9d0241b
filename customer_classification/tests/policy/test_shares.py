import base64
import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..common import AS_OF, ClassificationCase


class SharesCase(ClassificationCase):
    tier_method = "top_percent"
    limits = {"vip": 10, "high": 30, "medium": 60, "low": 100}
    policy_values = {"grace_days": 0, "min_orders": 1}

    @classmethod
    def _buyers(cls, amounts, day=AS_OF):
        """Create customers with one purchase of an amount each."""
        customers = cls.env["res.partner"].create(
            [{"name": f"Customer {place}"} for place, __ in enumerate(amounts)]
        )
        cls.env["customer.purchase"].create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": cls.company.id,
                    "currency_id": cls.company.currency_id.id,
                    "date": day,
                    "amount": amount,
                }
                for customer, amount in zip(customers, amounts, strict=True)
            ]
        )
        return customers

    def _draft(self, **values):
        draft = self.env["classification.policy"].browse(
            self.policy.action_new_version()["res_id"]
        )
        draft.write(values)
        return draft

    def _publish(self, **values):
        draft = self._draft(**values)
        draft._publish()
        self.policy = draft
        return draft

    def _codes(self, customers):
        profiles = self.env["customer.profile"].with_context(active_test=False)
        found = profiles.search(
            [("company_id", "=", self.company.id), ("partner_id", "in", customers.ids)]
        )
        codes = {one.partner_id: one.value_tier_id.code for one in found}
        return [codes[customer] for customer in customers]

    def _profile(self, customer):
        profiles = self.env["customer.profile"].with_context(active_test=False)
        return profiles.search(
            [("company_id", "=", self.company.id), ("partner_id", "=", customer.id)]
        )

    def _recompute(self, day=AS_OF, **values):
        run = self.policy.recompute(day, **values)
        self.env.invalidate_all()
        return run


@tagged("post_install", "-at_install")
class TestTies(SharesCase):
    """More customers than the share have the highest value."""

    policy_values = {**SharesCase.policy_values, "value_metric": "score"}

    def _scored(self):
        """Create 40 customers, 8 of them with the highest score of all."""
        for metric, limits in (("recency", 500), ("frequency", 5), ("monetary", 99)):
            line = self.draft.metric_ids.filtered(lambda one, m=metric: one.metric == m)
            line.write({"method": "fixed", "limits_text": str(limits)})
        customers = self._buyers([*range(1, 33), *[900] * 8])
        self.env["customer.purchase"].create(
            [
                {
                    "partner_id": one.id,
                    "company_id": self.company.id,
                    "currency_id": self.company.currency_id.id,
                    "date": AS_OF,
                    "amount": 1,
                }
                for one in customers[32:]
                for __ in range(6)
            ]
        )
        return customers

    def setUp(self):
        super().setUp()
        self.draft = self._draft()
        self.customers = self._scored()

    def _run(self, **values):
        self.draft.write(values)
        self.draft._publish()
        self.policy = self.draft
        return self._recompute()

    def test_scores_let_in_all_by_default(self):
        self.assertEqual(self.draft.tier_ties, "in")
        run = self._run()
        self.assertEqual(self._codes(self.customers[32:]), ["vip"] * 8)
        self.assertIn(
            "VIP: 8 of 40 customers reach its limit, where the rules say the best 10 %",
            run.notes_text,
        )
        self.assertIn(
            "VIP: 8 of 40 customers have the highest value, more than the best 10 %, "
            "and all of them are in.",
            self.policy.warning_text,
        )

    def test_none_of_them(self):
        self._run(tier_ties="out")
        self.assertNotIn("vip", self._codes(self.customers))
        self.assertIn(
            "VIP: 8 of 40 customers have the highest value, more than the best 10 %, "
            "so that nobody is in.",
            self.policy.warning_text,
        )
        texts = [self._profile(one).tier_reach_text for one in self.customers]
        self.assertIn(
            "Nobody reaches VIP now: too many customers have the highest score.", texts
        )
        self.assertFalse([text for text in texts if text and "To reach VIP" in text])

    def test_a_preview_warns_before(self):
        run = self.draft.recompute(AS_OF, kind="preview")
        self.assertIn("reach its limit", run.notes_text)
        self.env.invalidate_all()
        self.assertIn("8 of 40 customers", self.draft.warning_text)

    def test_by_revenue_none_by_default(self):
        self.draft.value_metric = "revenue"
        self.assertEqual(self.draft.tier_ties, "out")
        self.draft.tier_ties = "in"
        copy = self.draft.copy()
        self.assertEqual(copy.tier_ties, "in")


@tagged("post_install", "-at_install")
class TestWhomSharesCompare(SharesCase):
    def test_archived_customers_do_not_count(self):
        customers = self._buyers(range(100, 220))
        customers[110:].action_archive()
        run = self._recompute()
        self.assertEqual(run.edges["buyer_count"], 110)
        vip = [code for code in self._codes(customers[:110]) if code == "vip"]
        self.assertEqual(len(vip), 11)
        self.assertIn("10 archived customers", run.notes_text)
        preview = self.policy.recompute(AS_OF, kind="preview")
        self.assertEqual(preview.edges["tier_limits"], run.edges["tier_limits"])
        self.assertIn("10 archived customers", preview.notes_text)
        self.assertEqual(preview.histogram["buyers"], 110)

    def test_archived_customers_count(self):
        self._publish(count_archived=True)
        customers = self._buyers(range(100, 220))
        customers[110:].action_archive()
        run = self._recompute()
        self.assertEqual(run.edges["buyer_count"], 120)
        vip = [code for code in self._codes(customers[:110]) if code == "vip"]
        self.assertEqual(len(vip), 2)
        self.assertNotIn("archived", run.notes_text)

    def test_an_hourly_run_sees_who_was_archived(self):
        customers = self._buyers(range(100, 120))
        self.policy.recompute()
        customers[0].action_archive()
        self.policy.refresh()
        self.env.invalidate_all()
        self.assertFalse(self._profile(customers[0]).active)
        customers[0].action_unarchive()
        self.policy.refresh()
        self.env.invalidate_all()
        self.assertTrue(self._profile(customers[0]).active)

    def test_only_positive_values(self):
        customers = self._buyers([*[50] * 20, *range(100, 120)])
        for one in customers[:20]:
            self._purchase(one, AS_OF, -50)
        self._recompute()
        self.assertEqual(self._codes(customers[20:]).count("medium"), 8)
        self._publish(share_of="positive")
        run = self._recompute()
        counts = self._codes(customers[20:])
        # 10, 30 and 60 % of 20
        self.assertEqual(
            [counts.count(code) for code in ("vip", "high", "medium", "low")],
            [2, 4, 6, 8],
        )
        self.assertIn(
            "20 customers who bought in the window have a value of 0", run.notes_text
        )


@tagged("post_install", "-at_install")
class TestWorthNothing(SharesCase):
    def setUp(self):
        super().setUp()
        self.customers = self._buyers([50, *range(100, 120)])
        self.nobody = self.customers[0]
        self._purchase(self.nobody, AS_OF, -50)
        self.tier = self.env["customer.value.tier"].create(
            {"name": "Nothing", "code": "nothing", "sequence": 900}
        )

    def test_a_tier_of_their_own(self):
        self._publish(no_value_rule="own", no_value_tier_id=self.tier.id)
        run = self._recompute()
        profile = self._profile(self.nobody)
        self.assertEqual(profile.value_tier_id, self.tier)
        self.assertIn("To reach Low: 0.01", profile.tier_reach_text)
        self.assertIn("below the limit of Low: 0.01", profile.tier_explanation)
        self.assertIn("they belong to Nothing, a tier of their own", run.notes_text)
        self._purchase(self.nobody, AS_OF, 0.01)
        self._recompute(partner_ids=self.nobody.ids)
        self.assertEqual(self._codes(self.nobody), ["low"])

    def test_not_rated(self):
        self._publish(no_value_rule="unrated")
        self._recompute()
        profile = self._profile(self.nobody)
        self.assertTrue(profile.value_tier_id.is_unrated)
        self.assertEqual(
            profile.tier_explanation,
            "Not rated: nothing is left of what was bought in 12 months.",
        )
        later = AS_OF + timedelta(400)
        for one in self.customers[6:]:
            self._purchase(one, later, 100)
        self._recompute(later)
        self.assertEqual(
            self._profile(self.customers[5]).tier_explanation,
            "Not rated: nothing bought in 12 months.",
        )

    def test_rules_that_contradict_themselves(self):
        draft = self._draft()
        with self.assertRaisesRegex(ValidationError, "Choose the value tier"):
            draft.no_value_rule = "own"
        with self.assertRaisesRegex(ValidationError, "stands among the limits"):
            low = self._tier("low").id
            draft.write({"no_value_rule": "own", "no_value_tier_id": low})
        self.tier.sequence = 0
        with self.assertRaisesRegex(ValidationError, "comes after all others"):
            draft.write({"no_value_rule": "own", "no_value_tier_id": self.tier.id})
        self.tier.sequence = 900
        self.tier.active = False
        with self.assertRaisesRegex(ValidationError, "Nothing: this value tier is"):
            draft.write({"no_value_rule": "own", "no_value_tier_id": self.tier.id})

    def test_in_the_file_and_in_the_comparison(self):
        draft = self._draft(
            no_value_rule="own",
            no_value_tier_id=self.tier.id,
            tier_ties="in",
            share_of="positive",
            count_archived=True,
            product_xyz_months=12,
        )
        labels = {label: new for label, __, new in draft._changes_since(self.policy)}
        self.assertEqual(
            labels,
            {
                "Equal Values at a Limit": "Reach it: never fewer than the share",
                "Shares Of": "Those of them with a value above 0",
                "Archived Customers Count": "Yes",
                "With a Value of 0 or Less": "A tier of their own",
                "Tier for 0 or Less": "Nothing",
                "XYZ Over": "12 months",
            },
        )
        content = base64.b64decode(draft.export_file)
        self.assertEqual(json.loads(content)["rules"]["no_value_tier_id"], "nothing")
        policies = self.env["classification.policy"]
        again = policies._from_file(content, self.company)
        self.assertEqual(again._to_file(), draft._to_file())
        with self.assertRaisesRegex(UserError, "no value tier with the code"):
            broken = json.loads(content)
            broken["rules"]["no_value_tier_id"] = "unheard"
            policies._from_file(json.dumps(broken).encode(), self.company)


@tagged("post_install", "-at_install")
class TestKeptLimits(SharesCase):
    """Limits that a manager keeps stay until they are released."""

    def setUp(self):
        super().setUp()
        self.customers = self._buyers(range(100, 140))
        self.run_before = self._recompute()
        self.manager = new_test_user(
            self.env,
            "keeper",
            "customer_classification.group_manager,base.group_user",
            company_ids=[(6, 0, self.company.ids)],
            company_id=self.company.id,
        )

    def _buy_more(self, day):
        for one in self.customers:
            self._purchase(one, day, 1_000)

    def test_they_stay_until_released(self):
        self.run_before.with_user(self.manager).action_keep_limits()
        self.assertEqual(self.policy.kept_run_id, self.run_before)
        self.assertEqual(self.policy.kept_by_id, self.manager)
        self.assertIn("by keeper", self.policy.kept_limits_text)
        day = AS_OF + timedelta(1)
        self._buy_more(day)
        run = self._recompute(day)
        self.assertEqual(run.edges["tier_limits"], self.run_before.edges["tier_limits"])
        self.assertEqual(set(self._codes(self.customers)), {"vip"})
        self.assertIn("which is kept", run.notes_text)
        text = self._profile(self.customers[0]).tier_explanation
        self.assertIn("; kept since ", text)
        self.assertNotIn("among the best", text)
        self.policy.with_user(self.manager).action_release_limits()
        self.assertFalse(self.policy.kept_limits_text)
        run = self._recompute(day + timedelta(1))
        self.assertNotEqual(
            run.edges["tier_limits"], self.run_before.edges["tier_limits"]
        )
        self.assertEqual(self._profile(self.customers[0]).tier_reason, "kept")
        text = self._profile(self.customers[39]).tier_explanation
        self.assertIn("among the best 10 % of 40 customers", text)

    def test_the_next_version_takes_them_over(self):
        """The next version takes over the limits whose rules it does not change."""
        self.run_before.with_user(self.manager).action_keep_limits()
        vip = self.policy.tier_ids.filtered(lambda line: line.tier_id.code == "vip")
        line = {"limit": 20}
        draft = self._draft()
        own = draft.tier_ids.filtered(lambda line: line.tier_id == vip.tier_id)
        own.write(line)
        self.assertIn("by keeper", draft.kept_limits_text)
        draft._publish()
        self.policy = draft
        self.assertEqual(draft.kept_run_id, self.run_before)
        day = AS_OF + timedelta(1)
        self._buy_more(day)
        edges = self._recompute(day).edges
        before = self.run_before.edges
        for code in ("high", "medium"):
            key = str(self._tier(code).id)
            self.assertEqual(edges["tier_limits"][key], before["tier_limits"][key])
        key = str(self._tier("vip").id)
        self.assertGreater(edges["tier_limits"][key], before["tier_limits"][key])

    def test_a_preview_goes_by_them(self):
        self.run_before.with_user(self.manager).action_keep_limits()
        self._buy_more(AS_OF)
        preview = self.policy.recompute(AS_OF, kind="preview")
        self.assertEqual(
            preview.edges["tier_limits"], self.run_before.edges["tier_limits"]
        )

    def test_limits_of_an_earlier_run(self):
        """Limits of an earlier run apply from the next run over everybody on."""
        day = AS_OF + timedelta(1)
        self._buy_more(day)
        self._recompute(day)
        self.assertEqual(self._codes(self.customers).count("vip"), 4)
        self.run_before.with_user(self.manager).action_keep_limits()
        queued = self.env["classification.run"].search(
            [("policy_id", "=", self.policy.id), ("state", "=", "queued")]
        )
        self.assertTrue(queued)
        self._recompute(day)
        self.assertEqual(self._codes(self.customers).count("vip"), 40)

    def test_who_may_not(self):
        officer = new_test_user(
            self.env,
            "officer",
            "customer_classification.group_officer,base.group_user",
            company_ids=[(6, 0, self.company.ids)],
            company_id=self.company.id,
        )
        with self.assertRaises(AccessError):
            self.run_before.with_user(officer).action_keep_limits()
        self.run_before.with_user(self.manager).action_keep_limits()
        with self.assertRaises(AccessError):
            self.policy.with_user(officer).action_release_limits()
        with self.assertRaises(AccessError):
            self.policy.with_user(self.manager).kept_date = False
        with self.assertRaises(AccessError):
            self.policy.with_user(self.manager).kept_run_id = False

    def test_what_cannot_be_kept(self):
        preview = self.policy.recompute(AS_OF, kind="preview")
        with self.assertRaisesRegex(UserError, "gave the customers their classes"):
            preview.with_user(self.manager).action_keep_limits()
        products = self.policy.recompute_products(AS_OF)
        with self.assertRaisesRegex(UserError, "gave the customers their classes"):
            products.with_user(self.manager).action_keep_limits()
        self._publish(min_customers=11)
        with self.assertRaisesRegex(UserError, "went by other rules"):
            self.run_before.with_user(self.manager).action_keep_limits()
        with self.assertRaisesRegex(UserError, "No limits are kept"):
            self.policy.with_user(self.manager).action_release_limits()

    def test_other_companies(self):
        other = self._company("Other Ltd")
        self.manager.company_ids |= other
        run = self.run_before.with_user(self.manager)
        with self.assertRaises(AccessError):
            run.with_context(allowed_company_ids=other.ids).action_keep_limits()
        stranger = new_test_user(
            self.env,
            "stranger",
            "customer_classification.group_manager,base.group_user",
            company_ids=[(6, 0, other.ids)],
            company_id=other.id,
        )
        with self.assertRaises(AccessError):
            self.run_before.with_user(stranger).action_keep_limits()
