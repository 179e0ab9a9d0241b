from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase

AMOUNTS = {"A": 1_000, "B": 600, "C": 500, "D": 100, "E": 10}


@tagged("post_install", "-at_install")
class TestRehearsal(ClassificationCase):
    """Rehearsals over five customers and a prospect.

    The revenue is 12 times the amount of each: VIP, High, High, Medium, Low.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = {
            name: cls._regular(name, amount) for name, amount in AMOUNTS.items()
        }
        cls.prospect = cls._customer("Prospect")
        cls._opportunity(cls.prospect, created=AS_OF - timedelta(5))
        cls._recompute()
        cls.draft = cls._draft({"vip": 6_500, "high": 5_000, "medium": 100, "low": 0})

    @classmethod
    def _draft(cls, limits, **values):
        """A draft from the published policy with other limits."""
        draft = cls.policy.copy({"name": "Draft"})
        draft.write(
            {
                "tier_ids": [fields.Command.clear(), *cls._limit_commands(limits)],
                **values,
            }
        )
        return draft

    def _preview(self, draft=None, user=None):
        run = self._recompute(policy=draft or self.draft, kind="preview")
        return run.with_user(user) if user else run

    def _matrix(self, run, axis="value_tier"):
        """``{(from, to): (customers, revenue)}`` by the names of the classes."""
        matrix = self._axis(run, axis)["matrix"]
        rows = [head["name"] for head in matrix["rows"]]
        columns = [head["name"] for head in matrix["columns"]]
        return {
            (rows[cell["row"]], columns[cell["column"]]): (
                cell["count"],
                cell.get("revenue"),
            )
            for cell in matrix["cells"]
        }

    def _axis(self, run, name):
        [found] = [a for a in run.rehearsal_view["axes"] if a["name"] == name]
        return found

    # Before and after

    def test_matrix(self):
        self.assertEqual(
            self._matrix(self._preview()),
            {
                ("VIP", "VIP"): (1, 12_000),
                ("High", "VIP"): (1, 7_200),
                ("High", "High"): (1, 6_000),
                ("Medium", "Medium"): (1, 1_200),
                ("Low", "Medium"): (1, 120),
                ("Not Rated", "Not Rated"): (1, 0),
            },
        )

    def test_matrix_adds_up_to_the_result(self):
        run = self._preview()
        for axis, field in (
            ("value_tier", "value_tier_id"),
            ("lifecycle_stage", "lifecycle_stage_id"),
        ):
            after = {}
            for (__, to), (customers, revenue) in self._matrix(run, axis).items():
                old = after.get(to, (0, 0))
                after[to] = (old[0] + customers, old[1] + revenue)
            result = run.result_ids._read_group(
                [("run_id", "=", run.id)],
                [field],
                ["customer_count:sum", "revenue:sum"],
            )
            self.assertEqual(
                after, {item.name: (count, money) for item, count, money in result}
            )

    def test_publishing_gives_what_was_shown(self):
        shown = self._matrix(self._preview())
        self.draft._publish()
        run = self._recompute(policy=self.draft)
        self.assertEqual(self._matrix(run), shown)
        again = self._recompute(policy=self.draft)
        self.assertTrue(all(old == new for old, new in self._matrix(again)))

    def _segments(self):
        """``{segment: (customers, revenue)}`` of the profiles."""
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        return {
            segment.name or "None": (len(own), sum(own.mapped("revenue")))
            for segment, own in profiles.grouped("segment_id").items()
        }

    def _side(self, run, end):
        """``{segment: (customers, revenue)}`` of the rows or the columns."""
        sums = {}
        for ends, (customers, revenue) in self._matrix(run, "segment").items():
            old = sums.get(ends[end], (0, 0))
            sums[ends[end]] = old[0] + customers, old[1] + revenue
        return sums

    def test_segments_before_and_after(self):
        """Segments before are those of the profiles, after those of the draft."""
        self.draft.customer_rules_id.action_take_segments("five")
        before = self._segments()
        run = self._preview()
        self.assertEqual(self._side(run, 0), before)
        self.assertEqual(self._segments(), before)
        self.draft._publish()
        self._recompute(policy=self.draft)
        after = self._segments()
        self.assertEqual(self._side(run, 1), after)
        self.assertNotEqual(set(before), set(after))

    def test_segments_have_no_movers(self):
        run = self._preview()
        movers = {one["name"]: one["has_movers"] for one in run.rehearsal_view["axes"]}
        self.assertEqual([name for name in movers if not movers[name]], ["segment"])
        with self.assertRaises(UserError):
            run.action_open_movers("segment", {"from": self.env.user.id})

    def test_runs_of_before_had_no_segments(self):
        run = self._preview()
        axes = {**run.rehearsal["axes"]}
        del axes["segment"]
        run.sudo().rehearsal = {**run.rehearsal, "axes": axes}
        shown = [one["name"] for one in run.rehearsal_view["axes"]]
        self.assertEqual(shown, ["value_tier", "lifecycle_stage", "churn_risk"])

    def test_decisions_of_people_stand_on_both_sides(self):
        self.env["classification.override"].create(
            {
                "partner_id": self.customers["E"].id,
                "company_id": self.company.id,
                "tier_id": self._tier("vip").id,
                "start_date": AS_OF,
                "reason": "Board member",
            }
        )
        self.assertEqual(self._matrix(self._preview())["VIP", "VIP"], (2, 12_000 + 120))

    def test_first_classes_come_from_nowhere(self):
        other = self._company("Newcomer Ltd")
        policy = self._policy(other)
        partner = self._customer("First")
        for days in (1, 40):
            self._purchase(partner, AS_OF - timedelta(days), 50, company_id=other.id)
        run = self._recompute(policy=policy, kind="preview")
        self.assertEqual(self._matrix(run), {("Not Yet a Customer", "Low"): (1, 100)})
        self.assertFalse(run.rehearsal["policy_before"])

    def test_cells_open_their_movers(self):
        run = self._preview()
        high, vip = self._tier("high"), self._tier("vip")
        action = run.action_open_movers("value_tier", {"from": high.id, "to": vip.id})
        moves = self.env["classification.move"].search(action["domain"])
        self.assertEqual(moves.partner_id, self.customers["B"])
        risks = run.action_open_movers("churn_risk", {"to": "high"})
        self.assertFalse(self.env["classification.move"].search(risks["domain"]))

    def test_words_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self._tier("vip").with_context(lang="fr_FR").name = "Très important"
        run = self._preview().with_context(lang="fr_FR")
        self.assertIn(("Très important", "Très important"), self._matrix(run))

    def test_some_customers_are_no_rehearsal(self):
        run = self._recompute(partner_ids=self.customers["A"].ids)
        self.assertFalse(run.rehearsal_view)
        self.assertFalse(run.histogram)
        back_test = self._recompute(kind="back_test")
        self.assertFalse(back_test.rehearsal or back_test.histogram)

    def test_preview_queries(self):
        self._preview()
        self.env.flush_all()
        # Three of them find the version in force, of which a draft may be a copy.
        with self.assertQueryCount(22):
            self._preview()
            self.env.flush_all()

    # Costs of benefits

    def _benefits(self, policy, **benefits):
        """Write ``tier=(percent, amount)``, past the guard of published rules."""
        for code, (percent, amount) in benefits.items():
            line = policy.tier_ids.filtered(
                lambda line, code=code: line.tier_id.code == code
            )
            rules = policy.customer_rules_id
            state, rules.state = rules.state, "draft"
            line.write({"benefit_percent": percent, "benefit_amount": amount})
            rules.state = state

    def test_costs_by_hand(self):
        self._benefits(self.policy, vip=(5, 100))
        self._benefits(self.draft, vip=(4, 100), medium=(0, 10))
        costs = self._preview().rehearsal_view["costs"]
        vip, medium = self._tier("vip").id, self._tier("medium").id
        self.assertEqual(costs["before"], {str(vip): 12_000 * 5 / 100 + 100})
        self.assertEqual(
            costs["after"],
            {str(vip): (12_000 + 7_200) * 4 / 100 + 2 * 100, str(medium): 20},
        )

    def test_costs_by_the_version_in_force(self):
        """Costs are those of the version in force, which has other benefits.

        Otherwise it has the rules of the version that classified.
        """
        copy = self.policy.browse(self.policy.action_new_version()["res_id"])
        self._benefits(copy, vip=(10, 0))
        copy._publish()
        self._recompute(policy=copy)
        self._benefits(self.policy, vip=(5, 100))
        costs = self._preview().rehearsal_view["costs"]
        vip = str(self._tier("vip").id)
        self.assertEqual(costs["before"], {vip: 12_000 * 10 / 100})

    def test_no_costs_without_benefits(self):
        self.assertFalse(self._preview().rehearsal_view["costs"])

    # The histogram

    def test_histogram_adds_up_to_the_run(self):
        run = self._preview()
        histogram = run.histogram
        self.assertEqual(histogram["total"]["customers"], run.looked_at_count)
        self.assertEqual(histogram["unrated"]["customers"], run.unrated_count)
        money = sum(run.result_ids.mapped("revenue"))
        self.assertEqual(histogram["total"]["revenue"], money)
        steps = histogram["steps"]
        self.assertEqual(steps["value"], [12_000, 7_200, 6_000, 1_200, 120])
        self.assertEqual(steps["customers"], [1, 2, 3, 4, 5])
        self.assertEqual(steps["revenue"][-1], 26_520)

    def test_histogram_of_the_draft_or_of_the_policy_in_force(self):
        """Without a preview, the histogram is that of the company's last run.

        It serves as long as that run had the same rules of the value.
        """
        shown = self.draft.limits_histogram
        self.assertEqual(shown["run_id"], self.policy.run_ids[0].id)
        self.assertFalse(shown["is_stale"])
        run = self._preview()
        self.draft.invalidate_recordset(["limits_histogram"])
        self.assertEqual(self.draft.limits_histogram["run_id"], run.id)

    def test_histogram_of_other_rules_says_so(self):
        self._preview()
        self.draft.write({"grace_days": 3, "keep_margin": 3})
        self.assertFalse(self.draft.limits_histogram["is_stale"])
        self.draft.window_months = 6
        self.draft.invalidate_recordset(["limits_histogram"])
        self.assertTrue(self.draft.limits_histogram["is_stale"])
        self._preview()
        self.draft.invalidate_recordset(["limits_histogram"])
        self.assertFalse(self.draft.limits_histogram["is_stale"])

    def test_score_needs_its_own_histogram(self):
        self.draft.value_metric = "score"
        self.assertTrue(self.draft.limits_histogram["is_stale"])
        run = self._preview()
        self.assertEqual(run.histogram["metric"], "score")

    def test_nothing_before_the_first_run(self):
        other = self._company("Empty Ltd")
        policy = self._policy(other)
        self.assertFalse(policy.limits_histogram)

    def test_empty_company(self):
        policy = self._policy(self._company("Empty Ltd"))
        run = self._recompute(policy=policy, kind="preview")
        self.assertEqual(run.histogram["steps"]["value"], [])
        self.assertEqual(self._matrix(run), {})

    # Rights

    def test_counts_without_money(self):
        """A manager without access to all sales sees counts without money."""
        manager = self._user("counting", "customer_classification.group_manager")
        run = self._preview(user=manager)
        for name in ("value_tier", "lifecycle_stage", "churn_risk", "segment"):
            matrix = self._axis(run, name)["matrix"]
            self.assertFalse(any("revenue" in cell for cell in matrix["cells"]))
            self.assertFalse(matrix["currency_id"])
        self.assertEqual(self._matrix(run)["High", "VIP"], (1, None))
        for name in ("rehearsal", "histogram"):
            with self.assertRaises(AccessError):
                run.read([name])

    def test_costs_are_money(self):
        self._benefits(self.draft, vip=(4, 100))
        manager = self._user("counting", "customer_classification.group_manager")
        self.assertFalse(self._preview(user=manager).rehearsal_view["costs"])

    def test_values_that_are_money_are_hidden(self):
        manager = self._user("counting", "customer_classification.group_manager")
        shown = self.draft.with_user(manager).limits_histogram
        self.assertTrue(shown["is_hidden"])
        self.assertNotIn("steps", shown)

    def test_scores_are_shown_without_money(self):
        for number in range(20):
            self._regular(f"Other {number}", 10 * number)
        self.draft.value_metric = "score"
        self._preview()
        manager = self._user("counting", "customer_classification.group_manager")
        shown = self.draft.with_user(manager).limits_histogram
        self.assertTrue(shown["steps"]["value"])
        self.assertFalse(shown["steps"]["revenue"] or shown["steps"]["margin"])
        self.assertEqual(set(shown["total"]), {"customers"})

    def test_officer_previews(self):
        officer = self._user("officers", "customer_classification.group_officer")
        action = self.draft.with_user(officer).action_preview()
        run = self.env["classification.run"].browse(action["res_id"])
        self.assertEqual((run.kind, run.state), ("preview", "done"))
