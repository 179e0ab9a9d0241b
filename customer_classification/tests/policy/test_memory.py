import random
import re
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.policy.rule_fields import DOCUMENT_FIELDS
from ..campaign.common import CampaignCase
from ..common import AS_OF, ClassificationCase
from ..product.common import ProductCase

DAY = timedelta(1)
LATER = AS_OF + 2 * DAY


class VersionCase(ClassificationCase):
    """New versions of the rules, and the writes of a run by them."""

    @classmethod
    def _draft(cls, limits=None, **values):
        """A new version of the policy in force, with other limits for some tiers."""
        policy = cls.company._get_customer_policy()
        draft = policy.browse(policy.action_new_version()["res_id"])
        for line in draft.tier_ids:
            line.write((limits or {}).get(line.tier_id.code, {}))
        draft.write(values)
        return draft

    @classmethod
    def _rows(cls, table="customer_profile"):
        """The rows of a table as the database keeps them: written again, another."""
        cls.env.flush_all()
        return cls.env.execute_query(
            SQL(
                "SELECT ctid::text, xmin::text, id, content_hash FROM %s"
                " WHERE company_id = %s ORDER BY id",
                SQL.identifier(table),
                cls.company.id,
            )
        )

    def _assert_writes_nothing(self, run, before, table="customer_profile"):
        self.assertEqual((run.state, run.error), ("done", False))
        self.assertEqual((run.written_count, run.change_count), (0, 0))
        self.assertEqual(self._rows(table), before)


class MemoryCase(VersionCase):
    """Customers by fixed limits.

    One VIP and one High below them within the tolerance, one of each in grace.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = {
            name: cls._regular(name, amount)
            for name, amount in (
                *(("Vip", 1_000), ("Kept Vip", 850), ("Falling Vip", 850)),
                *(("High", 600), ("Kept High", 420), ("Falling High", 420)),
                *(("Medium", 100), ("Low", 10)),
            )
        }
        cls._recompute()
        for name, amount in (
            *(("Kept Vip", -700), ("Falling Vip", -7_000)),  # 9,500 and 3,200
            *(("Kept High", -300), ("Falling High", -1_040)),  # 4,740 and 4,000
        ):
            cls._purchase(cls.customers[name], AS_OF + DAY, amount)
        cls._recompute(AS_OF + DAY)
        cls._recompute(LATER)

    def _tiers(self):
        """``{name: tier and reason}``"""
        profiles = {name: self._profile(one) for name, one in self.customers.items()}
        return {
            name: (profile.value_tier_id.code, profile.tier_reason)
            for name, profile in profiles.items()
        }

    BEFORE = {
        "Vip": ("vip", "limit"),
        "Kept Vip": ("vip", "kept"),
        "Falling Vip": ("vip", "grace"),
        "High": ("high", "limit"),
        "Kept High": ("high", "kept"),
        "Falling High": ("high", "grace"),
        "Medium": ("medium", "limit"),
        "Low": ("low", "limit"),
    }


@tagged("post_install", "-at_install")
class TestUnchangedCopy(MemoryCase):
    """A version with unchanged rules is the same by another number."""

    def test_moves_nobody_and_writes_nothing(self):
        self.assertEqual(self._tiers(), self.BEFORE)
        rows, draft = self._rows(), self._draft()
        preview = draft.recompute(as_of_date=LATER, kind="preview")
        self.assertEqual((preview.state, preview.error), ("done", False))
        self.assertFalse(preview.move_ids)
        self.assertFalse(preview.change_count)
        draft._publish()
        self.assertEqual(draft.customer_since_id, self.policy)
        self._assert_writes_nothing(draft.recompute(as_of_date=LATER), rows)
        with self._on(LATER):
            self._assert_writes_nothing(draft.refresh(), rows)

    def test_who_changes_has_the_version_since_which_the_rules_stand(self):
        """A change names the version of the run that made it.

        So that a company's profiles are of one version, which explains them all.
        """
        draft = self._draft()
        draft._publish()
        self._purchase(self.customers["Low"], LATER, 20_000)
        run = draft.recompute(as_of_date=LATER)
        self.assertEqual((run.written_count, run.policy_id), (1, draft))
        self.assertEqual(self._profile(self.customers["Low"]).policy_id, self.policy)
        self.assertEqual(run.change_ids.policy_id, draft)
        self.assertEqual(set(run.change_ids.mapped("cause")), {"data"})

    def test_grace_ends_on_its_day(self):
        self._draft()._publish()
        policy = self.company._get_customer_policy()
        policy.recompute(as_of_date=AS_OF + 30 * DAY)
        self.assertEqual(self._tiers()["Falling High"], ("high", "grace"))
        run = policy.recompute(as_of_date=AS_OF + 31 * DAY)
        self.assertEqual(self._tiers()["Falling High"], ("medium", "limit"))
        self.assertEqual(self._tiers()["Falling Vip"][0], "medium")
        tiers = run.change_ids.filtered(lambda change: change.axis == "value_tier")
        self.assertEqual(set(tiers.mapped("cause")), {"time"})

    def test_what_is_in_between_counts(self):
        """Rules that come back after others did are new rules with the old memory."""
        self._draft({"vip": {"limit": 9_000}})._publish()
        again = self._draft({"vip": {"limit": 10_000}})
        self.assertEqual(again._rules_since("customer"), again)
        self.assertTrue(again._says_the_same("customer", self.policy))
        preview = again.recompute(as_of_date=LATER, kind="preview")
        self.assertFalse(preview.move_ids, "the version in between never ran")

    def test_other_rules_touch_no_customer(self):
        rows = self._rows()
        for values in (
            {"campaign_attribution_days": 77},
            {"product_a_percent": 50, "product_rank_by": "quantity"},
            {"approval_min_customers": 3, "drift_limit": 1},
            {"name": "Another name"},
        ):
            draft = self._draft(**values)
            preview = draft.recompute(as_of_date=LATER, kind="preview")
            self.assertFalse(preview.move_ids, values)
            draft._publish()
            self._assert_writes_nothing(draft.recompute(as_of_date=LATER), rows)

    def test_what_counts_is_a_rule_of_all_kinds(self):
        kinds = {"customer", "product", "campaign"}
        others = {
            "tz": "Asia/Tokyo",
            "revenue_source": "invoice",
            "subtract_credit_notes": not self.policy.subtract_credit_notes,
            "sale_domain": "[('amount_total', '>', 5)]",
            "invoice_domain": "[('amount_total', '>', 5)]",
        }
        others |= {
            name: not self.policy[name]
            for name in DOCUMENT_FIELDS
            if self.policy._fields[name].type == "boolean"
        }
        self.assertEqual(set(DOCUMENT_FIELDS), set(others))
        for values, differ in (
            *(({name: value}, kinds) for name, value in others.items()),
            ({"prospect_scope": "contact"}, {"customer"}),
            ({"sale_domain": "[]"}, set()),
        ):
            draft = self._draft(**values)
            same = {kind for kind in kinds if draft._says_the_same(kind, self.policy)}
            self.assertEqual(kinds - same, differ, values)

    def test_a_copy_of_the_filters_of_another_person(self):
        """A copy of another person's filters moves nobody, but is marked.

        Others may read other documents: the profiles name the new version.
        """
        draft = self._draft(sale_domain="[('amount_total', '>', -1)]")
        draft._publish()
        draft.recompute(as_of_date=LATER)
        manager = self._user("filter_boss", "sales_team.group_sale_manager")
        action = draft.with_user(manager).action_new_version()
        copy = draft.browse(action["res_id"])
        self.assertEqual(copy.filter_user_id, manager)
        self.assertEqual(copy._rules_since("customer"), copy)
        preview = copy.recompute(as_of_date=LATER, kind="preview")
        self.assertFalse(preview.move_ids)

    def test_published_before_this_was_kept(self):
        """Databases of earlier releases lack the version and days of limits.

        They kept neither the version since which rules are the same, nor the days on
        which limits were found.
        """
        self.env.cr.execute(
            "UPDATE classification_policy SET customer_since_id = NULL,"
            " product_since_id = NULL, campaign_since_id = NULL"
        )
        self.env.cr.execute(
            "UPDATE classification_run SET edges = edges - 'limits_found'"
        )
        self.env.invalidate_all()
        rows = self._rows()
        self._assert_writes_nothing(self.policy.recompute(as_of_date=LATER), rows)
        draft = self._draft()
        draft._publish()
        self.assertEqual(draft.customer_since_id, self.policy)
        self._assert_writes_nothing(draft.recompute(as_of_date=LATER), rows)


@tagged("post_install", "-at_install")
class TestOtherLimit(MemoryCase):
    """Another limit moves customers only across it.

    Those who fall with the old limit are counted.
    """

    def test_only_across_the_limit(self):
        """9,500 reaches the new VIP; a customer in grace was High before."""
        draft = self._draft({"vip": {"limit": 9_400}})
        draft._publish()
        run = draft.recompute(as_of_date=LATER)
        self.assertEqual(
            self._tiers(),
            {
                **self.BEFORE,
                "Kept Vip": ("vip", "limit"),
                "Falling Vip": ("high", "grace"),
            },
        )
        [change] = run.change_ids
        self.assertEqual(change.cause, "rules")
        self.assertEqual(change.partner_id, self.customers["Falling Vip"])
        self.assertEqual(self._profile(change.partner_id).tier_below_since, AS_OF + DAY)

    def test_other_boundaries_keep_theirs(self):
        draft = self._draft({"medium": {"limit": 1_150}})
        preview = draft.recompute(as_of_date=LATER, kind="preview")
        self.assertFalse(preview.move_ids)
        draft = self._draft({"medium": {"limit": 1_300}})
        draft._publish()
        draft.recompute(as_of_date=LATER)
        self.assertEqual(self._tiers(), {**self.BEFORE, "Medium": ("low", "limit")})

    def _preview(self, user=None, **limits):
        draft = self._draft(limits or {"high": {"limit": 7_300}})
        if user:
            draft = draft.with_user(user)
        return draft.recompute(as_of_date=LATER, kind="preview")

    def test_preview_tells_what_ends(self):
        """A preview counts the graces that end.

        7,200 and the two below the old limit fall; a Medium who never was High is
        not among them.
        """
        run = self._preview()
        names = {"High", "Kept High", "Falling High"}
        fallen = run.move_ids.filtered("ends_grace")
        self.assertEqual(set(fallen.partner_id.mapped("name")), names)
        self.assertEqual(run.grace_end_count, 3)
        domain = run.action_open_grace_ends()["domain"]
        self.assertEqual(self.env["classification.move"].search(domain), fallen)

    def test_nothing_ends_where_the_limit_is_lowered_for_all(self):
        run = self._preview(high={"limit": 3_000})
        self.assertEqual(run.grace_end_count, 0)

    def test_the_preview_offers_to_keep_it(self):
        run = self._preview()
        with self._on(LATER):
            again = run.browse(run.action_keep_grace()["res_id"])
        self.assertTrue(run.policy_id.keeps_grace)
        self.assertNotEqual(again, run)
        self.assertEqual(again.grace_end_count, 0)
        self.assertFalse(again.move_ids)
        run.policy_id._publish()
        run.policy_id.recompute(as_of_date=LATER)
        self.assertEqual(
            self._tiers(),
            {
                **self.BEFORE,
                "High": ("high", "kept"),
                "Kept High": ("high", "grace"),
            },
        )
        self.assertFalse(self._draft().keeps_grace, "said of one change alone")

    def test_who_may_keep_it(self):
        officer = self._user("memory_officer", "customer_classification.group_officer")
        run = self._preview()
        with self.assertRaises(AccessError):
            run.with_user(officer).action_keep_grace()
        self.assertTrue(run.with_user(officer).action_open_grace_ends()["domain"])
        self.assertFalse(run.policy_id.keeps_grace)
        manager = self._user("memory_manager", "sales_team.group_sale_manager")
        run.with_user(manager).action_keep_grace()
        self.assertTrue(run.policy_id.keeps_grace)
        run.policy_id._publish()
        with self.assertRaises(UserError):
            run.with_user(manager).action_keep_grace()
        with self.assertRaises(AccessError):
            self._draft().with_user(manager).customer_since_id = run.policy_id

    def test_a_run_is_no_place_to_keep_it(self):
        run = self.policy.recompute(as_of_date=LATER)
        with self.assertRaises(UserError):
            run.action_keep_grace()

    def test_a_person_decided(self):
        """The shown class of a customer with a manual override does not fall."""
        self.env["classification.override"].create(
            {
                "partner_id": self.customers["High"].id,
                "company_id": self.company.id,
                "tier_id": self._tier("vip").id,
                "start_date": LATER,
                "reason": "Board member",
            }
        )
        self.assertEqual(self._preview().grace_end_count, 2)

    def test_sentences_name_the_limit_that_decided(self):
        """Not the one that would have kept it: 7,200 is above 6,570."""
        draft = self._draft({"high": {"limit": 7_300}})
        draft._publish()
        run = draft.recompute(as_of_date=LATER)
        seller = self._user("memory_seller", "sales_team.group_sale_salesman")
        change = run.change_ids.filtered(
            lambda change: change.partner_id == self.customers["High"]
        )
        self.assertEqual(
            change.explanation_text.replace("\xa0", " "),
            "7,200.00 € net in 12 months from 12 orders, below the limit of High: "
            "7,300.00 €.",
        )
        self.assertEqual(
            change.with_user(seller).explanation_text,
            "12 orders in 12 months, below the limit of High.",
        )
        explanation = dict(change.explanation)
        explanation.pop("missed")  # as releases before kept it
        change.explanation = explanation
        self.assertIn("below the limit of High.", change.explanation_text)


class ShareCase(VersionCase):
    """Fifty customers by shares, with limits kept while about right."""

    tier_method = "top_percent"
    limits = {"vip": 10, "high": 30, "medium": 60, "low": 100}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        dice = random.Random(5)
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(50)]
        )
        cls._buy(cls.customers, AS_OF - 40 * DAY, dice)
        cls._buy(cls.customers, AS_OF - 3 * DAY, dice)
        cls._recompute()
        cls._buy(cls.customers[::4], AS_OF + DAY, dice, low=-1_500, high=300)
        cls._recompute(AS_OF + DAY)
        cls._buy(cls.customers[::7], LATER, dice, low=-200, high=200)
        cls._recompute(LATER)

    @classmethod
    def _buy(cls, customers, day, dice, low=1, high=3_000):
        cls.env["customer.purchase"].create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": cls.company.id,
                    "currency_id": cls.company.currency_id.id,
                    "date": day,
                    "amount": dice.randrange(low * 100, high * 100) / 100,
                }
                for customer in customers
            ]
        )

    def _profiles(self):
        return self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )

    def _edges(self):
        """Return the limits of the last run over everybody."""
        return self.env["classification.run"]._last_full_run(self.policy).edges

    def _places(self):
        """``{customer: place of the tier, 0 the best}``"""
        return {
            profile.partner_id: profile.value_tier_id.sequence
            for profile in self._profiles()
        }


@tagged("post_install", "-at_install")
class TestShares(ShareCase):
    def test_the_limits_stand_and_are_told(self):
        self.assertIn("grace", self._profiles().mapped("tier_reason"))
        edges = self._edges()
        self.assertEqual(
            {day for day, __ in edges["limits_found"].values()}, {str(AS_OF)}
        )
        low = str(self._tier("low").id)
        self.assertNotIn(low, edges["tier_limits"])
        self.assertNotIn(low, edges["keep_limits"])

    def test_an_unchanged_copy(self):
        rows, draft = self._rows(), self._draft()
        preview = draft.recompute(as_of_date=LATER, kind="preview")
        self.assertFalse(preview.move_ids)
        self.assertEqual(preview.edges, self._edges())
        draft._publish()
        self._assert_writes_nothing(draft.recompute(as_of_date=LATER), rows)

    def test_one_customer_after_an_unchanged_copy(self):
        """One customer is looked at by the limits in force, not by new ones."""
        edges, rows = self._edges(), self._rows()
        draft = self._draft()
        draft._publish()
        run = draft.recompute(as_of_date=LATER, partner_ids=self.customers[3].ids)
        self.assertEqual(run.edges, edges)
        self._assert_writes_nothing(run, rows)

    def test_one_customer_before_the_run_by_another_limit(self):
        """One customer before a run by another limit: the others are kept."""
        edges = self._edges()
        draft = self._draft({"vip": {"limit": 16}})
        draft._publish()
        run = draft.recompute(as_of_date=LATER, partner_ids=self.customers[3].ids)
        vip = str(self._tier("vip").id)
        for name in ("tier_limits", "keep_limits", "limits_found"):
            found, before = dict(run.edges[name]), dict(edges[name])
            self.assertNotEqual(found.pop(vip), before.pop(vip))
            self.assertEqual(found, before)

    def test_another_share_moves_only_across_its_limit(self):
        before = self._places()
        draft = self._draft({"vip": {"limit": 20}})
        draft._publish()
        run = draft.recompute(as_of_date=LATER)
        high, vip = self._tier("high").sequence, self._tier("vip").sequence
        moved = {
            (before[partner], place)
            for partner, place in self._places().items()
            if before[partner] != place
        }
        self.assertEqual(moved, {(high, vip)})
        tiers = run.change_ids.filtered(lambda change: change.axis == "value_tier")
        self.assertEqual(set(tiers.mapped("cause")), {"rules"})
        self.assertEqual(run.change_ids, tiers)

    def test_sentences_agree_with_the_numbers(self):
        """Each amount, share, number and day of each sentence."""
        self._draft({"vip": {"limit": 14}})._publish()
        policy = self.company._get_customer_policy()
        run = policy.recompute(as_of_date=LATER)
        limits = {int(k): v for k, v in run.edges["tier_limits"].items()}
        found = {int(k): v for k, v in run.edges["limits_found"].items()}
        kinds = set()
        for profile in self._profiles():
            text = profile.tier_explanation.replace("\xa0", " ")
            tier, value = profile.value_tier_id, profile.revenue
            numbers = [
                float(number.replace(",", ""))
                for number in re.findall(r"(-?[\d,]+\.\d+) ?€", text)
            ]
            self.assertEqual(numbers[0], value)
            kinds.add(profile.tier_reason)
            if profile.tier_reason == "limit" and tier.id in limits:
                day, buyers = found[tier.id]
                # The limit is not enough; one cent more is.
                self.assertAlmostEqual(numbers[1], limits[tier.id] + 0.01, 2)
                self.assertGreaterEqual(value, numbers[1])
                self.assertIn(f"% of {buyers} customers", text)
                self.assertEqual("since 06/30/2025" in text, day == str(AS_OF))
                self.assertEqual("among the best" in text, day == str(LATER))
            elif "below" in text:
                self.assertLess(value, numbers[1])
            elif "under" in text:
                self.assertTrue(numbers[2] <= value < numbers[1], text)
        self.assertLessEqual({"limit", "kept", "grace"}, kinds)

    def test_days_of_limits_of_earlier_releases(self):
        """Found again from the runs, one after the other, that used the limit."""
        expected = self._edges()["limits_found"]
        self.env.cr.execute(
            "UPDATE classification_run SET edges = edges - 'limits_found'"
            " WHERE company_id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()
        best = self._profiles().filtered(
            lambda one: one.value_tier_id == self._tier("vip")
            and one.tier_reason == "limit"
        )[:1]
        self.assertRegex(best.tier_explanation, r"\(limit of VIP: [\d,.]+\s€\)\.$")
        self._migrate("post-limits_found")
        self.assertEqual(self._edges()["limits_found"], expected)
        self.assertIn("since 06/30/2025", best.tier_explanation)

    def _migrate(self, name):
        from odoo.modules.module import load_script
        from odoo.tools import file_path

        path = f"customer_classification/migrations/19.0.1.4.0/{name}.py"
        load_script(file_path(path), name).migrate(self.env.cr, "19.0.1.3.0")
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestDriftedShares(ShareCase):
    """Without tolerance and grace, so that every limit that moves is seen."""

    policy_values = {
        "keep_margin": 0,
        "grace_days": 0,
        "approval_min_customers": 1_000,
    }

    def test_limits_that_drifted_are_no_change_of_the_rules(self):
        """Many buy more and High is found anew: by the rules before, too."""
        rich, silent = self.customers[:20], self.customers[20:]
        self._buy(rich, LATER, random.Random(8), low=9_000, high=20_000)
        draft = self._draft({"vip": {"limit": 12}})
        draft._publish()
        run = draft.recompute(as_of_date=LATER)
        fallen = run.change_ids.filtered(
            lambda change: change.axis == "value_tier"
            and change.partner_id in silent
            and self._tier("vip") not in (change.from_tier_id, change.to_tier_id)
        )
        self.assertTrue(fallen)
        self.assertEqual(set(fallen.mapped("cause")), {"time"})


@tagged("post_install", "-at_install")
class TestProductMemory(ProductCase, VersionCase):
    """Products keep their classes by the unchanged rules of a version."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.best, cls.other, cls.third, cls.last = (
            cls._product(name) for name in ("1", "2", "3", "4")
        )
        first, second = AS_OF - 200 * DAY, AS_OF + DAY
        cls._order_of(
            [(cls.best, 1, 700), (cls.other, 1, 200)]
            + [(cls.third, 1, 60), (cls.last, 1, 40)],
            first,
        )
        cls._classify()
        # 80.6 % before the second: A by its tolerance alone.
        cls._sell(cls.best, second, 550)
        cls._classify(AS_OF + DAY)

    def test_an_unchanged_copy(self):
        self._judged()
        rows, draft = self._rows("product_profile"), self._draft(grace_days=7)
        self.assertEqual(draft._rules_since("product"), self.policy.product_since_id)
        preview = draft.recompute_products(as_of_date=AS_OF + DAY, kind="preview")
        self.assertFalse(preview.product_move_ids)
        draft._publish()
        run = draft.recompute_products(as_of_date=AS_OF + DAY)
        self._assert_writes_nothing(run, rows, "product_profile")

    def _judged(self):
        """Without memory the second product would be B."""
        profile = self._class_of(self.other)
        self.assertEqual((profile.abc_class, profile.abc_reason), ("a", "kept"))

    def test_rules_of_another_axis_are_no_cause(self):
        self._sell(self.last, AS_OF + DAY, 700)
        self._draft(product_x_limit=0.4)._publish()
        run = self._classify(AS_OF + DAY)
        moves = run.product_change_ids.filtered(lambda change: change.axis == "abc")
        self.assertEqual(moves.product_tmpl_id, self.last)
        self.assertEqual(moves.cause, "data")

    def test_rules_of_another_axis(self):
        draft = self._draft(product_x_limit=0.4)
        draft._publish()
        run = draft.recompute_products(as_of_date=AS_OF + DAY)
        self._judged()
        self.assertFalse(run.product_change_ids.filtered(lambda c: c.axis == "abc"))

    def test_what_ends_is_told_and_can_be_kept(self):
        draft = self._draft(product_b_percent=94)
        run = draft.recompute_products(as_of_date=AS_OF + DAY, kind="preview")
        ended = run.product_move_ids.filtered("ends_grace")
        self.assertEqual(ended.product_tmpl_id, self.other)
        self.assertEqual((ended.from_class, ended.to_class), ("a", "b"))
        self.assertEqual(run.grace_end_count, 1)
        domain = run.action_open_grace_ends()["domain"]
        self.assertEqual(self.env["product.class.move"].search(domain), ended)
        with self._on(AS_OF + DAY):
            again = run.browse(run.action_keep_grace()["res_id"])
        self.assertEqual((again.kind, again.grace_end_count), ("product_preview", 0))
        self.assertNotIn(self.other, again.product_move_ids.product_tmpl_id)

    def test_causes(self):
        """The rules only where they made the difference."""
        self._sell(self.last, AS_OF + DAY, 700)  # from C to A by any rules
        draft = self._draft(product_b_percent=94)
        draft._publish()
        run = draft.recompute_products(as_of_date=AS_OF + DAY)
        causes = {
            change.product_tmpl_id: change.cause
            for change in run.product_change_ids
            if change.axis == "abc"
        }
        self.assertEqual(
            causes, {self.last: "data", self.other: "rules", self.third: "rules"}
        )

    def test_other_documents_are_read_again(self):
        """No invoice was ever posted: by the rules before, nothing would differ."""
        draft = self._draft(revenue_source="invoice")
        run = draft.recompute_products(as_of_date=AS_OF + DAY, kind="preview")
        moves = run.product_move_ids.filtered(lambda move: move.axis == "abc")
        self.assertTrue(moves)
        self.assertEqual(set(moves.mapped("cause")), {"rules"})


@tagged("post_install", "-at_install")
class TestCampaignMemory(CampaignCase, VersionCase):
    """Results of campaigns are kept by the unchanged rules for campaigns."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._campaign(campaign_target_revenue=1_000)
        customer = cls._customer("Touched")
        touched = AS_OF - 51 * DAY
        cls._participant(cls.campaign, customer, addressed_date=touched)
        cls._order(customer, touched + 2 * DAY, 700)
        cls._order(customer, touched + 9 * DAY, 200)
        cls._judge()

    def _written(self):
        return self._rows("campaign_profile") + self._rows("campaign_participant")

    def test_unchanged_copies_and_other_rules_write_nothing(self):
        rows = self._written()
        for values in (
            {},
            {"grace_days": 5, "new_days": 10, "one_step_down": True},
            {"product_a_percent": 50},
        ):
            self._draft(**values)._publish()
            run = self._judge()
            self.assertEqual((run.written_count, run.change_count), (0, 0), values)
            self.assertEqual(self._written(), rows)
        since = self.policy.campaign_since_id
        self.assertEqual(self._result(self.campaign).policy_id, since)

    def test_causes(self):
        """Within seven days it brought 700: weak by the new rules alone."""
        self._draft(campaign_attribution_days=7)._publish()
        run = self._judge()
        self.assertEqual(run.campaign_change_ids.to_class, "weak")
        self.assertEqual(run.campaign_change_ids.cause, "rules")

    def test_new_data_after_new_rules(self):
        draft = self._draft(campaign_confidence_percent=90)
        self._order(self._customer("Late"), AS_OF - 50 * DAY, 5)
        partner = (
            self.env["campaign.participant"]
            .search([("campaign_id", "=", self.campaign.id)])
            .partner_id
        )
        self._order(partner, AS_OF - 50 * DAY, 500)
        draft._publish()
        run = self._judge()
        self.assertEqual(run.campaign_change_ids.cause, "data")
