from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from ..care_common import CareCase
from ..common import AS_OF


@tagged("post_install", "-at_install")
class TestBirthday(CareCase):
    """Birthdays of persons, with and without the year."""

    def test_follows_from_the_birth_date(self):
        ada = self._customer("Ada", birthdate_date=date(1990, 6, 30))
        self.assertEqual(ada.customer_birthday, "06-30")
        ada.birthdate_date = date(1990, 7, 1)
        self.assertEqual(ada.customer_birthday, "07-01")
        ada.birthdate_date = False
        self.assertEqual(ada.customer_birthday, "07-01")

    def test_without_the_year(self):
        ada = self._customer("Ada", customer_birthday="02-29")
        self.assertFalse(ada.birthdate_date)
        self.assertFalse(ada.customer_age)

    def test_written_by_people(self):
        for text in ("6-3", "06/03", "6.3.", "6月3日"):
            with self.subTest(text=text), Form(self.env["res.partner"]) as form:
                form.name = "Ada"
                form.customer_birthday = text
                self.assertEqual(form.customer_birthday, "06-03")

    def test_refused(self):
        ada = self._customer("Ada")
        for text in ("13-01", "02-30", "6-3", "a", "0603"):
            with self.subTest(text=text), self.assertRaises(ValidationError):
                ada.customer_birthday = text
        ada.birthdate_date = date(1990, 6, 30)
        with self.assertRaises(ValidationError):
            ada.customer_birthday = "07-01"

    def test_an_activity_for_the_salesperson_once_a_year(self):
        ada = self._regular("Ada", 50, customer_birthday="06-30")
        ada.user_id = self.seller
        self._recompute()
        occasion = self._occasion(note="<p>Sing</p>")
        self._night()
        self._night()
        care = self._care_of(ada)
        self.assertEqual(len(care), 1)
        self.assertEqual((care.state, care.date, care.round), ("open", AS_OF, 2025))
        activity = care.activity_id
        self.assertEqual(activity.res_model, "res.partner")
        self.assertEqual(activity.res_id, ada.id)
        self.assertEqual(activity.user_id, self.seller)
        self.assertEqual(activity.date_deadline, AS_OF)
        self.assertIn("Sing", activity.note)
        self.assertEqual(activity.create_uid, self.manager)
        activity.with_user(self.seller).action_feedback()
        self.assertEqual(care.state, "done")
        self._night(AS_OF + timedelta(days=1))
        self.assertEqual(self._care_of(ada), care)
        self._night(AS_OF.replace(year=2026))
        self.assertEqual(self._care_of(ada).mapped("round"), [2025, 2026])
        self.assertEqual(occasion.care_count, 2)

    def test_contacts_of_a_company(self):
        firm = self._regular("Firm", 50, is_company=True, customer_birthday="06-30")
        firm.user_id = self.seller
        eve = self._customer("Eve", parent_id=firm.id, customer_birthday="06-30")
        stranger = self._customer("No customer", customer_birthday="06-30")
        self._recompute()
        self._occasion()
        self._night()
        self.assertEqual(self._care_of(eve).user_id, self.seller)
        self.assertEqual(self._care_of(eve).activity_id.summary, "birthday: Eve")
        self.assertFalse(self._care_of(firm) | self._care_of(stranger))

    def test_born_on_a_leap_day(self):
        ada = self._regular("Ada", 50, customer_birthday="02-29")
        self._recompute()
        self._occasion()
        self._night(date(2027, 2, 28))
        self.assertEqual(self._care_of(ada).date, date(2027, 2, 28))
        self._night(date(2028, 2, 28))
        self.assertEqual(len(self._care_of(ada)), 1)
        self._night(date(2028, 2, 29))
        self.assertEqual(self._care_of(ada)[1].date, date(2028, 2, 29))

    def test_in_time_over_the_turn_of_the_year(self):
        ada = self._regular("Ada", 50, customer_birthday="01-02")
        self._recompute()
        self._occasion(lead_days=5)
        self._night(date(2025, 12, 30))
        self._night(date(2026, 1, 2))
        care = self._care_of(ada)
        self.assertEqual((care.round, care.date), (2026, date(2026, 1, 2)))
        self.assertEqual(care.activity_id.date_deadline, date(2026, 1, 2))

    def test_nobody_who_may_not_be_approached(self):
        people = {
            name: self._regular(
                name, 50, customer_birthday="06-30", email=f"{name}@example.com"
            )
            for name in ("fine", "objects", "blocked", "archived")
        }
        self.env["mail.blacklist"].create({"email": "blocked@example.com"})
        self._recompute()
        people["objects"].customer_objects_profiling = True
        people["archived"].active = False
        self._occasion()
        self._occasion(channel="email", mail_template_id=self._template().id)
        self._night()
        self.assertEqual(len(self._care_of(people["fine"])), 2)
        self.assertEqual(len(self._mails(people["fine"])), 1)
        for name in ("objects", "blocked", "archived"):
            self.assertFalse(self._care_of(people[name]), name)
            self.assertFalse(self._mails(people[name]), name)

    def test_contact_of_a_person_who_objects(self):
        ada = self._regular("Ada", 50)
        kid = self._customer("Kid", parent_id=ada.id, customer_birthday="06-30")
        self._recompute()
        ada.customer_objects_profiling = True
        self._occasion()
        self._night()
        self.assertFalse(self._care_of(kid))

    def test_objecting_drops_what_is_to_do(self):
        ada = self._regular("Ada", 50, customer_birthday="06-30")
        self._recompute()
        self._occasion()
        self._night()
        activity = self._care_of(ada).activity_id
        ada.customer_objects_profiling = True
        self.assertFalse(activity.exists())
        self.assertFalse(self._care_of(ada))
        ada.customer_objects_profiling = False
        self.assertEqual(self._care_of(ada).state, "cancelled")
        self._night()
        self.assertEqual(len(self._care_of(ada)), 1)

    def test_only_who_meets_the_condition(self):
        vip = self._regular("Vip", 5_000, customer_birthday="06-30")
        small = self._regular("Small", 5, customer_birthday="06-30")
        self._recompute()
        self._occasion(domain="[('customer_value_tier_id.code', '=', 'vip')]")
        self._night()
        self.assertTrue(self._care_of(vip))
        self.assertFalse(self._care_of(small))

    def test_merged_contacts_keep_one(self):
        ada, twin = (
            self._regular(name, 50, customer_birthday="06-30")
            for name in ("Ada", "Twin")
        )
        self._recompute()
        self._occasion()
        self._night()
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((ada | twin).ids, ada)
        self.assertEqual(len(self._care_of(ada)), 1)

    def test_today(self):
        ada = self._regular("Ada", 50, user_id=self.seller.id)
        today = fields.Date.today()
        twin = self._customer("Twin", parent_id=ada.id)
        kid = self._customer("Kid", parent_id=ada.id)
        (ada | twin).customer_birthday = f"{today:%m-%d}"
        kid.customer_birthday = f"{today - timedelta(days=1):%m-%d}"
        self._recompute(today)
        day = self.env["customer.today"].with_user(self.seller)
        day = day.with_context(allowed_company_ids=self.company.ids)
        [line] = [one for one in day.get_lines()["lines"] if one["kind"] == "birthday"]
        self.assertIn("Birthday of Ada, Twin today", line["text"])
        self.assertIn("; Birthday of Kid on ", line["text"])
        day.answer("birthday", line["record_id"], "done")
        kinds = [one["kind"] for one in day.get_lines()["lines"]]
        self.assertNotIn("birthday", kinds)
