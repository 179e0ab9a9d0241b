import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import AS_OF
from ..rights_matrix import HOSTILE
from .common import BLOCKS, DAYS, FIRST, OverviewCase, cells_in

# Blocks that salespeople do not see.
CLOSED = ("pareto", "playbooks")
FIRST_PAINT = ("decisions", "current", "grid")


@tagged("post_install", "-at_install")
class TestOverview(OverviewCase):
    """Numbers of the overview, and the records behind each of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._make_playbook()
        cls._make_campaign()
        cls._decide()

    @classmethod
    def _make_playbook(cls):
        """A playbook with measured cases, of whom one was left out."""
        cls.playbook = cls.env["customer.playbook"].create(
            {
                "name": "Care",
                "company_id": cls.company.id,
                "tier_ids": cls._tier("vip").ids,
                "step_ids": [Command.create({"name": "Call"})],
            }
        )
        cls.env.flush_all()
        cls.env.cr.executemany(
            "INSERT INTO customer_playbook_case (playbook_id, partner_id, company_id,"
            " open_date, window_end, episode, status, is_control, measured_date,"
            " revenue) VALUES (%s, %s, %s, %s, %s, 1, 'missed', %s, %s, %s)",
            [
                (
                    *(cls.playbook.id, one.id, cls.company.id, FIRST, AS_OF),
                    *(control, AS_OF, money),
                )
                for one, control, money in (
                    (cls.steady, False, 100),
                    (cls.grown, False, 20.5),
                    (cls.lost, True, 7),
                )
            ],
        )
        cls.env.invalidate_all()
        cls.env["customer.playbook.result"]._measure(cls.playbook)

    @classmethod
    def _make_campaign(cls):
        """A campaign with three participants, of whom one was left out."""
        cls.campaign = cls.env["utm.campaign"].create(
            {
                "title": "Spring",
                "company_id": cls.company.id,
                "campaign_start_date": AS_OF - timedelta(days=10),
                "campaign_end_date": AS_OF,
            }
        )
        cls.env["campaign.participant"].create(
            [
                {
                    "campaign_id": cls.campaign.id,
                    "partner_id": one.id,
                    "is_control": one == cls.lost,
                    "addressed_date": AS_OF - timedelta(days=9),
                }
                for one in (cls.steady, cls.grown, cls.lost)
            ]
        )
        cls.policy.recompute_campaigns(as_of_date=AS_OF)

    @classmethod
    def _decide(cls):
        cls.env["classification.override"].create(
            {
                "partner_id": cls.steady.id,
                "company_id": cls.company.id,
                "axis": "churn_risk",
                "risk": "high",
                "reason": "He said so",
                "start_date": AS_OF,
                "end_date": "2099-12-31",
            }
        )
        cls.env.flush_all()
        cls.env.cr.execute(SQL("UPDATE classification_override SET status = 'agrees'"))
        cls.env.invalidate_all()

    def test_each_number_opens_what_it_counts(self):
        """Count and sum of every cell of every block, for each kind of reader."""
        for user in (self.head, self.seller):
            with self.subTest(user=user.login):
                blocks = self._blocks(*BLOCKS, user=user)
                self.assertEqual(set(blocks), set(BLOCKS))
                self.assertGreater(self._check_cells(blocks, user), 60)
                for name, block in blocks.items():
                    is_closed = user == self.seller and name in CLOSED
                    self.assertEqual(not list(cells_in(block)), is_closed, name)

    def test_each_number_with_each_filter(self):
        for name, value, names in (
            ("country_id", self.country, {"Steady"}),
            ("industry_id", self.industry, {"Grown"}),
            ("tag_id", self.tag, {"Shrunk"}),
            ("team_id", self.team, {"Steady", "Shrunk"}),
            ("tier_id", self._tier("vip"), None),
        ):
            with self.subTest(name):
                blocks = self._blocks(*BLOCKS, **{name: value.id})
                self._check_cells(blocks)
                records = self._records(blocks["bridge"]["closing"])
                if names:
                    self.assertEqual(set(records.partner_id.mapped("name")), names)
                else:
                    self.assertEqual(records.value_tier_id, value)

    def test_tiers(self):
        tiers = self._blocks("tiers")["tiers"]
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(tiers["after"]["count"], len(profiles))
        self.assertAlmostEqual(
            tiers["after"]["sum"], sum(profiles.mapped("revenue")), 2
        )
        for column in tiers["columns"]:
            own = profiles.filtered(lambda p, c=column: p.value_tier_id.id == c["key"])
            if column["is_customer"]:
                self.assertEqual(column["count"], len(own))
                self.assertAlmostEqual(column["sum"], sum(own.mapped("revenue")), 2)
        # Each cell is in one row and in one column.
        for heads, end in ((tiers["rows"], "row"), (tiers["columns"], "column")):
            for place, head in enumerate(heads):
                own = [cell for cell in tiers["cells"] if cell[end] == place]
                self.assertEqual(head["count"], sum(cell["count"] for cell in own))

    def test_current_is_the_last_day(self):
        """The tiers of the profiles are those of the history on the last day."""
        blocks = self._blocks("current", "tiers")
        columns = {one["key"]: one for one in blocks["tiers"]["columns"]}
        self.assertTrue(blocks["current"]["rows"])
        for row in (*blocks["current"]["rows"], blocks["current"]["total"]):
            then = columns[row["key"]] if "key" in row else blocks["tiers"]["after"]
            self.assertEqual((row["count"], row["sum"]), (then["count"], then["sum"]))
        past = self._blocks("current", to_date=str(AS_OF - timedelta(days=1)))
        self.assertEqual(past["current"]["rows"], [])

    def test_grid(self):
        grid = self._blocks("grid")["grid"]
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id), ("score_recency", ">", 0)]
        )
        self.assertTrue(profiles)
        counted = {(one["recency"], one["frequency"]): one for one in grid["cells"]}
        for place, own in profiles.grouped(
            lambda one: (one.score_recency, one.score_frequency)
        ).items():
            self.assertEqual(counted.pop(place)["count"], len(own))
        self.assertFalse(counted)
        self.assertEqual(sum(one["count"] for one in grid["segments"]), len(profiles))
        self.assertEqual(grid["recency"], sorted(grid["recency"], reverse=True))

    def test_risk(self):
        risk = self._blocks("risk")["risk"]
        profiles = self.env["customer.profile"].search(
            [
                ("company_id", "=", self.company.id),
                ("churn_risk", "in", ("medium", "high")),
            ]
        )
        self.assertTrue(profiles)
        self.assertEqual(risk["total"]["count"], len(profiles))
        sums = [row["sum"] for row in risk["rows"]]
        self.assertEqual(sums, sorted(sums, reverse=True))
        self.assertIn("", [row["name"] for row in risk["rows"]], "no salesperson")

    def test_movers(self):
        """From the week before the last day, whatever the first day."""
        movers = self._blocks("movers")["movers"]
        self.assertEqual(movers["from_date"], str(AS_OF - timedelta(days=7)))
        [grown] = [
            one
            for one in movers["moves"]
            if self.grown in self._records(one).partner_id
        ]
        self.assertEqual(grown["move"], "better")
        self.assertEqual(grown["new"]["name"], "VIP")

    def test_decisions(self):
        decisions = self._blocks("decisions")["decisions"]
        [fresh] = decisions["fresh"]
        self.assertEqual(fresh["as_of_date"], str(AS_OF))
        counts = {one["name"]: one["count"] for one in decisions["waiting"]}
        self.assertEqual(counts["overrides"], 1)
        self.last_run.copy({"state": "waiting"})
        yen = self.env.ref("base.JPY")
        yen.active = True
        self._purchase(self.steady, AS_OF, 500, currency_id=yen.id)
        self._recompute()
        decisions = self._blocks("decisions")["decisions"]
        counts = {one["name"]: one["count"] for one in decisions["waiting"]}
        self.assertEqual(counts, {"to_fix": 1, "runs": 1, "overrides": 1, "drift": 0})
        self._check_cells(decisions)

    def test_drift_needs_a_decision(self):
        """The last run over all, as long as it differs from those before."""
        drift = self.last_run.drift or {}
        self.last_run.drift = {**drift, "jumped": [], "dried_up": ["sale.order"]}
        self.env.flush_all()
        [cell] = [
            one
            for one in self._blocks("decisions")["decisions"]["waiting"]
            if one["name"] == "drift"
        ]
        self.assertEqual(self._records(cell), self.last_run)
        self._recompute()
        [cell] = [
            one
            for one in self._blocks("decisions")["decisions"]["waiting"]
            if one["name"] == "drift"
        ]
        self.assertNotIn(self.last_run, self._records(cell))

    def test_unreadable_currency_is_in_no_sum(self):
        yen = self.env.ref("base.JPY")
        yen.active = True
        self._purchase(self.steady, AS_OF, 500, currency_id=yen.id)
        blocks = self._blocks("bridge", "cohorts")
        [unknown] = [
            one for one in blocks["bridge"]["movements"] if one["name"] == "unknown"
        ]
        self.assertEqual(unknown["count"], 1)
        self._check_cells(blocks)

    def test_concentration(self):
        points = self._blocks("pareto")["pareto"]["points"]
        revenues = sorted(
            self.env["customer.profile"]
            .search([("company_id", "=", self.company.id), ("revenue", ">", 0)])
            .mapped("revenue"),
            reverse=True,
        )
        self.assertEqual(points[-1]["count"], len(revenues))
        for point in points:
            self.assertAlmostEqual(point["sum"], sum(revenues[: point["count"]]), 2)
        counts = [point["count"] for point in points]
        self.assertEqual(counts, sorted(set(counts)))

    def test_concentration_counts_whole_customers_and_ties(self):
        """Each part, beside the customers in their order."""
        for number in range(37):
            self._regular(f"Tied {number}", 10 * (number % 5), times=2)
        self._recompute()
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id), ("revenue", ">", 0)]
        )
        revenues = sorted(profiles.mapped("revenue"), reverse=True)
        expected = {}
        for share in (1, 5, 10, 20, 30, 50, 75, 100):
            least = revenues[-(-len(revenues) * share // 100) - 1]
            part = [revenue for revenue in revenues if revenue >= least]
            expected[len(part)] = (round(sum(part), 2), least)
        self.assertLess(len(expected), 8, "some parts are the same by ties")
        points = self._blocks("pareto")["pareto"]["points"]
        self.assertEqual(
            {one["count"]: (round(one["sum"], 2), one["domain"][-1]) for one in points},
            {
                count: (total, ["revenue", ">=", least])
                for count, (total, least) in expected.items()
            },
        )

    def test_playbooks(self):
        [one] = self._blocks("playbooks")["playbooks"]["playbooks"]
        self.assertEqual(one["name"], "Care")
        self.assertEqual((one["treated"]["count"], one["treated"]["sum"]), (2, 120.5))
        self.assertEqual((one["control"]["count"], one["control"]["sum"]), (1, 7))

    def test_campaigns(self):
        [one] = self._blocks("campaigns")["campaigns"]["campaigns"]
        self.assertEqual(one["name"], "Spring")
        counts = {name: one[name]["count"] for name in ("treated", "buyers", "control")}
        self.assertEqual(counts, {"treated": 2, "buyers": 2, "control": 1})
        profile = self.env["campaign.profile"].search(
            [("campaign_id", "=", self.campaign.id)]
        )
        self.assertGreater(profile.revenue, 0)
        self.assertAlmostEqual(one["treated"]["sum"], profile.revenue, 2)
        early = {"to_date": str(AS_OF - timedelta(days=11))}
        self.assertEqual(
            self._blocks("campaigns", **early)["campaigns"]["campaigns"], []
        )

    def test_outlook(self):
        """Each place of the grid tells growing and shrinking customers."""
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id), ("score_recency", ">", 0)]
        )
        self.env.cr.execute(
            SQL(
                "UPDATE customer_profile SET has_prediction = TRUE,"
                " expected_revenue = 12.34 WHERE partner_id = ANY(%s)",
                (self.steady | self.grown).ids,
            )
        )
        cells = self._blocks("outlook")["outlook"]["cells"]
        self._check_cells(cells)
        self.assertEqual(sum(one["expected"]["count"] for one in cells), 2)
        self.assertAlmostEqual(sum(one["expected"]["sum"] for one in cells), 24.68, 2)
        growth = [one.growth for one in profiles if one.has_growth]
        for way, count in (
            ("growing", sum(one > 0 for one in growth)),
            ("shrinking", sum(one < 0 for one in growth)),
        ):
            self.assertTrue(count)
            self.assertEqual(sum(one[way]["count"] for one in cells), count)

    def test_first_paint_is_of_kept_totals(self):
        """The same as counted from the profiles, which takes over where in doubt."""
        overview = self._overview()
        kept = overview.get_blocks([*FIRST_PAINT], DAYS)
        self.assertTrue(kept["is_kept"])
        self.env["customer.profile.total"]._doubt_customers(self.steady.ids)
        counted = overview.get_blocks([*FIRST_PAINT], DAYS)
        self.assertFalse(counted["is_kept"])
        for name in FIRST_PAINT:
            for numbers in (kept, counted):
                block = numbers["blocks"][name]
                for part in ("cells", "segments", "rows"):
                    if part in block:
                        block[part].sort(key=repr)
            self.assertEqual(kept["blocks"][name], counted["blocks"][name])

    def test_totals_are_for_who_may_see_all(self):
        """A filter on the contact, or a record rule, and profiles are counted."""
        overview = self._overview()
        tier = {**DAYS, "tier_id": self._tier("vip").id}
        self.assertTrue(overview.get_blocks(["grid"], tier)["is_kept"])
        country = {**DAYS, "country_id": self.country.id}
        self.assertFalse(overview.get_blocks(["grid"], country)["is_kept"])
        self.small[0].company_id = self._company("Other Ltd")
        self._purchase(self.steady, AS_OF, 1)
        self._recompute()
        answer = overview.get_blocks(["current"], DAYS)
        self.assertFalse(answer["is_kept"])
        self._check_cells(json.loads(json.dumps(answer)))
        self.small[0].company_id = False
        self._purchase(self.steady, AS_OF, 1)
        self._recompute()
        self.assertTrue(overview.get_blocks(["grid"], DAYS)["is_kept"])
        self.env["ir.rule"].create(
            {
                "name": "Not Steady",
                "model_id": self.env["ir.model"]._get_id("customer.profile"),
                "domain_force": f"[('partner_id', '!=', {self.steady.id})]",
            }
        )
        self.assertFalse(overview.get_blocks(["grid"], DAYS)["is_kept"])

    # Who sees what

    def test_amounts_are_for_who_sees_all_sales(self):
        for cell in cells_in(self._blocks(*BLOCKS, user=self.seller)):
            self.assertIsNone(cell["sum"])
            self.assertIsNone(cell["measure"])
        answer = self._overview(self.seller).get_blocks(["bridge"], DAYS)
        self.assertIs(answer["currency_id"], False)

    def test_record_rules_on_contacts_hold(self):
        everybody = self._blocks(*BLOCKS)
        self.env["ir.rule"].create(
            {
                "name": "Not Steady",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.steady.id})]",
            }
        )
        blocks = self._blocks(*BLOCKS)
        self._check_cells(blocks)
        for name in ("bridge", "cohorts", "grid", "tiers", "pareto", "flow"):
            before, after = (
                sum(cell["count"] for cell in cells_in(one[name]))
                for one in (everybody, blocks)
            )
            if name != "cohorts":  # first bought long ago
                self.assertLess(after, before, name)
        for cell in cells_in(blocks):
            records = self._records(cell)
            if "partner_id" in records:
                self.assertNotIn(self.steady, records.sudo().partner_id)

    def test_who_objects_is_in_no_number(self):
        self.lost.customer_objects_profiling = True
        blocks = self._blocks("bridge", "cohorts", "grid")
        names = {one["name"] for one in blocks["bridge"]["movements"]}
        self.assertNotIn("lost", names)
        self._check_cells(blocks)

    def test_opens_for_who_sees_all_sales(self):
        self.company.customer_first_steps = False
        opened = self._overview(self.head).action_open()
        self.assertEqual(opened["tag"], "customer_classification.overview")
        opened = self._overview(self.seller).action_open()
        self.assertEqual(opened["res_model"], "customer.profile")
        start = self.env.ref("customer_classification.customer_overview_action_open")
        self.assertEqual(start.with_user(self.head).run()["type"], "ir.actions.client")

    def test_portal_users_see_nothing(self):
        portal = self._user("overview-portal", "base.group_portal")
        with self.assertRaises(AccessError):
            self._overview(portal).get_blocks(["tiers"])

    # Arguments

    def test_hostile_arguments(self):
        overview = self._overview()
        for names in (*HOSTILE, ["tiers", "x"], ["_choice"], [["tiers"]]):
            if names == []:
                continue  # nothing is asked for
            with self.subTest(names=names), self.assertRaises(UserError):
                overview.get_blocks(names)
        for filters in (*HOSTILE, [("a", 1)]):
            if filters is None or filters == {}:
                continue
            with self.subTest(filters=filters), self.assertRaises(UserError):
                overview.get_blocks(["grid"], filters)
        for name in ("company_id", "tier_id", "team_id", "country_id", "tag_id"):
            for value in (*HOSTILE, self.company.id + 10**6):
                if value is None or value is False:
                    continue
                with self.subTest(name, value=value), self.assertRaises(UserError):
                    overview.get_blocks(["grid"], {name: value})
        for name in ("from_date", "to_date"):
            for value in (*HOSTILE, "9999-12-31"):
                if value is None or value is False:
                    continue
                if value == "2099-01-01" and name == "to_date":
                    continue
                with self.subTest(name, value=value), self.assertRaises(UserError):
                    overview.get_blocks(["bridge"], {name: value})
        with self.assertRaises(UserError):
            backwards = {"from_date": str(AS_OF), "to_date": str(FIRST)}
            overview.get_blocks(["bridge"], backwards)

    def test_names_twice_are_one(self):
        answer = self._overview().get_blocks(["grid"] * 5_000, DAYS)
        self.assertEqual(list(answer["blocks"]), ["grid"])

    def test_days_in_the_context_do_not_count(self):
        expected = self._blocks("bridge", "tiers")
        overview = self._overview(
            history_date="2024-01-01", history_known_date="2024-01-01"
        )
        found = overview.get_blocks(["bridge", "tiers"], DAYS)["blocks"]
        for block, name in (("bridge", "closing"), ("tiers", "after")):
            self.assertEqual(found[block][name]["sum"], expected[block][name]["sum"])
            self.assertEqual(
                found[block][name]["count"], expected[block][name]["count"]
            )

    # Companies

    def test_companies_of_two_currencies_are_not_added_up(self):
        other = self._company("Dollar Ltd", "USD")
        self.head.company_ids |= other
        self._policy(other)
        self._purchase(self.steady, AS_OF, 5, company_id=other.id, currency_id=False)
        other._get_customer_policy().recompute(as_of_date=AS_OF)
        both = (self.company | other).ids
        overview = self._overview(allowed_company_ids=both)
        alone = self._blocks("bridge")["bridge"]
        answer = overview.get_blocks(["bridge", "tiers"], DAYS)
        self.assertEqual(answer["filters"]["company_id"], self.company.id)
        self.assertIs(answer["adds_up"], False)
        self.assertEqual(
            answer["blocks"]["bridge"]["closing"]["sum"], alone["closing"]["sum"]
        )
        self.assertEqual([key for key, __ in answer["companies"]], both)
        answer = overview.get_blocks(["bridge"], {**DAYS, "company_id": other.id})
        self.assertEqual(answer["blocks"]["bridge"]["closing"]["sum"], 5)
        self.assertEqual(answer["currency_id"], other.currency_id.id)
        with self.assertRaises(UserError):
            self._overview().get_blocks(["bridge"], {"company_id": other.id})

    def test_companies_of_one_currency_are(self):
        other = self._company("Euro Ltd")
        self.head.company_ids |= other
        self._policy(other)
        self._purchase(self.steady, AS_OF, 5, company_id=other.id)
        other._get_customer_policy().recompute(as_of_date=AS_OF)
        overview = self._overview(allowed_company_ids=(self.company | other).ids)
        alone = self._blocks("bridge")["bridge"]
        answer = overview.get_blocks(["bridge"], DAYS)
        self.assertIs(answer["filters"]["company_id"], False)
        self.assertIs(answer["adds_up"], True)
        bridge = answer["blocks"]["bridge"]
        self.assertAlmostEqual(bridge["closing"]["sum"], alone["closing"]["sum"] + 5, 2)

    def test_company_without_rules(self):
        empty = self._company("Empty Ltd")
        self.head.company_ids |= empty
        self.env["classification.policy"].search(
            [("company_id", "=", empty.id)]
        ).state = "draft"
        overview = self._overview(allowed_company_ids=empty.ids)
        blocks = overview.get_blocks(list(BLOCKS), DAYS)["blocks"]
        self.assertEqual(blocks["bridge"]["closing"]["sum"], 0)
        self.assertEqual(blocks["decisions"]["never"], ["Empty Ltd"])
        self.assertEqual({cell["count"] for cell in cells_in(blocks)}, {0})

    # Queries

    def _queries(self, *names, **filters):
        overview = self._overview()
        overview.get_blocks(list(names), {**DAYS, **filters})
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        overview.get_blocks(list(names), {**DAYS, **filters})
        return self.cr.sql_log_count - before

    def test_queries_of_the_first_paint(self):
        self.assertLessEqual(self._queries(*FIRST_PAINT), 12)

    def test_queries_of_each_block(self):
        for name, most in (
            *(
                ("decisions", 7),
                ("current", 6),
                ("tiers", 7),
                ("grid", 6),
                ("bridge", 5),
            ),
            *(("risk", 7), ("movers", 7), ("cohorts", 5), ("flow", 7)),
            *(("pareto", 4), ("playbooks", 8), ("outlook", 4), ("campaigns", 12)),
        ):
            with self.subTest(name):
                self.assertLessEqual(self._queries(name), most)

    def test_queries_do_not_grow(self):
        few = self._queries(*BLOCKS)
        for number in range(20):
            self._regular(f"More {number}", 100 + number, user_id=self.head.id)
        self._recompute()
        self.assertEqual(self._queries(*BLOCKS), few)
