from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..common import AS_OF, ClassificationCase

OF_PROFILE = "customer_classification.report_class_letter"
OF_CONTACT = "customer_classification.report_class_letter_contact"
SECRET = "Complains in every call"


class LetterCase(ClassificationCase):
    """Customers with letters: high, new, objecting; a head and a salesperson."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.regular = cls._regular("Ada", 500, email="ada@example.com")
        cls.firm = cls._regular("Firm", 250, is_company=True)
        cls.best = cls._regular("Best", 1_111)
        cls.objector = cls._regular("Olga", 100)
        cls._recompute()
        cls.objector.customer_objects_profiling = True
        insight = "customer_classification.group_user"
        cls.head = cls._user(
            "letter-head", f"sales_team.group_sale_salesman_all_leads,{insight}"
        )
        cls.seller = cls._user(
            "letter-seller",
            f"sales_team.group_sale_salesman,base.group_partner_manager,{insight}",
        )

    def _letter(self, partner, has_amounts=True, **values):
        letters = self.env["customer.class.letter"]
        return letters._letters(partner, self.company, has_amounts, **values)[partner]

    def _texts(self, letter):
        blocks = [text for one in letter["blocks"] for text in one["sentences"]]
        return " ".join([*letter["lines"], *blocks, *letter["rights"], *letter["ask"]])


@tagged("post_install", "-at_install")
class TestClassLetter(LetterCase):
    """The letter tells a customer the own classes and nothing from inside."""

    def test_own_numbers_and_limits(self):
        letter = self._letter(self.regular)
        tier, stage = letter["blocks"]
        self.assertEqual(tier["class"], "High")
        self.assertEqual(stage["class"], "Loyal")
        text = self._texts(letter)
        self.assertIn("12 orders for 6,000.00", text)
        self.assertIn("High begins at", text)
        self.assertIn("To reach VIP:", text)
        self.assertIn("06/30/2025", text)
        self.assertIn("without a reason", text)

    def test_what_reaches_the_next_tier_does(self):
        """The amount of the letter, bought once more, gives the tier."""
        profile = self._profile(self.regular)
        missing = 10_000 - profile.revenue
        text = self._texts(self._letter(self.regular))
        self.assertIn(f"To reach VIP: {missing:,.2f}", text)
        self._purchase(self.regular, AS_OF, missing - 0.01)
        self._recompute()
        self.assertEqual(profile.value_tier_id, self._tier("high"))
        self._purchase(self.regular, AS_OF, 0.01)
        self._recompute()
        self.assertEqual(profile.value_tier_id, self._tier("vip"))

    def test_the_day_on_which_it_is_lost(self):
        """The tier goes on the day of the letter, and not the day before."""
        profile = self._profile(self.regular)
        day = profile.tier_change_date
        text = self._texts(self._letter(self.regular))
        self.assertIn(f"becomes Medium on {day:%m/%d/%Y}", text)
        for before in (31, 30, 1):
            self._recompute(day - timedelta(days=before))
            self.assertEqual(profile.value_tier_id, self._tier("high"))
        self._recompute(day)
        self.assertEqual(profile.value_tier_id, self._tier("medium"))

    def test_without_amounts(self):
        text = self._texts(self._letter(self.regular, has_amounts=False))
        self.assertIn("12 orders", text)
        self.assertNotIn("€", text)
        self.assertNotIn("6,000", text)
        self.assertNotIn("10,000", text)

    def test_nothing_of_others_where_shares_are_limits(self):
        """Limits that are found by what others bought are not in it."""
        others = [self._regular(f"Other {n}", 700 + 13 * n) for n in range(12)]
        shares = {"vip": 10, "high": 40, "medium": 70, "low": 100}
        policy = self._policy(
            self.company,
            tier_method="top_percent",
            min_customers=2,
            tier_ids=self._limit_commands(shares),
        )
        run = self._recompute(policy=policy)
        found = run.edges["tier_limits"].values()
        amounts = [f"{one:,.2f}" for one in found if one]
        self.assertTrue(amounts)
        for customer in (self.regular, self.firm, *others[:-1]):
            text = self._texts(self._letter(customer))
            own = f"{self._profile(customer).revenue:,.2f}"
            self.assertIn(own, text)
            for amount in amounts:
                if amount != own:
                    self.assertNotIn(amount, text)
            self.assertNotIn("To reach", text)
        self.assertIn("is for the best", text)

    def test_margins_are_ours(self):
        policy = self._policy(self.company, value_metric="margin")
        self._recompute(policy=policy)
        for customer in (self.regular, self.best):
            text = self._texts(self._letter(customer))
            self.assertNotIn("margin", text)
            self.assertNotIn("begins at", text)

    def test_scores_in_plain_words(self):
        scores = {"vip": 80, "high": 60, "medium": 40, "low": 0}
        policy = self._policy(
            self.company,
            value_metric="score",
            customers_per_bin=1,
            tier_ids=self._limit_commands(scores),
        )
        self._recompute(policy=policy)
        text = self._texts(self._letter(self.regular))
        self.assertIn("how often you bought", text)
        for word in ("score", "RFM", "points", " 80"):
            self.assertNotIn(word, text)

    def test_no_words_from_inside(self):
        """No risk, no segment, no note, no reason of a decision."""
        today = self.policy._today()
        decided = self._regular("Decided", 500, until=today)
        self._recompute(today)
        self.env["classification.override"].create(
            {
                "partner_id": decided.id,
                "company_id": self.company.id,
                "tier_id": self._tier("vip").id,
                "reason": SECRET,
            }
        )
        decided.comment = SECRET
        profile, letter = self._profile(decided), self._letter(decided)
        text = self._texts(letter)
        self.assertEqual(letter["blocks"][0]["class"], "VIP")
        self.assertIn("Somebody of us decided", text)
        self.assertTrue(profile.churn_risk and profile.segment_id)
        for word in (SECRET, "isk", profile.segment_id.name):
            self.assertNotIn(word, text)

    def test_objection(self):
        letter = self._letter(self.objector)
        self.assertFalse(letter["blocks"])
        self.assertIn("You objected to profiling on", self._texts(letter))
        self.assertIn("take your objection back", self._texts(letter))

    def test_a_person_of_an_objecting_customer(self):
        child = self._customer("Child of Olga", parent_id=self.objector.id)
        self.assertFalse(self._letter(child)["blocks"])

    def test_company_cannot_object(self):
        text = self._texts(self._letter(self.firm))
        self.assertNotIn("You may object", text)
        self.assertIn("All purchases of Firm count together", text)
        child = self._customer("Person of Firm", parent_id=self.firm.id)
        self.assertIn("You may object", self._texts(self._letter(child)))

    def test_nobody_known(self):
        stranger = self._customer("Stranger")
        self.assertIn("no class", self._texts(self._letter(stranger)))

    def test_first_purchase(self):
        newcomer = self._customer("Newcomer")
        self._purchase(newcomer, AS_OF, 20)
        self._recompute()
        text = self._texts(self._letter(newcomer))
        self.assertIn("too little for a class", text)
        self.assertIn("You bought once", text)

    def test_whom_to_ask(self):
        self.regular.user_id = self.seller
        self.assertIn("letter-seller", " ".join(self._letter(self.regular)["ask"]))
        self.assertIn(self.company.name, self._letter(self.firm)["ask"])

    def test_languages(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        tier = self._tier("high").with_context(lang="fr_FR")
        tier.name = "Haut"
        self.regular.lang = "fr_FR"
        letters = self.env["customer.class.letter"]._letters(
            self.regular | self.best, self.company, True
        )
        self.assertEqual(letters[self.regular]["blocks"][0]["class"], "Haut")
        self.assertEqual(letters[self.best]["blocks"][0]["class"], "VIP")

    def test_query_count(self):
        """Many letters take as many queries as one."""
        many = self.regular | self.firm | self.best | self.objector
        self._letter(self.regular)
        self.env.invalidate_all()
        with self.assertQueryCount(25):
            self.env["customer.class.letter"]._letters(many, self.company, True)

    # Printing and sending

    def _html(self, report, records, user):
        context = {"allowed_company_ids": self.company.ids}
        reports = self.env["ir.actions.report"].with_user(user)
        html, __ = reports.with_context(**context)._render_qweb_html(
            report, records.ids
        )
        return " ".join(html.decode().split())

    def test_print(self):
        for report, records in (
            (OF_CONTACT, self.regular | self.firm),
            (OF_PROFILE, self._profile(self.regular) | self._profile(self.firm)),
        ):
            html = self._html(report, records, self.head)
            self.assertEqual(html.count("Your Classification and Why"), 2, report)
            self.assertIn("6,000.00", html)
            html = self._html(report, records, self.seller)
            self.assertIn("12 orders", html)
            self.assertNotIn("6,000.00", html)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_who_may_print(self):
        portal = self._user("letter-portal", "base.group_portal")
        clerk = self._user("letter-clerk", "base.group_user")
        for user in (portal, clerk):
            for report, records in (
                (OF_CONTACT, self.regular),
                (OF_PROFILE, self._profile(self.regular)),
            ):
                with self.assertRaises(AccessError):
                    self._html(report, records, user)
        self.env["ir.rule"].create(
            {
                "name": "Not Ada",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.regular.id})]",
            }
        )
        for report, records in (
            (OF_CONTACT, self.regular),
            (OF_PROFILE, self._profile(self.regular)),
        ):
            with self.assertRaises(AccessError):
                self._html(report, records, self.head)

    def _composer(self, user):
        partner = self.regular.with_user(user).with_company(self.company)
        action = partner.action_send_class_letter()
        return Form(
            self.env[action["res_model"]]
            .with_user(user)
            .with_context(**action["context"])
        )

    def test_send(self):
        """By Odoo's composer, and without amounts, whoever sends it."""
        self.head.email = "head@example.com"
        composer = self._composer(self.head).save()
        self.assertEqual(composer.partner_ids, self.regular)
        composer.action_send_mail()
        message = self.regular.message_ids[:1]
        self.assertIn("Your Classification and Why", message.body)
        self.assertIn("12 orders", message.body)
        self.assertNotIn("6,000", message.body)
        self.assertNotIn("€", message.body)

    def test_send_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self._tier("high").with_context(lang="zh_CN").name = "高价值客户"
        self.regular.lang = "zh_CN"
        self.assertIn("高价值客户", self._composer(self.head).save().body)

    def test_who_may_send(self):
        clerk = self._user("letter-clerk", "base.group_user")
        with self.assertRaises(AccessError):
            self.regular.with_user(clerk).action_send_class_letter()
        with self.assertRaises(UserError):
            self.firm.with_user(self.head).action_send_class_letter()


@tagged("post_install", "-at_install")
class TestClassLetterPage(LetterCase, HttpCase):
    """The page of the own classes shows the own ones, and asks for a login."""

    def setUp(self):
        super().setUp()
        self.portal = new_test_user(
            self.env,
            "letter_portal",
            groups="base.group_portal",
            company_id=self.company.id,
            company_ids=[fields.Command.set(self.company.ids)],
            partner_id=self.regular.id,
        )

    def _page(self, login):
        self.authenticate(login, login)
        return self.url_open("/my/classification", allow_redirects=False)

    def test_own_page(self):
        page = self._page("letter_portal")
        self.assertEqual(page.status_code, 200)
        self.assertEqual(page.headers["Cache-Control"], "no-store")
        self.assertIn("6,000.00", page.text)
        self.assertNotIn("13,332", page.text, "of another customer")
        self.assertIn("/my/classification", self.url_open("/my/security").text)

    def test_objector(self):
        self.regular.customer_objects_profiling = True
        page = self._page("letter_portal").text
        self.assertIn("You objected to profiling", page)
        self.assertNotIn("6,000.00", page)

    def test_login_is_needed(self):
        self.authenticate(None, None)
        page = self.url_open("/my/classification", allow_redirects=False)
        self.assertEqual(page.status_code, 303)

    def test_employees_by_their_rights(self):
        """An employee of the customer who sees no amounts sees none here."""
        self.seller.partner_id.parent_id = self.firm
        self.assertEqual(self.seller.partner_id.commercial_partner_id, self.firm)
        page = self._page("letter-seller").text
        self.assertIn("12 orders", page)
        self.assertNotIn("3,000.00", page)
