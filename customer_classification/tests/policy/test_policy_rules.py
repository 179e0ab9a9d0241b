from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged

from ..common import AS_OF, ClassificationCase


class PolicyCase(ClassificationCase):
    """A draft of the company beside the published policy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draft = cls._draft()

    @classmethod
    def _draft(cls, **values):
        return cls.env["classification.policy"].create(
            {
                "name": "Draft",
                "company_id": cls.company.id,
                "tz": "UTC",
                "tier_method": "limit",
                "tier_ids": cls._limit_commands(cls.limits),
                **values,
            }
        )

    def _line(self, code):
        return self.draft.tier_ids.filtered(lambda line: line.tier_id.code == code)

    def _metric(self, metric):
        return self.draft.metric_ids.filtered(lambda line: line.metric == metric)

    def _assert_refused(self, sentence, **values):
        """Writing the values on the draft is refused with the sentence."""
        with self.assertRaises(ValidationError) as caught, self.cr.savepoint():
            self.draft.write(values)
        self.assertEqual(caught.exception.args[0], sentence)


@tagged("post_install", "-at_install")
class TestPolicyRules(PolicyCase):
    def test_all_of_the_engine_is_on_the_policy(self):
        """A policy with default values is the engine's own default."""
        from ...engine import Parameters

        own = self.draft._parameters()
        default = Parameters(
            policy=own.policy,
            tiers=own.tiers,
            unrated_key=own.unrated_key,
            segments=own.segments,
            tier_method="limit",
            documents=own.documents,
        )
        self.assertEqual(own, default)

    def test_every_parameter_comes_from_a_field(self):
        """Each of the engine's parameters can be changed on the policy."""
        from dataclasses import fields

        from ...engine import Parameters
        from ...models.common.sentences import PERCENT_FIELDS
        from ...models.policy.rule_fields import PLAIN_FIELDS

        given = {"policy", "unrated_key", "currency_digits", "tiers", "components"}
        given |= {"documents", "remembers", "no_value_key", "segments"}
        names = {field.name for field in fields(Parameters)}
        self.assertEqual(
            names - given, {"window_months", *PLAIN_FIELDS, *PERCENT_FIELDS}
        )

    def test_components(self):
        self.draft.metric_ids = [
            Command.update(self._metric("recency").id, {"weight": 0}),
            Command.update(
                self._metric("monetary").id,
                {"method": "fixed", "limits": "100; 2500.5"},
            ),
            Command.create({"metric": "tenure", "weight": 25, "bins": 3}),
            Command.create(
                {
                    "metric": "growth",
                    "weight": 25,
                    "method": "fixed",
                    "limits_text": "-50; 0; 50",
                }
            ),
        ]
        components = {item.metric: item for item in self.draft._parameters().components}
        self.assertEqual(
            list(components), ["recency", "frequency", "monetary", "growth", "tenure"]
        )
        self.assertEqual(components["recency"].weight, 0)
        self.assertEqual(components["monetary"].edges, (100, 2500.5))
        self.assertEqual(components["growth"].edges, (-0.5, 0, 0.5))
        self.assertEqual(
            (components["tenure"].bins, components["tenure"].edges), (3, None)
        )

    def test_an_extra_component_moves_the_value_score(self):
        self.draft.write(
            {
                "customers_per_bin": 1,
                "metric_ids": [
                    *[
                        Command.update(i, {"weight": 0})
                        for i in self.draft.metric_ids.ids
                    ],
                    Command.create(
                        {
                            "metric": "average_order",
                            "weight": 100,
                            "method": "fixed",
                            "limits": "500",
                        }
                    ),
                ],
            }
        )
        often = self._regular("Often and little", 400, times=12)
        seldom = self._regular("Seldom and much", 600, times=2, every=90)
        self.draft.action_publish()
        run = self._recompute(policy=self.draft)
        self.assertEqual(self._profile(often).value_score, 0)
        self.assertEqual(self._profile(seldom).value_score, 100)
        self.assertEqual(run.edges["average_order"], [500])

    def test_an_own_keep_limit_keeps_the_tier(self):
        self.draft.tier_ids = [
            Command.update(self._line(code).id, {"keep_limit": keep})
            for code, keep in (("vip", 4000), ("high", 3900))
        ]
        customer = self._regular("Falling", 1000, times=12)
        self.draft.write({"grace_days": 0})
        self.draft.action_publish()
        self._recompute(policy=self.draft)
        self.assertEqual(self._profile(customer).value_tier_id.code, "vip")
        self._purchase(customer, AS_OF, -7000)
        self._recompute(policy=self.draft)
        self.assertEqual(self._profile(customer).value_tier_id.code, "vip")
        self._purchase(customer, AS_OF, -2000)
        run = self._recompute(policy=self.draft)
        self.assertEqual(self._profile(customer).value_tier_id.code, "medium")
        vip = str(self._tier("vip").id)
        self.assertEqual(run.edges["keep_limits"][vip], 4000)

    def test_lines_are_judged_when_all_of_them_stand(self):
        """Lines are checked when all of them are written.

        Lowering all limits in one save is not a contradiction on the way.
        """
        lower = {"vip": 900, "high": 500, "medium": 100}
        self.draft.tier_ids = [
            Command.update(self._line(code).id, {"limit": limit})
            for code, limit in lower.items()
        ]
        self.assertEqual(self._line("vip").limit, 900)
        swapped = {"vip": "high", "high": "vip"}
        self.draft.tier_ids = [
            Command.update(
                self._line(code).id,
                {"tier_id": self._tier(other).id, "limit": lower[other]},
            )
            for code, other in swapped.items()
        ]
        lines = self.draft.tier_ids.sorted("tier_sequence")
        self.assertEqual(lines.mapped("limit"), [900, 500, 100, 0])

    def test_a_published_policy_stands(self):
        self.draft.action_publish()
        for values in (
            {"risk_overdue": 3},
            {"sale_domain": "[]"},
            {"approval_customer_percent": 5},
            {"metric_ids": [Command.update(self._metric("recency").id, {"weight": 1})]},
        ):
            with self.assertRaises(UserError):
                self.draft.write(values)
        with self.assertRaises(UserError):
            self._metric("recency").weight = 5
        with self.assertRaises(UserError):
            self._metric("recency").unlink()
        other = self._draft()
        with self.assertRaises(UserError):
            other.metric_ids[0].rules_id = self.draft.customer_rules_id

    def test_the_responsible_person_can_be_changed_later(self):
        manager = self._user("manager", "customer_classification.group_manager")
        policy = self.draft.with_user(manager).copy()
        self.assertEqual(policy.responsible_id, manager)
        policy.action_publish()
        policy.responsible_id = self.env.ref("base.user_admin")
        self.assertEqual(policy._responsible_user(), manager, "of another company")
        other = self._user("other", "customer_classification.group_user")
        policy.responsible_id = other
        self.assertEqual(policy._responsible_user(), other)

    def test_a_new_version_starts_with_all_rules(self):
        self.draft.write({"risk_refunds": 3, "shrinkage": 5})
        self.draft.metric_ids = [Command.create({"metric": "margin", "weight": 10})]
        self._line("vip").write(
            {"keep_limit": 9000, "benefit_percent": 5, "benefit_amount": 100}
        )
        copy = self.env["classification.policy"].browse(
            self.draft.action_new_version()["res_id"]
        )
        self.assertEqual(
            copy._parameters().components, self.draft._parameters().components
        )
        vip = copy.tier_ids[0]
        self.assertEqual(
            (vip.keep_limit, vip.benefit_percent, vip.benefit_amount), (9000, 5, 100)
        )


@tagged("post_install", "-at_install")
class TestPolicyLimitsText(PolicyCase):
    """Fixed limits are written in the reader's numbers and kept in plain ones."""

    def _limits(self, text):
        line = self._metric("monetary")
        line.write({"method": "fixed", "limits_text": text})
        return line.limits, line.limits_text

    def test_english(self):
        self.assertEqual(
            self._limits("1,000; 2,500.50;3000"),
            ("1000; 2500.50; 3000", "1,000; 2,500.5; 3,000"),
        )
        self.assertEqual(self._limits("-5\n10；20")[0], "-5; 10; 20")

    def test_german(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.draft = self.draft.with_context(lang="de_DE")
        self.assertEqual(
            self._limits("1.000; 2.500,5"), ("1000; 2500.5", "1.000; 2.500,5")
        )

    def test_french(self):
        """Thousands are parted by a space, and people type another one."""
        self.env["res.lang"]._activate_lang("fr_FR")
        self.draft = self.draft.with_context(lang="fr_FR")
        self.assertEqual(self._limits("1 000; 2\u202f500,5")[0], "1000; 2500.5")

    def test_what_is_no_number_is_refused_by_its_line(self):
        for text in ("10, 20, 30", "10,20", "ten", "1.2.3", "inf", "nan", "1e3"):
            with (
                self.assertRaisesRegex(ValidationError, "Monetary value: “"),
                self.cr.savepoint(),
            ):
                self._limits(text)

    def test_on_the_form(self):
        with (
            Form(self.draft.customer_rules_id) as form,
            form.metric_ids.edit(2) as line,
        ):
            line.method = "fixed"
            line.limits_text = "1,000; 5,000"
        self.assertEqual(self._metric("monetary").limits, "1000; 5000")


@tagged("post_install", "-at_install")
class TestPolicyRefusals(PolicyCase):
    """A policy that contradicts itself is refused with a sentence.

    The sentence names the line, and nothing of the policy is saved.
    """

    def _limit(self, code, **values):
        return {"tier_ids": [Command.update(self._line(code).id, values)]}

    def _score(self, metric, **values):
        return {"metric_ids": [Command.update(self._metric(metric).id, values)]}

    def test_limits(self):
        self._assert_refused(
            "High: the limit of 12,000 is not below that of VIP (10,000).",
            **self._limit("high", limit=12_000),
        )
        self._assert_refused(
            "High: the limit of 10,000 is not below that of VIP (10,000).",
            **self._limit("high", limit=10_000),
        )
        self._assert_refused(
            "Low: customers below 250.5 would have no tier. The lowest tier takes "
            "everybody else: set its limit to 0.",
            **self._limit("low", limit=250.5),
        )
        self.assertEqual(self._line("high").limit, 5000)

    def test_shares(self):
        self.draft.write(
            {
                "tier_method": "top_percent",
                "tier_ids": [
                    Command.clear(),
                    *self._limit_commands({"vip": 5, "high": 20, "low": 100}),
                ],
            }
        )
        self._assert_refused(
            "High: the best 4 % are not more customers than those of VIP (5 %).",
            **self._limit("high", limit=4),
        )
        self._assert_refused(
            "VIP: the best 0 % is not possible; choose more than 0 and at most 100.",
            **self._limit("vip", limit=0),
        )
        self._assert_refused(
            "Low: customers beyond the best 80 % would have no tier. The lowest tier "
            "takes everybody else: set it to 100 %.",
            **self._limit("low", limit=80),
        )
        self._assert_refused(
            "High: kept by the best 15 %, which are fewer than the best 20 % who "
            "enter.",
            **self._limit("high", keep_limit=15),
        )
        self._assert_refused(
            "High: kept by the best 120 % is not possible; choose at most 100.",
            **self._limit("high", keep_limit=120),
        )
        self._line("vip").keep_limit = 30
        self._assert_refused(
            "High: kept by the best 25 % only, while the better VIP is kept by the "
            "best 30 %.",
            **self._limit("high", keep_limit=25),
        )

    def test_keep_limits(self):
        self._assert_refused(
            "High: the keep limit of 5,001 is above the limit of 5,000.",
            **self._limit("high", keep_limit=5001),
        )
        self._assert_refused(
            "High: kept down to 4,500 only, while the better VIP is kept down to "
            "4,000.",
            **self._limit("vip", keep_limit=4000),
        )

    def test_tiers(self):
        self._assert_refused(
            "High: stands twice among the value tiers.",
            **self._limit("vip", tier_id=self._tier("high").id),
        )
        self._assert_refused(
            "Give the policy at least one value tier with its limit.",
            tier_ids=[Command.clear()],
        )
        unrated = self.env["customer.value.tier"].search([("is_unrated", "=", True)])
        self._assert_refused(
            f"{unrated.name}: the tier of customers who are not rated cannot have a "
            "limit.",
            **self._limit("low", tier_id=unrated.id),
        )

    def test_archived_tiers(self):
        self._tier("high").active = False
        sentence = "High: this value tier is archived. Restore it, or remove its limit."
        self._assert_refused(sentence, min_orders=3)
        with self.assertRaisesRegex(ValidationError, "High: this value tier"):
            self.draft.action_publish()
        self.assertEqual(self.policy.state, "published")
        self._line("high").unlink()
        self.draft.action_publish()

    def test_a_new_version_after_a_tier_was_archived(self):
        self._tier("high").active = False
        policies = self.env["classification.policy"]
        draft = policies.browse(self.policy.action_new_version()["res_id"])
        self.assertIn("High: this value tier is archived", draft.warning_text)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            draft.action_publish()
        draft.tier_ids.filtered(lambda line: line.tier_id.code == "high").unlink()
        draft.action_publish()

    def test_scores(self):
        self._assert_refused(
            "Weight (%) must be from 0 to 100.",
            **self._score("recency", weight=-1),
        )
        self._assert_refused(
            "Frequency: scores from 1 to 11 are not possible; choose 3 to 10.",
            **self._score("frequency", bins=11),
        )
        self._assert_refused(
            "Monetary value: give its fixed limits, for example 10; 20; 30.",
            **self._score("monetary", method="fixed"),
        )
        self._assert_refused(
            "Monetary value: the limits must rise, but 1,000 follows 2,000.",
            **self._score("monetary", method="fixed", limits="2000; 1000"),
        )
        self._assert_refused(
            "Give at least one score a weight: all of them are 0.",
            metric_ids=[
                Command.update(line.id, {"weight": 0}) for line in self.draft.metric_ids
            ],
        )
        self._assert_refused(
            "Frequency is missing among the scores. Recency, frequency and monetary "
            "value always stand; give a weight of 0 to one that shall not count.",
            metric_ids=[Command.delete(self._metric("frequency").id)],
        )
        self._assert_refused(
            "Recency: stands twice among the scores.",
            metric_ids=[Command.create({"metric": "recency", "weight": 1})],
        )
        growth = {"metric": "growth", "method": "fixed", "limits": "50; -25"}
        self._assert_refused(
            "Growth: the limits must rise, but -25 follows 50.",
            metric_ids=[Command.create(growth)],
        )

    def test_numbers(self):
        for sentence, values in (
            ("Window must be from 1 to 240.", {"window_months": 0}),
            ("Customers per Score must be at least 1.", {"customers_per_bin": 0}),
            ("Grace Period must be from 0 to 36,500.", {"grace_days": -1}),
            ("Points for Overdue must be from 0 to 1,000.", {"risk_overdue": -1}),
            ("Shortest Rhythm must be above 0.", {"min_gap_days": 0}),
            ("Many Refunds From must be above 0.", {"refund_share": 0}),
            (
                "Tolerance Below the Limit must be from 0 to 100.",
                {"keep_margin": 120},
            ),
            ("Declining From must be from -100 to 100.", {"decline_growth": -101}),
            (
                "Dormant After (7) cannot be above Lost After (6).",
                {"dormant_ratio": 7},
            ),
            (
                "Overdue After (3.5) cannot be above Dormant After (3).",
                {"at_risk_ratio": 3.5},
            ),
            (
                "Medium Risk From (5) cannot be above High Risk From (4).",
                {"risk_medium_from": 5},
            ),
            (
                "Max. Customers Moved (%) must be from 0 to 100.",
                {"approval_customer_percent": 101},
            ),
            ("Drift Alert Threshold must be from 0 to 1,000.", {"drift_limit": -1}),
        ):
            with self.subTest(sentence):
                self._assert_refused(sentence, **values)

    def test_one_line_alone_is_judged_with_the_others(self):
        with self.assertRaisesRegex(ValidationError, "^High: the limit"):
            self._line("high").limit = 20_000

    def test_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.draft = self.draft.with_context(lang="de_DE")
        with self.assertRaisesRegex(ValidationError, r"12\.000,5.*10\.000\)"):
            self._line("high").limit = 12_000.5


@tagged("post_install", "-at_install")
class TestPolicyWarnings(PolicyCase):
    """Rules that are allowed but look like a slip are saved with a warning."""

    def _assert_warned(self, sentence, **values):
        self.draft.write(values)
        self.assertEqual(self.draft.warning_text, sentence)

    def test_nothing_to_say(self):
        self.assertEqual(self.draft.warning_text, "")

    def test_weights(self):
        self._assert_warned(
            "The weights of the scores add up to 90.5 %, not to 100 %. They count in "
            "proportion all the same.",
            metric_ids=[Command.update(self._metric("recency").id, {"weight": 10.5})],
        )

    def test_a_score_that_nobody_reaches(self):
        self._assert_warned(
            "VIP: nobody can reach a value score of 120; it ends at 100.",
            value_metric="score",
            tier_ids=[
                Command.update(self._line(code).id, {"limit": limit})
                for code, limit in (("vip", 120), ("high", 100), ("medium", 50))
            ],
        )

    def test_a_share_of_less_than_one(self):
        for number in range(12):
            self._regular(f"Customer {number}", 100 + number)
        self._recompute()
        self._assert_warned(
            "VIP: the best 5 % of 12 customers are less than one. The best one is in "
            "all the same.",
            tier_method="top_percent",
            tier_ids=[
                Command.clear(),
                *self._limit_commands({"vip": 5, "high": 20, "low": 100}),
            ],
        )
        run = self.draft.recompute(AS_OF, kind="preview")
        vip = run.result_ids.filtered(lambda one: one.value_tier_id.code == "vip")
        self.assertEqual(sum(vip.mapped("customer_count")), 1)

    def test_a_risk_that_nobody_reaches(self):
        self._assert_warned(
            "High Risk From 13: all signals together give 12 points, so nobody can "
            "reach it.",
            risk_high_from=13,
        )

    def test_a_margin_that_nobody_knows(self):
        self._assert_warned(
            "Margin: invoices do not tell one, only imported purchases do.",
            revenue_source="invoice",
            value_metric="margin",
        )

    def test_a_tier_archived_since_publishing(self):
        self.draft.action_publish()
        self._tier("high").active = False
        self.assertEqual(
            self.draft.warning_text,
            "High: this value tier is archived. Restore it, or remove its limit.",
        )

    def test_while_writing(self):
        with Form(self.draft.customer_rules_id) as form:
            form.risk_high_from = 13
            self.assertIn("High Risk From 13", form.warning_text)
            form.risk_high_from = 5
            self.assertFalse(form.warning_text)
