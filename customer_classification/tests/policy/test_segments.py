import itertools
import json
from datetime import timedelta
from unittest.mock import patch

import pandas as pd

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ...models.customer.customer_profile_segment_mixin import SAID_OF
from ..common import AS_OF
from .common import SCORES, contradictions, ten_segments
from .test_policy_rules import PolicyCase


class SegmentCase(PolicyCase):
    """Helpers about the segment map of a draft."""

    @classmethod
    def _segment(cls, code):
        return cls.env.ref(f"customer_classification.customer_segment_{code}")

    def _line_of(self, code, policy=None):
        lines = (policy or self.draft).segment_ids
        return lines.filtered(lambda line: line.segment_id.code == code)

    def _update(self, code, **values):
        return Command.update(self._line_of(code).id, values)


@tagged("post_install", "-at_install")
class TestSegmentMap(SegmentCase):
    """Allowed segment rules, and those refused in words."""

    def test_policy_begins_with_the_map_that_agrees(self):
        self.assertEqual(len(self.draft.segment_ids), 12)
        self.assertEqual(self._line_of("champion").cells, "5 4-5 2-5")
        self.assertEqual(self._line_of("champion").cell_count, 8)
        self.assertEqual(sum(self.draft.segment_ids.mapped("cell_count")), 125)
        first = self.env["res.company"].create({"name": "Another Ltd"})
        policy = first._get_customer_policy()
        self.assertEqual(len(policy.sudo().segment_ids), 12)

    def test_holes_are_named(self):
        self._assert_refused(
            "R5 F4 M2 has no segment, and 1 more have none.",
            segment_ids=[self._update("champion", cells="5 4-5 3-5")],
        )
        self._assert_refused(
            "R5 F5 M2 has no segment.",
            segment_ids=[self._update("champion", cells="5 4-5 3-5; 5 4 2")],
        )
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._line_of("champion").cells = ""
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.draft.segment_ids = [Command.delete(self._line_of("champion").id)]

    def test_overlaps_are_named(self):
        self._assert_refused(
            "R5 F5 M2 belongs to Champions and to Frequent Buyers.",
            segment_ids=[
                self._update("frequent", cells="3-4 4-5 2-5; 5 5 2"),
            ],
        )

    def test_cells_change_hands_in_one_write(self):
        self.draft.segment_ids = [
            self._update("frequent", cells="3-5 4-5 2-5"),
            self._update("champion", cells=""),
        ]
        self.assertFalse(self._line_of("champion").cells)
        self.draft.action_publish()

    def test_boxes_are_kept_in_one_form(self):
        line = self._line_of("champion")
        line.cells = " R5 F5-4 M2 ;5 4-5 3 - 5; 5 4 2 "
        self.assertEqual(line.cells, "5 4-5 2-5")

    def test_what_is_no_box_is_refused_in_words(self):
        for text in ("0 1 1", "5 5", "abc", "9-1 1 1", "'; DROP TABLE x; --"):
            with self.subTest(text), self.assertRaises(ValidationError) as caught:
                self._line_of("champion").cells = text
            self.assertIn(text.partition(";")[0], caught.exception.args[0])
            self.assertIn("is no box of the segment map", caught.exception.args[0])
        for value in ("5 1 1;" * 1_000, "5 5 5\0"):
            with self.assertRaises(ValidationError):
                self._line_of("champion").cells = value

    def test_claims_lead_somewhere(self):
        lost = self._segment("lost").id
        self._assert_refused(
            "At Risk: choose the segment of customers of whom it would be untrue.",
            segment_ids=[self._update("at_risk", otherwise_id=False)],
        )
        self._assert_refused(
            "At Risk: customers of whom it would be untrue get Lost, which stands in "
            "no line.",
            segment_ids=[self._update("at_risk", otherwise_id=lost)],
        )
        with self.assertRaises(ValidationError) as caught:
            hibernating = self._segment("hibernating").id
            self.draft.segment_ids = [self._update("at_risk", otherwise_id=hibernating)]
        self.assertIn("Let the way end at a segment", caught.exception.args[0])

    def test_segments_stand_once(self):
        self._assert_refused(
            "Champions: stands twice among the segments.",
            segment_ids=[
                Command.create({"segment_id": self._segment("champion").id}),
            ],
        )

    def test_no_segments(self):
        self.draft.segment_ids = [Command.clear()]
        self.draft.action_publish()
        customer = self._regular("Regular", 2_000)
        self._recompute(policy=self.draft)
        profile = self._profile(customer)
        self.assertTrue(profile.rfm_code)
        self.assertFalse(profile.segment_id or profile.rfm_segment)
        self.assertFalse(profile.segment_explanation)
        copy = self.env["classification.policy"].browse(
            self.draft.action_new_version()["res_id"]
        )
        self.assertFalse(copy.segment_ids, "a version of none has none")

    def test_versions(self):
        """A new version has the same map; a published one is not changed."""
        copy = self.env["classification.policy"].browse(
            self.policy.action_new_version()["res_id"]
        )
        self.assertEqual(
            copy._parameters().segments, self.policy._parameters().segments
        )
        self.assertEqual(copy._changes_since(self.policy), [])
        with self.assertRaises(UserError):
            self._line_of("champion", self.policy).cells = "5 5 5"
        with self.assertRaises(UserError):
            self.policy.segment_ids = [Command.clear()]
        with self.assertRaises(UserError):
            self.policy.action_take_segments("ten")
        copy.segment_ids = [
            Command.update(self._line_of("champion", copy).id, {"claim_value": "none"})
        ]
        self.assertEqual(
            copy._changes_since(self.policy),
            [
                (
                    "Customer Segments: Champions",
                    "5 4-5 2-5, Says That They Are: Staying, Says That They Bring: "
                    "Much, otherwise Frequent Buyers",
                    "5 4-5 2-5, Says That They Are: Staying, otherwise Frequent Buyers",
                )
            ],
        )

    def test_templates(self):
        expected = {"ten": 11, "five": 5, "classes": 12}
        for template, count in expected.items():
            self.draft.action_take_segments(template)
            lines = self.draft.segment_ids
            self.assertEqual(len(lines), count)
            self.assertEqual(sum(lines.mapped("cell_count")), 125)
            self.draft._check_rules()
        self.draft.action_take_segments("ten")
        self.assertEqual(
            self.draft.segment_ids.mapped("segment_id.name"),
            [
                *("Champions", "Loyal Customers", "Potential Loyalist"),
                *("New Customers", "Promising", "Need Attention", "About To Sleep"),
                *("At Risk", "Can't Lose Them", "Lost", "Others"),
            ],
        )
        self.assertEqual(set(self.draft.segment_ids.mapped("claim_activity")), {"none"})
        for wrong in ("eleven", None, 3, ["ten"]):
            with self.assertRaises(UserError):
                self.draft.action_take_segments(wrong)

    def test_template_without_its_segments(self):
        self._segment("lost").active = False
        with self.assertRaises(UserError) as caught:
            self.draft.action_take_segments("ten")
        self.assertIn("lost", caught.exception.args[0])
        self._segment("champion").active = False
        self.assertFalse(self._draft(version=9).segment_ids)

    def test_archived_segments(self):
        self._segment("champion").active = False
        sentence = "Champions: this segment is archived."
        self.assertIn(sentence, self.draft.warning_text)
        with self.assertRaisesRegex(ValidationError, sentence):
            self.draft.action_publish()

    def test_on_the_form(self):
        """One save of the form is judged as a whole."""
        rules = self.draft.customer_rules_id
        with Form(rules) as form:
            with form.segment_ids.edit(0) as line:
                self.assertEqual(line.segment_id, self._segment("champion"))
                line.cells = "5 5 2-5"
            with form.segment_ids.edit(1) as line:
                line.cells = "3-4 4-5 2-5; 5 4 2-5"
        self.assertEqual(self._line_of("frequent").cells, "3-5 4 2-5; 3-4 5 2-5")
        with self.assertRaises(ValidationError), self.cr.savepoint():
            with Form(rules) as form, form.segment_ids.edit(0) as line:
                line.cells = "5 5 3-5"


@tagged("post_install", "-at_install")
class TestSegmentCatalogue(SegmentCase):
    def test_only_managers_write(self):
        officer = self._user("officer", "customer_classification.group_officer")
        manager = self._user("manager", "customer_classification.group_manager")
        segment = self._segment("champion")
        self.assertEqual(segment.with_user(officer).name, "Champions")
        with self.assertRaises(AccessError):
            segment.with_user(officer).name = "Stars"
        segment.with_user(manager).name = "Stars"
        with self.assertRaises(AccessError):
            self.draft.with_user(officer).action_take_segments("ten")
        self.draft.with_user(manager).action_take_segments("ten")

    def test_renamed_and_translated(self):
        """Names and colours are data: no version is needed to change them."""
        self.env["res.lang"]._activate_lang("fr_FR")
        segment = self._segment("champion")
        segment.with_context(lang="fr_FR").name = "Vedettes"
        segment.write({"name": "Stars", "color": 7, "action": "Call them."})
        line = self._line_of("champion", self.policy)
        self.assertEqual((line._line_label(), line.segment_color), ("Stars", 7))
        french = line.with_context(lang="fr_FR")
        self.assertEqual(french._line_label(), "Vedettes")

    def test_used_segments_stay(self):
        for code in ("champion", "steady"):
            with self.assertRaisesRegex(UserError, "is used in"):
                self._segment(code).unlink()
        self._segment("long_ago").unlink()

    def test_segments_of_customers_stay(self):
        own = self.env["customer.segment"].create({"name": "Own", "code": "own"})
        customer = self._regular("Regular", 2_000)
        self._recompute()
        self._profile(customer).sudo().segment_id = own
        with self.assertRaisesRegex(UserError, "Customers are in this segment"):
            own.unlink()
        self.assertEqual(own.customer_count, 1)
        action = own.action_open_customers()
        found = self.env["customer.profile"].search(action["domain"])
        self.assertEqual(found.partner_id, customer)

    def test_wrong_values(self):
        for values in ({"name": "a\0"}, {"color": 99}, {"code": "x" * 99}):
            with self.assertRaises(ValidationError):
                self._segment("champion").write(values)


class CrowdCase(SegmentCase):
    """Customers with rhythms and purses of their own: all words are reached."""

    policy_values = {"customers_per_bin": 1, "new_days": 10}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = cls.env["res.partner"]
        # Whose silence is how many times the own gap.
        habits = itertools.product((10, 30, 60), (1, 4, 6), (0.1, 0.9, 2, 4))
        for number, (every, times, silence) in enumerate(habits):
            cls.customers |= cls._regular(
                f"Customer {number}",
                (20, 2_500, 150, 900, 60)[number % 5] + number,
                every,
                times,
                AS_OF - timedelta(days=int(every * silence)),
            )
        cls.run_of_all = cls._recompute()
        cls.profiles = cls.env["customer.profile"].search(
            [("company_id", "=", cls.company.id)]
        )


@tagged("post_install", "-at_install")
class TestSegments(CrowdCase):
    """Segments of customers."""

    def _words(self):
        self.env.invalidate_all()
        return self.profiles.mapped("segment_id.code")

    def test_no_words_contradict(self):
        self.assertEqual(contradictions(self.company), [])
        self.assertGreaterEqual(len(set(self._words())), 6)
        scored = self.profiles.filtered("score_recency")
        self.assertEqual(scored, self.profiles.filtered("segment_id"))

    def test_decided_classes_count(self):
        """A decided class counts among the words: the segment follows it."""
        today = self.policy._today()
        customer = self._regular("Lately", 2_000, until=today)
        self._recompute(as_of_date=today)
        profile = self._profile(customer)
        self.assertEqual(profile.segment_id.code, "steady")
        self.env["classification.override"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "axis": "lifecycle_stage",
                "stage_id": self._stage("lost").id,
                "reason": "Closed down",
            }
        )
        self.assertEqual(profile.lifecycle_stage_id.code, "lost")
        self.assertEqual(profile.segment_id.code, "lapsed")
        self.assertIn("the lifecycle stage is Lost", profile.segment_explanation)
        self.assertEqual(contradictions(self.company), [])

    def test_ten_segments_customer_by_customer(self):
        """The published ranges, worked out again from the scores of each profile."""
        self.draft.write({"customers_per_bin": 1})
        self.draft.action_take_segments("ten")
        self.draft.action_publish()
        self._recompute(policy=self.draft)
        rows = self.profiles.read([*SCORES], load=None)
        expected = ten_segments(pd.DataFrame(rows)).tolist()
        self.assertEqual(
            [profile.segment_id.code or "" for profile in self.profiles], expected
        )
        self.assertGreaterEqual(len(set(expected)), 5)

    def test_explanation(self):
        found = {}
        for profile in self.profiles.filtered("segment_id"):
            text = profile.segment_explanation
            r, f, m = (profile[name] for name in SCORES)
            name = profile.segment_id.name
            self.assertTrue(text.startswith(f"R{r} F{f} M{m}: {name}. "), text)
            found[profile.segment_id.code, "Not " in text] = text
        self.assertIn(("steady", True), found)
        self.assertRegex(
            found["steady", True],
            "Not .*: the lifecycle stage is .* and the churn risk Low.$",
        )
        self.assertIn(("at_risk", False), found)

    def test_explanation_takes_no_query_a_customer(self):
        for count in (2, 20):
            self.env.flush_all()
            self.env.invalidate_all()
            profiles = self.profiles.filtered("segment_id")[:count]
            profiles.mapped("segment_id.name")
            with self.assertQueryCount(18):
                profiles.mapped("segment_explanation")

    def test_customers_alike_are_explained_once(self):
        profiles = self.profiles.filtered("segment_id")
        likenesses = {tuple(row[name] for name in SAID_OF) for row in profiles}
        self.assertLess(len(likenesses), len(profiles))
        self.env.invalidate_all()
        model = self.env.registry["customer.profile"]
        explain = model._why_segment
        with patch.object(model, "_why_segment", autospec=True) as explained:
            explained.side_effect = explain
            texts = profiles.mapped("segment_explanation")
        self.assertEqual(explained.call_count, len(likenesses))
        # Each by itself gives the same.
        self.env.invalidate_all()
        alone = [profiles.browse(key).segment_explanation for key in profiles.ids]
        self.assertEqual(alone, texts)

    def test_aliases(self):
        """Fields of the release before go on working."""
        customer = self.profiles.filtered("segment_id").partner_id[:1]
        customer = customer.with_company(self.company)
        code = customer.customer_segment_id.code
        self.assertEqual(customer.customer_rfm_segment, code)
        found = self.env["customer.profile"].search([("rfm_segment", "=", code)])
        self.assertEqual(
            found, self.profiles.filtered(lambda one: one.segment_id.code == code)
        )
        partners = self.env["res.partner"].with_company(self.company)
        self.assertIn(customer, partners.search([("customer_rfm_segment", "=", code)]))
        groups = self.env["customer.profile"]._read_group(
            [("company_id", "=", self.company.id)], ["rfm_segment"], ["__count"]
        )
        self.assertEqual(dict(groups)[code], len(found))

    def test_on_contacts(self):
        """Searched and grouped as value tiers are."""
        partners = self.env["res.partner"].with_company(self.company)
        segment = self.profiles.segment_id[:1]
        profiles = self.profiles.filtered(lambda one: one.segment_id == segment)
        for value in (segment.id, segment.name):
            found = partners.search([("customer_segment_id", "=", value)])
            self.assertEqual(found, profiles.partner_id & found)
            self.assertEqual(len(found), len(profiles))
        groups = partners._read_group(
            [("customer_segment_id", "!=", False)], ["customer_segment_id"], ["__count"]
        )
        self.assertEqual(dict(groups)[segment], len(profiles))

    def test_nobody_writes_it(self):
        manager = self._user("manager", "customer_classification.group_manager")
        with self.assertRaises(AccessError):
            self.profiles[:1].with_user(manager).segment_id = self._segment("lost")

    def test_a_second_run_writes_nothing(self):
        self.assertEqual(self._recompute().written_count, 0)

    def test_a_new_map_alone_moves_nobody_to_another_class(self):
        draft = self.env["classification.policy"].browse(
            self.policy.action_new_version()["res_id"]
        )
        draft.action_take_segments("five")
        draft.action_publish()
        run = self._recompute(policy=draft)
        changed = ("tier_change_count", "stage_change_count", "risk_change_count")
        self.assertEqual([run[name] for name in changed], [0, 0, 0])
        self.assertLessEqual(
            set(self._words()), {"best", "good", "rare", "while_ago", "long_ago"}
        )


@tagged("post_install", "-at_install")
class TestSegmentGrid(CrowdCase):
    """Numbers of customers in each cell of the map."""

    def _grid(self, user=None):
        policy = self.draft.with_user(user) if user else self.draft
        return policy.get_segment_grid()

    def test_counts_and_revenues(self):
        grid = self._grid()
        self.assertEqual(grid["as_of_date"], str(AS_OF))
        self.assertEqual(grid["currency_id"], self.company.currency_id.id)
        scored = self.profiles.filtered("score_recency")
        self.assertEqual(sum(cell[3] for cell in grid["cells"]), len(scored))
        self.assertAlmostEqual(
            sum(cell[4] for cell in grid["cells"]), sum(scored.mapped("revenue")), 2
        )
        for *cell, count, revenue in grid["cells"]:
            own = scored.filtered(
                lambda one, cell=cell: [one[name] for name in SCORES] == cell
            )
            self.assertEqual(len(own), count)
            self.assertAlmostEqual(revenue, sum(own.mapped("revenue")), 2)
            action = self.draft.action_open_segment_cell(*cell)
            self.assertEqual(self.env["customer.profile"].search(action["domain"]), own)

    def test_all_of_a_recency_and_frequency(self):
        cell = self._grid()["cells"][0]
        action = self.draft.action_open_segment_cell(*cell[:2])
        found = self.env["customer.profile"].search(action["domain"])
        counts = [one[3] for one in self._grid()["cells"] if one[:2] == cell[:2]]
        self.assertEqual(len(found), sum(counts))
        self.assertEqual(action["name"], f"Customers with R{cell[0]} F{cell[1]}")

    def test_other_numbers_of_bins(self):
        """Scores from 1 to 10 are shown in fifths, as on the map."""
        draft = self.env["classification.policy"].browse(
            self.policy.action_new_version()["res_id"]
        )
        draft.metric_ids = [
            Command.update(line.id, {"bins": 10}) for line in draft.metric_ids
        ]
        draft.action_publish()
        self._recompute(policy=draft)
        self.assertEqual(max(self.profiles.mapped("score_recency")), 10)
        grid = draft.get_segment_grid()
        self.assertLessEqual(max(max(cell[:3]) for cell in grid["cells"]), 5)
        scored = self.profiles.filtered("score_recency")
        self.assertEqual(sum(cell[3] for cell in grid["cells"]), len(scored))
        r, f, m, count, __ = grid["cells"][-1]
        action = draft.action_open_segment_cell(r, f, m)
        found = self.env["customer.profile"].search(action["domain"])
        self.assertEqual(len(found), count)
        self.assertEqual(contradictions(self.company), [])

    def test_before_the_first_run(self):
        company = self._company("Begun Ltd")
        self.env.user.company_ids |= company
        policy = company._get_customer_policy().with_context(
            allowed_company_ids=company.ids
        )
        grid = policy.get_segment_grid()
        self.assertEqual((grid["as_of_date"], grid["cells"]), (False, []))

    def test_amounts_only_for_those_who_may(self):
        user = self._user(
            "user", "sales_team.group_sale_salesman,customer_classification.group_user"
        )
        grid = self._grid(user)
        self.assertFalse(grid["currency_id"])
        self.assertEqual({len(cell) for cell in grid["cells"]}, {4})

    def test_not_for_strangers(self):
        internal = self._user("internal", "base.group_user")
        with self.assertRaises(AccessError):
            self._grid(internal)
        with self.assertRaises(AccessError):
            self.draft.with_user(internal).action_open_segment_cell(1, 1, 1)

    def test_wrong_cells(self):
        for wrong in (0, 6, "1", None, 1.5, True, [1]):
            with self.assertRaises(UserError):
                self.draft.action_open_segment_cell(wrong, 1)
        with self.assertRaises(UserError):
            self.draft.action_open_segment_cell(1, 1, 9)


@tagged("post_install", "-at_install")
class TestSegmentFile(SegmentCase):
    """Segments go along in the file of a policy, by their codes."""

    def _import(self, document):
        policies = self.env["classification.policy"]
        return policies._from_file(json.dumps(document).encode(), self.company)

    def test_there_and_back(self):
        for template in ("ten", "classes"):
            self.draft.action_take_segments(template)
            found = self._import(self.draft._to_file())
            self.assertEqual(
                found._parameters().segments, self.draft._parameters().segments
            )
            self.assertEqual(found._to_file(), self.draft._to_file())

    def test_no_segments_and_files_of_before(self):
        document = self.draft._to_file()
        self.assertFalse(self._import({**document, "segments": []}).segment_ids)
        del document["segments"]
        self.assertEqual(len(self._import(document).segment_ids), 12)

    def test_what_is_wrong_is_named(self):
        for name, value, sentence in (
            ("segment", "gold", "segments → 1: there is no segment with the code"),
            ("segment", None, "segments → 1: there is no segment with the code"),
            ("otherwise", 3, "segments → 1: there is no segment with the code"),
            ("cells", "9 9 9", "“9 9 9” is no box"),
            ("cells", 5, "segments → 1 → cells: a text is needed"),
            ("cells", "5 5 5", "R5 F4 M2 has no segment, and 6 more"),
            ("claim_value", "huge", "segments → 1 → claim_value: there is no choice"),
            ("colour", 1, "segments → 1 → colour: there is no such entry"),
        ):
            document = self.draft._to_file()
            document["segments"][0][name] = value
            with self.subTest(f"{name} {value}"), self.assertRaises(UserError) as error:
                self._import(document)
            self.assertIn(sentence, error.exception.args[0])
