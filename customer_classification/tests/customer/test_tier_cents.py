import random
import re
from collections import defaultdict
from datetime import datetime, timedelta

from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase

_NUMBER = r"(\d[\d,]*(?:\.\d+)?)"
_REACH = re.compile(rf"To reach (?P<tier>\w+): \D*?{_NUMBER}")
_KEEP = re.compile(
    rf"To keep (?P<tier>\w+): \D*?{_NUMBER}.*?"
    r"(?:from (?P<first>[\d/]+) to|by) (?P<last>[\d/]+)\.$"
)
_ORDERS = re.compile(r"about (\d+) orders? of the usual size")


class CentsCase(ClassificationCase):
    """Random customers, and purchases of exactly the needed amounts."""

    currency = "USD"
    tier_method = "top_percent"
    limits = {"vip": 5, "high": 20, "medium": 50, "low": 100}
    policy_values = {"grace_days": 0, "min_orders": 1}
    size = 40
    allow_inherited_tests_method = True

    @classmethod
    def _company(cls, name, currency=None):
        return super()._company(name, currency or cls.currency)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.digits = cls.company.currency_id.decimal_places
        cls.unit = cls.company.currency_id.rounding
        dice = random.Random(cls.__name__)
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(cls.size)]
        )
        cls.env["customer.purchase"].create(
            [vals for one in cls.customers for vals in cls._history(one, dice)]
        )
        cls.policy.recompute(AS_OF)

    @classmethod
    def _history(cls, customer, dice):
        purse = dice.lognormvariate(5, 1)
        for __ in range(dice.randrange(1, 9)):
            age = dice.randrange(395)
            amount = round(purse * dice.uniform(0.3, 2), cls.digits)
            if dice.random() < 0.1:
                amount = -round(amount / 3, cls.digits)
            yield cls._values(customer, AS_OF - timedelta(age), amount or 1)

    @classmethod
    def _values(cls, customer, day, amount):
        """Return a purchase that adds an amount to the value behind tiers."""
        return {
            "partner_id": customer.id,
            "company_id": cls.company.id,
            "currency_id": cls.company.currency_id.id,
            "date": day,
            "amount": amount,
        }

    def _buy(self, bought):
        self.env["customer.purchase"].create(
            [self._values(*one) for one in bought if round(one[2], self.digits)]
        )

    def _profiles(self, customers=None):
        """``{customer: profile}``."""
        profiles = self.env["customer.profile"].search(
            [
                ("company_id", "=", self.company.id),
                ("partner_id", "in", (customers or self.customers).ids),
            ]
        )
        return {profile.partner_id: profile for profile in profiles}

    def _sentences(self, field, pattern):
        """Return ``{customer: match}`` of the customers' sentences."""
        found = {}
        for customer, profile in self._profiles().items():
            text = (profile[field] or "").replace("\xa0", " ")
            match = pattern.search(text)
            if match:
                found[customer] = match
        return found

    def _run(self, day, customers):
        """Look at customers by the limits of the last run over everybody.

        Return ``{customer: rank of the tier}``, 0 for the best.
        """
        self.policy.recompute(day, partner_ids=[one.id for one in customers])
        self.env.invalidate_all()
        profiles = self._profiles(self.customers.browse([c.id for c in customers]))
        return {one: rank.value_tier_id.sequence for one, rank in profiles.items()}

    def _sequence(self, match):
        return self._tier(match["tier"].lower()).sequence

    @staticmethod
    def _amount(text):
        return float(text.replace(",", ""))

    @staticmethod
    def _day(text):
        return datetime.strptime(text, "%m/%d/%Y").date()


class _Money:
    """Tests of sentences about money, for any currency."""

    def test_to_reach_a_tier(self):
        said = self._sentences("tier_reach_text", _REACH)
        self.assertGreater(len(said), self.size / 2)
        missing = {one: self._amount(match[2]) for one, match in said.items()}
        for one, amount in missing.items():
            units = amount / self.unit
            self.assertAlmostEqual(round(units), units, 5, one.name)
        self._buy((one, AS_OF, amount - self.unit) for one, amount in missing.items())
        ranks = self._run(AS_OF, said)
        for one, match in said.items():
            self.assertGreater(ranks[one], self._sequence(match), one.name)
        self._buy((one, AS_OF, self.unit) for one in said)
        ranks = self._run(AS_OF, said)
        for one, match in said.items():
            self.assertLessEqual(ranks[one], self._sequence(match), one.name)

    def test_to_keep_a_tier(self):
        said = self._sentences("tier_keep_text", _KEEP)
        self.assertGreater(len(said), self.size / 6)
        days = defaultdict(dict)
        for place, (one, match) in enumerate(said.items()):
            last = self._day(match["last"])
            first = self._day(match["first"]) if match["first"] else AS_OF
            less = self.unit * (place // 2 % 2)
            days[last + timedelta(1)][one] = less, match
            when = (first, last)[place % 2]
            self._buy([(one, when, self._amount(match[2]) - less)])
        for day in sorted(days):
            there = days[day]
            ranks = self._run(day, there)
            for one, (less, match) in there.items():
                is_lost = ranks[one] > self._sequence(match)
                self.assertEqual(is_lost, bool(less), f"{one.name}: {match[0]}")


@tagged("post_install", "-at_install")
class TestCentsOfShares(_Money, CentsCase):
    """Shares among 200 random customers, in dollars."""

    size = 200

    def test_what_an_explanation_says_of_the_limit(self):
        """No sentence names a limit above a value that reaches it."""
        pattern = re.compile(rf"^\D*?{_NUMBER}.*below the limit of \w+: \D*?{_NUMBER}")
        said = self._sentences("tier_explanation", pattern)
        self.assertTrue(said)
        for match in said.values():
            self.assertLess(self._amount(match[1]), self._amount(match[2]), match[0])

    def test_by_the_next_run_over_everybody(self):
        """A customer who buys the needed amount is in the tier after the night.

        After the next run over everybody, too.
        """
        one, match = next(iter(self._sentences("tier_reach_text", _REACH).items()))
        self._buy([(one, AS_OF, self._amount(match[2]))])
        self.policy.recompute(AS_OF)
        profile = self._profiles(one)[one]
        self.assertLessEqual(profile.value_tier_id.sequence, self._sequence(match))


@tagged("post_install", "-at_install")
class TestCentsOfSharesInYen(_Money, CentsCase):
    currency = "JPY"


@tagged("post_install", "-at_install")
class TestCentsOfSharesInDinar(_Money, CentsCase):
    currency = "KWD"


@tagged("post_install", "-at_install")
class TestCentsOfFixedLimits(_Money, CentsCase):
    tier_method = "limit"
    limits = {"vip": 2_000, "high": 999.99, "medium": 333.33, "low": 0}


@tagged("post_install", "-at_install")
class TestCentsOfFixedLimitsInYen(TestCentsOfFixedLimits):
    """Limits with decimals that the currency does not have."""

    currency = "JPY"


@tagged("post_install", "-at_install")
class TestCentsOfFixedLimitsInDinar(TestCentsOfFixedLimits):
    currency = "KWD"


class _Margin(_Money):
    """Purchases of which half is earned."""

    policy_values = {**CentsCase.policy_values, "value_metric": "margin"}

    @classmethod
    def _values(cls, customer, day, amount):
        values = super()._values(customer, day, amount)
        return {**values, "amount": 2 * amount, "margin": amount, "has_margin": True}


@tagged("post_install", "-at_install")
class TestCentsOfMargin(_Margin, CentsCase):
    """Sentences about margin call it margin."""

    def test_it_is_called_margin(self):
        for match in self._sentences("tier_reach_text", _REACH).values():
            self.assertIn("of margin more", match.string)

    def test_documents_of_unknown_margin_are_told(self):
        one = self.customers[0]
        for __ in range(2):
            self._purchase(one, AS_OF, 1)
        self.policy.recompute(AS_OF, partner_ids=one.ids)
        profile = self._profiles(one)[one]
        self.assertEqual(profile.unknown_margin_count, 2)
        self.assertIn(
            ", without 2 documents of which it is not known", profile.tier_explanation
        )


@tagged("post_install", "-at_install")
class TestCentsOfMarginInYen(_Margin, CentsCase):
    currency = "JPY"


@tagged("post_install", "-at_install")
class TestCentsOfMarginInDinar(_Margin, CentsCase):
    currency = "KWD"


@tagged("post_install", "-at_install")
class TestOrdersOfScores(CentsCase):
    """The number of usual orders said to be enough is enough."""

    policy_values = {**CentsCase.policy_values, "value_metric": "score"}

    def _usual(self, profile):
        return round(profile.revenue / profile.order_count, self.digits)

    def _sayings(self, field, pattern):
        """``{customer: (match, orders, usual size)}``."""
        profiles = self._profiles()
        said = {}
        for one, match in self._sentences(field, pattern).items():
            orders = _ORDERS.search(match.string)
            if orders and profiles[one].order_count:
                said[one] = match, int(orders[1]), self._usual(profiles[one])
        return said

    def test_to_reach_a_tier(self):
        said = self._sayings("tier_reach_text", _REACH)
        self.assertTrue(said)
        for one, (match, *__) in said.items():
            score = self._profiles(one)[one].value_score
            self.assertLessEqual(score + self._amount(match[2]), 100)
            self.assertIn(" points more", match.string)
        for more in (-1, 0):
            for one, (__, orders, usual) in said.items():
                self._buy([(one, AS_OF, usual)] * (orders - 1 if more else 1))
            ranks = self._run(AS_OF, said)
            for one, (match, *__) in said.items():
                is_there = ranks[one] <= self._sequence(match)
                self.assertEqual(is_there, not more, f"{one.name}: {match.string}")

    def test_to_keep_a_tier(self):
        said = self._sayings(
            "tier_keep_text",
            re.compile(
                r"To keep (?P<tier>\w+): about (\d+) .*?"
                r"(?:from (?P<first>[\d/]+) to|by) (?P<last>[\d/]+)\.$"
            ),
        )
        self.assertTrue(said)
        days = defaultdict(dict)
        for place, (one, (match, orders, usual)) in enumerate(said.items()):
            last = self._day(match["last"])
            first = self._day(match["first"]) if match["first"] else AS_OF
            self._buy([(one, (first, last)[place % 2], usual)] * orders)
            days[last + timedelta(1)][one] = match
        for day in sorted(days):
            there = days[day]
            ranks = self._run(day, there)
            for one, match in there.items():
                told = f"{one.name}: {match.string}"
                self.assertLessEqual(ranks[one], self._sequence(match), told)
