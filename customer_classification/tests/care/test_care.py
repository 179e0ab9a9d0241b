from datetime import date, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.care import customer_care
from ..care_common import CareCase
from ..common import AS_OF

DAY = timedelta(days=1)
OCCASIONS = "odoo.addons.customer_classification.engine.customers.occasions"


@tagged("post_install", "-at_install")
class TestCare(CareCase):
    """Holidays, anniversaries and visits, each once, within the limits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.china, cls.us = cls.env.ref("base.cn"), cls.env.ref("base.us")
        cls.wang = cls._regular(
            "Wang", 5_000, country_id=cls.china.id, email="wang@example.com"
        )
        cls.smith = cls._regular("Smith", 50, country_id=cls.us.id)
        cls.customers = cls.wang | cls.smith
        cls.customers.user_id = cls.seller
        cls._recompute()

    def _who(self, occasion):
        return self.cares.search([("occasion_id", "=", occasion.id)]).partner_id

    def test_salesperson_reads_the_name(self):
        """A care opens also without the right to read the rules of its occasion."""
        occasion = self._occasion("holiday", month=6, day=30, date_rule="fixed")
        self._night()
        care = self._care_of(self.wang, occasion).with_user(self.seller)
        self.env.invalidate_all()
        [seen] = care.web_read({"display_name": {}})
        self.assertIn(occasion.name, seen["display_name"])

    # Holidays

    def test_holiday_by_country(self):
        occasion = self._occasion(
            "holiday",
            date_rule="lunar",
            month=5,
            day=5,
            country_ids=[Command.set(self.china.ids)],
        )
        self._night(date(2025, 5, 30))
        self.assertFalse(self._who(occasion))
        self._night(date(2025, 5, 31))
        self.assertEqual(self._who(occasion), self.wang)
        self.assertEqual(self._care_of(self.wang).round, 2025)

    def test_holiday_by_language(self):
        self.smith.lang = "fr_FR"
        french = self.env["res.lang"]._lang_get("fr_FR")
        lang = self.env["res.lang"].search([("code", "=", french.code)])
        occasion = self._occasion(
            "holiday", month=6, day=30, lang_ids=[Command.set(lang.ids)]
        )
        self._night()
        self.assertEqual(self._who(occasion), self.smith)

    def test_next_date(self):
        occasion = self._occasion("holiday", date_rule="easter", shift_days=-2)
        with self._on(date(2026, 1, 1)):
            self.assertEqual(occasion.next_date, date(2026, 4, 3))
            occasion.write({"date_rule": "weekday", "month": 5, "place": "2"})
            occasion.shift_days = 0
            self.assertEqual(occasion.next_date, date(2026, 5, 10))
        self.assertFalse(self._occasion("birthday").next_date)

    def test_days_that_no_month_has(self):
        for values in ({"month": 2, "day": 30}, {"month": 4, "day": 31}):
            with self.assertRaises(ValidationError):
                self._occasion("holiday", **values)
        for values in ({"month": 13}, {"day": 0}, {"lead_days": -1}, {"place": "9"}):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self._occasion("holiday", **values)

    def test_without_the_chinese_calendar(self):
        """The others go on, and what is missing is said in a sentence."""
        lunar = self._occasion("holiday", date_rule="lunar", month=6, day=6)
        fixed = self._occasion("holiday", month=6, day=30)
        with patch(f"{OCCASIONS}.LunarDate", None):
            self.assertFalse(lunar.next_date)
            self._night()
            off = self._occasion("holiday", "off", date_rule="lunar")
            with self.assertRaisesRegex(UserError, "lunardate"):
                off.with_user(self.manager).action_switch_on()
        self.assertIn("lunardate", lunar.error)
        self.assertEqual(self._who(fixed), self.customers)
        found = self.env["classification.to.fix"].search([("kind", "=", "occasion")])
        self.assertIn(lunar.id, found.mapped("res_id"))
        self._night()
        self.assertFalse(lunar.error)

    # Anniversaries

    def test_anniversary_of_the_first_purchase(self):
        first = self._profile(self.wang).first_purchase_date
        occasion = self._occasion("first_purchase")
        self._night(first)
        self.assertFalse(self._who(occasion))
        self._night(first.replace(year=first.year + 1))
        self.assertEqual(self._who(occasion), self.customers)

    # E-mails and words

    def test_an_email_in_the_language_of_the_contact(self):
        self.wang.lang = "fr_FR"
        template = self._template()
        template.with_context(lang="fr_FR").subject = "Meilleurs vœux"
        occasion = self._occasion(
            "holiday",
            month=6,
            day=30,
            channel="email",
            mail_template_id=template.id,
        )
        self._night()
        self._night()
        mail = self._mails(self.wang)
        self.assertEqual(mail.subject, "Meilleurs vœux")
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(self._care_of(self.wang).state, "sent")
        # Who has no address is not meant.
        self.assertEqual(self._who(occasion), self.wang)

    def test_the_greeting_is_in_the_language_of_the_customer(self):
        self.wang.lang = "fr_FR"
        occasion = self._occasion("holiday", month=6, day=30, note="<p>Hello</p>")
        occasion.update_field_translations("note", {"fr_FR": {"Hello": "Bonjour"}})
        occasion.with_context(lang="fr_FR").name = "Fête"
        self._night()
        activity = self._care_of(self.wang).activity_id
        self.assertIn("Bonjour", activity.note)
        self.assertEqual(activity.summary, "holiday")
        self.assertIn("Hello", self._care_of(self.smith).activity_id.note)

    def test_no_email_without_a_decision(self):
        """Shipped occasions are off, previews and settings send nothing."""
        shipped = self.env["customer.care.occasion"].search(
            [("company_id", "=", self.env.ref("base.main_company").id)]
        )
        ids = self.env["ir.model.data"].search(
            [("model", "=", shipped._name), ("module", "=", "customer_classification")]
        )
        self.assertGreaterEqual(len(ids), 10)
        own = self._occasion(
            "holiday",
            "off",
            month=6,
            day=30,
            channel="email",
            mail_template_id=self._template().id,
        )
        with self._on(AS_OF):
            action = own.with_user(self.manager).action_preview()
        self.assertEqual(action["domain"], [("id", "in", self.wang.ids)])
        self._night()
        self.assertFalse(self._mails(self.wang) | self._mails(self.smith))
        self.assertFalse(self.cares.search([("partner_id", "in", self.customers.ids)]))
        own.with_user(self.manager).action_switch_on()
        self.assertFalse(self._mails(self.wang))

    # Visits

    def _visit(self, **values):
        rows = values.pop("rows", [{"days": 90}])
        return self._occasion(
            "visit",
            activity_type_id=self.env.ref("mail.mail_activity_data_meeting").id,
            rhythm_ids=[Command.create(row) for row in rows],
            **values,
        )

    def _date_back(self, activity, day):
        """Let an activity have been done on a day."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_activity SET date_done = %s WHERE id = %s", [day, activity.id]
        )

    def test_visits_by_tier_and_stage(self):
        profile = self._profile(self.wang)
        self.assertEqual(profile.value_tier_id.code, "vip")
        occasion = self._visit(
            rows=[
                {"tier_id": self._tier("vip").id, "days": 0},
                {"days": 4_000 - 400},
                {
                    "tier_id": self._tier("vip").id,
                    "stage_id": profile.lifecycle_stage_id.id,
                    "days": 30,
                },
            ]
        )
        self._night()
        self.assertEqual(self._who(occasion), self.wang)

    def test_zero_days_are_no_visits(self):
        occasion = self._visit(rows=[{"days": 0}])
        self._night()
        self.assertFalse(self._who(occasion))

    def test_counted_from_the_last_meeting_or_call(self):
        occasion = self._visit(rows=[{"days": 60}])
        contact = self._customer("Contact", parent_id=self.wang.id)
        self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": f"{AS_OF - 10 * DAY} 10:00:00",
                "stop": f"{AS_OF - 10 * DAY} 11:00:00",
                "partner_ids": [Command.set(contact.ids)],
            }
        )
        call = self.smith.activity_schedule("mail.mail_activity_data_call")
        call.action_feedback()
        self._date_back(call, AS_OF - 20 * DAY)
        self._night()
        self.assertFalse(self._who(occasion))
        self._night(AS_OF + 39 * DAY)
        self.assertFalse(self._who(occasion))
        self._night(AS_OF + 40 * DAY)
        self.assertEqual(self._who(occasion), self.smith)
        self._night(AS_OF + 50 * DAY)
        self.assertEqual(self._who(occasion), self.customers)

    def test_a_meeting_is_on_the_day_of_the_rules(self):
        """Half past seven in the morning in Shanghai is the day before in UTC.

        A meeting of a whole day is on its own day, wherever it is.
        """
        occasion = self._visit(rows=[{"days": 60}])
        meetings = self.env["calendar.event"].create(
            [
                {
                    "name": "Early",
                    "start": f"{AS_OF - 11 * DAY} 23:30:00",
                    "stop": f"{AS_OF - 10 * DAY} 00:30:00",
                    "partner_ids": [Command.set(self.wang.ids)],
                },
                {
                    "name": "All day",
                    "allday": True,
                    "start_date": AS_OF - 10 * DAY,
                    "stop_date": AS_OF - 10 * DAY,
                    "partner_ids": [Command.set(self.smith.ids)],
                },
            ]
        )
        for tz, first in (
            ("Asia/Shanghai", self.env["res.partner"]),
            ("UTC", self.wang),
            ("Pacific/Honolulu", self.wang),
        ):
            with self.subTest(tz), self.env.cr.savepoint() as savepoint:
                self._policy(self.company, tz=tz)
                self._night(AS_OF + 49 * DAY)
                self.assertEqual(self._who(occasion), first)
                self._night(AS_OF + 50 * DAY)
                self.assertEqual(self._who(occasion), self.customers)
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertTrue(meetings)

    def test_the_page_today_names_the_day_of_the_meeting(self):
        self._visit(rows=[{"days": 60}])
        self._policy(self.company, tz="Asia/Shanghai")
        self.env["calendar.event"].create(
            {
                "name": "Early",
                "start": "2025-03-31 23:30:00",
                "stop": "2025-04-01 00:30:00",
                "partner_ids": [Command.set(self.wang.ids)],
            }
        )
        today = self.env["customer.today"].with_user(self.seller)
        today = today.with_context(allowed_company_ids=self.company.ids)
        for day, is_due in ((date(2025, 5, 30), False), (date(2025, 5, 31), True)):
            with self._on(day):
                lines = {
                    profile.partner_id: line["text"]
                    for profile, line in today._visit_lines(self.seller, [])
                }
            self.assertEqual(self.wang in lines, is_due, day)
        self.assertIn("04/01/2025", lines[self.wang])

    def test_a_visit_is_asked_for_again_after_the_rhythm(self):
        self._visit(rows=[{"days": 60}])
        self._night()
        self._night(AS_OF + DAY)
        first = self._care_of(self.wang)
        self.assertEqual(len(first), 1)
        activity = first.activity_id
        activity.action_feedback()
        first.done_date = AS_OF + 5 * DAY
        self._date_back(activity, AS_OF + 5 * DAY)
        self._night(AS_OF + 61 * DAY)
        self.assertEqual(self._care_of(self.wang), first)
        self._night(AS_OF + 65 * DAY)
        self.assertEqual(len(self._care_of(self.wang)), 2)

    def test_the_data_are_checked_too(self):
        self._visit(asks_to_check=True)
        self.wang.write({"phone": "+86 10 1234", "street": "<b>Road</b>"})
        self._night()
        note = self._care_of(self.wang).activity_id.note
        self.assertIn("+86 10 1234", note)
        self.assertIn("City: missing", note)
        self.assertIn("&lt;b&gt;Road", note)

    def test_the_most_valuable_first_within_the_limit(self):
        more = [self._regular(f"More {n}", 10 + n) for n in range(4)]
        for one in more:
            one.user_id = self.seller
        self._recompute()
        occasion = self._visit(daily_limit=2)
        self._night()
        self.assertEqual(self._who(occasion), self.customers)
        self._night()
        self.assertEqual(self._who(occasion), self.customers)
        self._night(AS_OF + DAY)
        self.assertEqual(self._who(occasion), self.customers | more[3] | more[2])

    def test_visits_on_the_page_today(self):
        self._visit()
        today = self.env["customer.today"].with_user(self.seller)
        today = today.with_context(allowed_company_ids=self.company.ids)
        lines = {
            one["name"]: one
            for one in today.get_lines()["lines"]
            if one["kind"] == "visit"
        }
        found = today._visit_lines(self.seller, [])
        self.assertEqual({one.partner_id for one, __ in found}, set(self.customers))
        for profile, line in found:
            self.assertIn("no meeting or call is known", line["text"])
            today.answer("visit", profile.id, "done")
        self.assertFalse(today._visit_lines(self.seller, []))
        self.assertLessEqual(set(lines), {"Wang", "Smith"})

    # Failures, rights, scale

    def test_one_that_fails_stops_only_itself(self):
        occasion = self._occasion(
            "holiday",
            month=6,
            day=30,
            channel="email",
            mail_template_id=self._template(
                body_html="<t t-if=\"object.name == 'Wang'\"><t t-out='1 / 0'/></t>Hi"
            ).id,
        )
        self.smith.email = "smith@example.com"
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            self._night()
        self.assertEqual(self._care_of(self.wang).state, "failed")
        self.assertTrue(self._care_of(self.wang).error)
        self.assertEqual(self._care_of(self.smith).state, "sent")
        self.assertEqual(len(self._mails(self.smith)), 1)
        self.assertFalse(self._mails(self.wang))
        self.assertFalse(occasion.error)
        found = self.env["classification.to.fix"].search([("kind", "=", "care")])
        self.assertEqual(found.mapped("res_id"), self._care_of(self.wang).ids)

    def test_merged_contacts_keep_all_rounds(self):
        occasion = self._occasion()
        own, twin = self._customer("Own"), self._customer("Twin")
        rows = self.env["customer.care"].create(
            [
                {
                    "occasion_id": occasion.id,
                    "company_id": self.company.id,
                    "partner_id": partner.id,
                    "round": year,
                    "date": f"{year}-05-17",
                }
                for partner, year in ((own, 2024), (twin, 2024), (twin, 2023))
            ]
        )
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge([own.id, twin.id], own)
        self.assertEqual(rows.exists(), rows[0] | rows[2])
        self.assertEqual(rows.exists().partner_id, own)

    def test_who_left_does_nothing_any_more(self):
        occasion = self._occasion("holiday", month=6, day=30)
        self.manager.active = False
        self._night()
        self.assertFalse(self._who(occasion))
        self.assertIn(self.manager.name, occasion.error)

    def test_only_who_the_responsible_may_read(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Wang",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.wang.id})]",
            }
        )
        occasion = self._occasion("holiday", month=6, day=30)
        self._night()
        self.assertEqual(self._who(occasion), self.smith)

    def test_the_template_of_somebody_else(self):
        template = self._template(user_id=self.seller.id)
        occasion = self._occasion(
            "holiday",
            "off",
            month=6,
            day=30,
            channel="email",
            mail_template_id=template.id,
        )
        with self.assertRaises(AccessError):
            occasion.with_user(self.manager).action_switch_on()
        occasion.state = "on"
        self._night()
        self.assertFalse(self._mails(self.wang))

    def test_customers_of_other_companies(self):
        other = self._company("Other")
        self.wang.company_id = other
        occasion = self._occasion("holiday", month=6, day=30)
        self._night()
        self.assertEqual(self._who(occasion), self.smith)

    def test_rights(self):
        officer = self._user("care_officer", "customer_classification.group_officer")
        occasion = self._occasion("visit", rhythm_ids=[Command.create({"days": 60})])
        rhythm = occasion.rhythm_ids
        for user in (self.seller, officer):
            own = occasion.with_user(user)
            for call in (
                lambda own=own: own.write({"name": "Mine"}),
                lambda own=own: own.action_switch_off(),
                lambda own=own: own.action_preview(),
                lambda own=own: own.rhythm_ids.write({"days": 1}),
                lambda own=own: own.unlink(),
            ):
                with self.assertRaises(AccessError):
                    call()
        managed = occasion.with_user(self.manager)
        for call in (
            lambda: managed.write({"domain": "[]"}),
            lambda: managed.unlink(),
            lambda: rhythm.with_user(self.manager).write({"days": 1}),
            lambda: rhythm.with_user(self.manager).unlink(),
        ):
            with self.assertRaises(UserError):
                call()
        for vals in ({"state": "on"}, {"responsible_id": self.env.uid}):
            with self.assertRaises(AccessError):
                managed.write(vals)
        managed.action_switch_off()
        managed.write({"name": "Changed"})
        with self.assertRaises(AccessError):
            self.cares.with_user(self.manager).create({})

    def test_batches_one_by_one(self):
        """A night that ends after each batch goes on where it was."""
        self._occasion("holiday", month=6, day=30)
        counts = []
        with patch.object(customer_care, "BATCH", 1), self._on(AS_OF):
            for __ in range(9):
                self.env["customer.care.occasion"]._care(
                    lambda count: counts.append(count) or len(counts) % 2
                )
        self.assertEqual(len(self.cares.search([("state", "=", "open")])), 2)
        activities = self.env["mail.activity"].search(
            [("res_model", "=", "res.partner"), ("res_id", "in", self.customers.ids)]
        )
        self.assertEqual(len(activities), 2)

    def test_what_was_planned_is_dropped_where_it_is_too_late(self):
        occasion = self._occasion("holiday", month=6, day=30)
        with self._on(AS_OF):
            self.cares._plan(occasion)
        self.assertEqual(self._who(occasion), self.customers)
        self.smith.customer_objects_profiling = True
        self.smith.customer_objects_profiling = False
        self.wang.active = False
        with self._on(AS_OF + DAY):
            self.cares._plan(occasion)
        self.assertEqual(self._who(occasion), self.smith)
        self._night(AS_OF + 5 * DAY)
        self.assertFalse(self._care_of(self.wang))

    def test_queries(self):
        """Many customers take as many statements as few."""

        def statements(day):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._night(day)
            return self.cr.sql_log_count - before

        self._occasion("holiday", month=6, day=30, note="<p>Hello</p>")
        few = statements(AS_OF)
        for number in range(15):
            self._regular(f"More {number}", 10).user_id = self.seller
        self._recompute()
        many = statements(AS_OF.replace(year=2026))
        self.assertEqual(len(self.cares.search([("round", "=", 2026)])), 17)
        self.assertLessEqual(many, few + 4)
        self.assertLessEqual(many, 60)
