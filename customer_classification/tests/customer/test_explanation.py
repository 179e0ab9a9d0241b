from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import format_date, formatLang

from ..common import AS_OF, ClassificationCase
from ..run.test_refresh import RefreshCase


class ExplanationCase(ClassificationCase):
    """Sentences of a profile for a seller, who sees no amounts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._user("seller", "sales_team.group_sale_salesman")
        cls.leader = cls._user("leader", "sales_team.group_sale_salesman_all_leads")

    def _text(self, record, name, user=None):
        """The text of a field, with plain spaces, as a user reads it."""
        text = record.with_user(user)[name] if user else record[name]
        return (text or "").replace("\xa0", " ").replace("\u202f", " ")

    def _decided_customer(self):
        """Create a customer with the numbers of a VIP and a decision for Low."""
        today = self.policy._today()
        customer = self._regular("Decided", 1_000, until=today)
        self._recompute(as_of_date=today)
        self.env["classification.override"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "tier_id": self._tier("low").id,
                "reason": "They closed the shop.",
            }
        )
        return customer

    def _why(self, partner, axis="tier", user=None):
        return self._text(self._profile(partner), f"{axis}_explanation", user)


@tagged("post_install", "-at_install")
class TestWhy(ExplanationCase):
    """One sentence for each axis, with numbers and limits."""

    def test_reached(self):
        customer = self._regular("Reached", 1_000)
        self._recompute()
        self.assertEqual(
            self._why(customer),
            "12,000.00 € net in 12 months from 12 orders (limit of VIP: 10,000.00 €).",
        )
        self.assertEqual(
            self._why(customer, "stage"),
            "12 orders in 11 months. Last purchase on 06/30/2025; buys about every 30 "
            "days.",
        )
        self.assertEqual(self._why(customer, "risk"), "Buys in the usual rhythm.")

    def test_lowest_tier_tells_the_limit_that_is_missed(self):
        customer = self._regular("Low", 10)
        self._recompute()
        self.assertEqual(
            self._why(customer),
            "120.00 € net in 12 months from 12 orders, below the limit of Medium: "
            "1,000.00 €.",
        )
        self.assertEqual(
            self._why(customer, user=self.seller),
            "12 orders in 12 months, below the limit of Medium.",
        )

    def test_kept_and_grace(self):
        kept, falling = self._regular("Kept", 420), self._regular("Falling", 420)
        self._recompute()
        self._purchase(kept, AS_OF + timedelta(1), -340)
        self._purchase(falling, AS_OF + timedelta(1), -1_040)
        self._recompute(AS_OF + timedelta(1))
        self.assertEqual(
            self._why(kept),
            "4,700.00 € net in 12 months from 12 orders: under the limit of High "
            "(5,000.00 €), kept down to 4,500.00 €.",
        )
        self.assertEqual(
            self._why(falling),
            "4,000.00 € net in 12 months from 12 orders: since 07/01/2025 below the "
            "4,500.00 € that keep High; kept for 30 days of grace.",
        )
        self.assertEqual(
            self._why(falling, user=self.seller),
            "12 orders in 12 months: too little for High since 07/01/2025; kept for "
            "30 days of grace.",
        )
        self.assertEqual(
            self._why(kept, user=self.seller),
            "12 orders in 12 months: a little under the limit of High, which is kept.",
        )

    def test_lapsed_and_never(self):
        lapsed = self._regular("Lapsed", 10, until=AS_OF - timedelta(500))
        never = self._customer("Never")
        self._opportunity(never, 100, created=AS_OF - timedelta(5))
        self._recompute()
        self.assertEqual(
            self._why(lapsed), "Nothing bought in 12 months; 12 orders before."
        )
        self.assertEqual(self._why(never), "Not rated: never bought.")
        self.assertEqual(
            self._why(never, "stage"),
            "Never bought; open opportunities: 1, open quotations: 0.",
        )
        self.assertEqual(self._why(never, "risk"), "")

    def test_only_refunds(self):
        customer = self._customer("Returns")
        self._purchase(customer, AS_OF - timedelta(9), -50)
        self._recompute()
        text = "Not rated: never bought, only refunds count."
        self.assertEqual(self._why(customer), text)
        change = self.env["classification.change"].search(
            [("partner_id", "=", customer.id), ("axis", "=", "value_tier")]
        )
        self.assertEqual(change.explanation_text, text)
        self.assertEqual(
            self._why(customer, "stage"),
            "Never bought; no opportunity or quotation is open.",
        )

    def test_new_for_as_long_as_the_usual_gap(self):
        """New lasts as long as the usual gap, and the sentence names the gap.

        Longer than the days of the policy.
        """
        self._regular("Yearly", 10, every=120, times=3)
        customer = self._customer("New")
        self._purchase(customer, AS_OF - timedelta(100), 50)
        self._recompute()
        self.assertEqual(
            self._why(customer, "stage"),
            "First purchase on 03/22/2025, 100 days ago, and none on another day; new "
            "until the usual gap of 120 days has passed.",
        )
        self._recompute(AS_OF + timedelta(21))
        self.assertNotIn("new until", self._why(customer, "stage"))

    def test_too_new(self):
        customer = self._customer("New")
        self._purchase(customer, AS_OF - timedelta(12), 50)
        self._recompute()
        self.assertEqual(
            self._why(customer),
            "Not rated yet: 1 order, known for 12 days. Rated from 2 orders on, or "
            "after 30 days.",
        )
        self.assertEqual(
            self._why(customer, "stage"),
            "First purchase on 06/18/2025, 12 days ago; 1 order so far.",
        )

    def test_silence_and_its_signals(self):
        customer = self._regular("Silent", 100, until=AS_OF - timedelta(95))
        self._purchase(customer, AS_OF - timedelta(96), -270)
        self._recompute()
        self.assertEqual(
            self._why(customer, "stage"),
            "Last purchase on 03/27/2025, 95 days ago: 3.2 times the own rhythm of 30 "
            "days.",
        )
        self.assertEqual(
            self._why(customer, "risk"),
            "Signals: no purchase for 95 days, 3.2 times the own rhythm of 30 days; "
            "95 % less in the last 6 months than in the time before; 30 % of the sales "
            "given back.",
        )

    def test_archived_customer_and_contact(self):
        customer = self._regular("Reached", 1_000, is_company=True)
        contact = self._customer("Contact", parent_id=customer.id)
        self._recompute()
        customer.active = False
        self._recompute()
        self.assertIn("12,000.00", self._why(customer))
        self.assertEqual(
            contact.customer_tier_explanation, self._profile(customer).tier_explanation
        )

    def test_amounts_only_for_who_may_see_them(self):
        customer = self._regular("Reached", 1_000)
        self._recompute()
        text = "12 orders in 12 months reach the limit of VIP."
        self.assertEqual(self._why(customer, user=self.seller), text)
        self.assertEqual(
            customer.with_user(self.seller).customer_tier_explanation, text
        )
        self.assertIn("12,000.00", self._why(customer, user=self.leader))

    def test_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        customer = self._regular("Reached", 1_000)
        self._recompute()
        profile = self._profile(customer).with_context(lang="fr_FR")
        self.assertIn("12 000,00 €", self._text(profile, "tier_explanation"))
        self.assertIn("30/06/2025", profile.stage_explanation)

    def test_without_a_full_run(self):
        """The limits of a customer's own run, where there was no other."""
        customer = self._regular("Reached", 1_000)
        self._recompute(partner_ids=customer.ids)
        self.assertIn("limit of VIP: 10,000.00 €", self._why(customer))

    def test_before_the_new_rules_ran(self):
        """A profile is explained by the rules that made it."""
        customer = self._regular("Reached", 1_000)
        self._recompute()
        self._policy(self.company, name="Monthly", window_months=1)
        self.assertIn("limit of VIP: 10,000.00 €", self._why(customer))

    def test_decided_by_a_person(self):
        customer = self._decided_customer()
        self.assertEqual(self._profile(customer).value_tier_id, self._tier("low"))
        self.assertEqual(
            self._why(customer),
            "A person decided. By the numbers: 12,000.00 € net in 12 months from 12 "
            "orders (limit of VIP: 10,000.00 €).",
        )
        self.assertNotIn("A person", self._why(customer, "stage"))

    def test_two_companies(self):
        other = self._company("Dollars Ltd", "USD")
        self.env.user.company_ids |= other
        policy = self._policy(other, window_months=6)
        customer = self._regular("Both", 1_000)
        self._purchase(
            customer,
            AS_OF - timedelta(40),
            2_000,
            company_id=other.id,
            currency_id=other.currency_id.id,
        )
        self._recompute()
        self._recompute(policy=policy)
        profiles = self._profile(customer) + self._profile(customer, other)
        self.assertEqual(
            [self._text(profile, "tier_explanation") for profile in profiles],
            [
                "12,000.00 € net in 12 months from 12 orders (limit of VIP: 10,000.00 "
                "€).",
                "$ 2,000.00 net in 6 months from 1 order (limit of Medium: $ "
                "1,000.00).",
            ],
        )

    def test_queries(self):
        """Eight profiles take as many queries as one."""
        customers = [self._regular(f"Customer {n}", 100 * n) for n in range(1, 9)]
        self._recompute()
        names = ["tier_explanation", "stage_explanation", "risk_explanation"]
        for profiles in (
            self._profile(customers[0]),
            self.env["customer.profile"].search(
                [("company_id", "=", self.company.id), ("revenue", ">", 0)]
            ),
        ):
            profiles.read(names)
            self.env.invalidate_all()
            with self.assertQueryCount(14):
                profiles.read(names)
        self.assertEqual(len(profiles), 8)

    def test_numbers_that_come_again_are_formatted_once(self):
        """A page of customers alike costs little more than one customer."""
        for number in range(8):
            self._regular(f"Customer {number}", 100)
        self._recompute()
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id), ("revenue", ">", 0)]
        )
        self.assertEqual(len(profiles), 8)
        self.assertEqual(self._formatted(profiles[:1]), self._formatted(profiles))

    def _formatted(self, profiles):
        """Return the count of numbers and days formatted for the sentences."""
        module = "odoo.addons.customer_classification.models.customer.explanation"
        self.env.invalidate_all()
        with (
            patch(f"{module}.formatLang", wraps=formatLang) as numbers,
            patch(f"{module}.format_date", wraps=format_date) as days,
        ):
            self.assertEqual(len(set(profiles.mapped("tier_explanation"))), 1)
        self.assertTrue(numbers.called and days.called)
        return numbers.call_count + days.call_count

    def test_queries_of_the_list(self):
        """A page of the list takes as many queries for eight customers as for two.

        The page is the one that the web client asks for, hidden columns included; three
        queries are for what the contacts tell: their data, tags and teams. Two are for
        the revenue by channel.
        """
        for number in range(8):
            self._regular(f"Customer {number}", 100 * (number % 2 + 1))
        self._recompute()
        profiles = self.env["customer.profile"].with_user(self.leader)
        arch = etree.fromstring(profiles.get_view(view_type="list")["arch"])
        columns = {node.get("name"): {} for node in arch.findall("field")}
        self.assertIn("tier_explanation", columns)
        domain = [("company_id", "=", self.company.id), ("order_count", ">", 0)]
        for limit in (2, 8):
            profiles.web_search_read(domain, columns, limit=limit)
            self.env.invalidate_all()
            with self.assertQueryCount(27):
                page = profiles.web_search_read(domain, columns, limit=limit)
            self.assertEqual(len(page["records"]), limit)


@tagged("post_install", "-at_install")
class TestWhyByShares(ExplanationCase):
    """Tiers by shares of the customers."""

    tier_method = "top_percent"
    limits = {"vip": 10, "high": 30, "medium": 60, "low": 100}

    def test_share(self):
        best = self._regular("Best", 900)
        for number in range(1, 11):
            self._regular(f"Customer {number}", 10 * number)
        self._recompute()
        self.assertEqual(
            self._why(best),
            "10,800.00 € net in 12 months from 12 orders (limit of VIP: 1,200.01 €; "
            "among the best 10 % of 11 customers).",
        )
        self.assertEqual(
            self._why(best, user=self.seller),
            "12 orders in 12 months (among the best 10 % of 11 customers).",
        )

    def test_too_few_customers(self):
        only = self._regular("Only", 900)
        self._recompute()
        self.assertEqual(
            self._why(only),
            "Not rated: fewer than 10 customers bought, too few to compare with.",
        )


@tagged("post_install", "-at_install")
class TestWhyByMargin(ExplanationCase):
    limits = {"vip": 1_000, "high": 500, "medium": 100, "low": 0}
    policy_values = {"value_metric": "margin"}

    def test_margin(self):
        known, unknown = self._customer("Known"), self._regular("Unknown", 50)
        for age in (40, 10):
            self._purchase(
                known, AS_OF - timedelta(age), 900, margin=300, has_margin=True
            )
        self._recompute()
        self.assertEqual(
            self._why(known),
            "600.00 € margin in 12 months from 2 orders (limit of High: 500.00 €).",
        )
        self.assertEqual(self._why(unknown), "Not rated: the margin is not known.")


@tagged("post_install", "-at_install")
class TestWhyByScore(ExplanationCase):
    """Tiers by the value score, which everybody may see."""

    limits = {"vip": 80, "high": 60, "medium": 40, "low": 0}
    policy_values = {"value_metric": "score"}

    def test_score(self):
        for number in range(1, 51):
            self._regular(f"Customer {number}", 10 * number, until=AS_OF - timedelta(9))
        best = self._regular("Best", 900, times=13)
        self._recompute()
        self.assertEqual(self._profile(best).value_score, 100)
        for user in (self.seller, self.leader):
            self.assertEqual(
                self._why(best, user=user),
                "A value score of 100.0, with 13 orders in 12 months (limit of VIP: "
                "80.0).",
            )


@tagged("post_install", "-at_install")
class TestChangeExplained(ExplanationCase):
    """A change keeps the numbers of its day when the profile moves on."""

    def _changes(self, customer, axis="value_tier"):
        return self.env["classification.change"].search(
            [("partner_id", "=", customer.id), ("axis", "=", axis)], order="id"
        )

    def test_up_and_down(self):
        customer = self._regular("Up and down", 350)
        self._recompute()
        self._purchase(customer, AS_OF + timedelta(1), 1_000)
        self._recompute(AS_OF + timedelta(1))
        self._purchase(customer, AS_OF + timedelta(2), -4_000)
        self._recompute(AS_OF + timedelta(2))
        self._recompute(AS_OF + timedelta(40))
        first, up, down = self._changes(customer)
        self.assertEqual(
            self._text(first, "explanation_text"),
            "4,200.00 € net in 12 months from 12 orders (limit of Medium: 1,000.00 €).",
        )
        self.assertEqual(
            self._text(up, "explanation_text"),
            "5,200.00 € net in 12 months from 13 orders (limit of High: 5,000.00 €).",
        )
        self.assertEqual(down.to_tier_id, self._tier("low"))
        self.assertEqual(
            self._text(down, "explanation_text"),
            "850.00 € net in 12 months from 12 orders, below the 4,500.00 € that keep "
            "High.",
        )

    def test_stage_and_risk_of_that_day(self):
        customer = self._regular("Silent", 100)
        self._recompute()
        self._recompute(AS_OF + timedelta(95))
        self._purchase(customer, AS_OF + timedelta(96), 100)
        self._recompute(AS_OF + timedelta(96))
        stages = [
            self._text(change, "explanation_text")
            for change in self._changes(customer, "lifecycle_stage")
        ]
        self.assertEqual(
            stages,
            [
                "12 orders in 11 months. Last purchase on 06/30/2025; buys about every "
                "30 days.",
                "Last purchase on 06/30/2025, 95 days ago: 3.2 times the own rhythm of "
                "30 days.",
                "Came back after a long silence. Last purchase on 10/04/2025.",
            ],
        )
        risks = self._changes(customer, "churn_risk")
        self.assertEqual(risks[1].to_risk, "high")
        self.assertIn("no purchase for 95 days", risks[1].explanation_text)

    def test_amounts_only_for_who_may_see_them(self):
        customer = self._regular("Reached", 1_000)
        self._recompute()
        change = self._changes(customer).with_user(self.seller)
        self.assertEqual(
            change.explanation_text, "12 orders in 12 months reach the limit of VIP."
        )
        with self.assertRaises(AccessError):
            change.read(["explanation"])
        leader = change.with_user(self.leader)
        self.assertEqual(leader.explanation["value"], 12_000)
        self.assertEqual(leader.explanation["limit"], 10_000)

    def test_a_person_decided(self):
        customer = self._decided_customer()
        change = self._changes(customer)[-1]
        self.assertEqual(change.cause, "person")
        self.assertIn("A person decided. By the numbers:", change.explanation_text)

    def test_only_what_is_known_is_kept(self):
        """A million changes are kept: each small."""
        never = self._customer("Never")
        self._opportunity(never, 100, created=AS_OF - timedelta(5))
        self._recompute()
        self.assertEqual(
            self._changes(never, "lifecycle_stage").explanation,
            {"lifetime_orders": 0, "opportunities": 1},
        )
        self.assertEqual(
            self._text(self._changes(never), "explanation_text"),
            "Not rated: never bought.",
        )

    def test_queries(self):
        """A hundred changes take as many queries as one."""
        for number in range(1, 12):
            self._regular(f"Customer {number}", 100 * number)
        self._recompute()
        changes = self.env["classification.change"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(len(changes), 33)
        for records in (changes[:1], changes):
            records.read(["explanation_text"])
            self.env.invalidate_all()
            with self.assertQueryCount(12):
                records.read(["explanation_text"])

    def test_a_change_without_numbers(self):
        """A change from before numbers were kept: no sentence, no error."""
        customer = self._regular("Old", 100)
        self._recompute()
        changes = self._changes(customer)
        self.env["classification.change"].search([])._unpack()
        self.env.cr.execute("UPDATE classification_change SET explanation = NULL")
        changes.invalidate_recordset()
        self.assertFalse(changes.explanation_text)


@tagged("post_install", "-at_install")
class TestCorrectionExplained(RefreshCase):
    """A correction of the past is explained by what is known now of that day."""

    policy_values = {}
    limits = {"vip": 10_000, "high": 5_000, "medium": 1_000, "low": 0}

    def test_a_late_purchase(self):
        customer = self.customers[0]  # 5 × 50
        self.today = AS_OF + timedelta(20)
        self._recompute(self.today)
        self._age()
        self._purchase(customer, AS_OF + timedelta(5), 6_000)
        self.today = AS_OF + timedelta(21)
        self._refresh()
        correction = self.env["classification.change"].search(
            [
                ("partner_id", "=", customer.id),
                ("axis", "=", "value_tier"),
                ("is_correction", "=", True),
            ]
        )
        self.assertEqual(
            correction.explanation_text.replace("\xa0", " "),
            "Corrected: a document of the past arrived late. As known now, 6,250.00 € "
            "net in 12 months up to that day.",
        )
        seller = self._user("seller", "sales_team.group_sale_salesman")
        self.assertEqual(
            correction.with_user(seller).explanation_text,
            "Corrected: a document of the past arrived late.",
        )
