from datetime import date, timedelta
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ..common import ClassificationCase

SUNDAY = date(2025, 6, 29)
MONDAY = SUNDAY + timedelta(days=1)
WEEK = timedelta(days=7)
SALES = "sales_team.group_sale_salesman"


@tagged("post_install", "-at_install")
class TestMovesMail(ClassificationCase):
    """The weekly mail of moves: who gets it, about whom, and only once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mails = cls.env["classification.moves.mail"]
        cls.anna = cls._seller("anna")
        cls.ben = cls._seller("ben")
        cls.boss = cls._seller("boss", "sales_team.group_sale_manager")
        # Until two Sundays ago, so that the runs of the tests are of days after it.
        until = SUNDAY - 2 * WEEK
        cls.big = cls._regular("Big", 300, until=until, user_id=cls.anna.id)
        cls.still = cls._regular("Still", 300, until=until, user_id=cls.ben.id)
        cls.company.customer_mails_moves = True
        cls.company.customer_moves_mailed_until = MONDAY - WEEK
        cls._recompute(SUNDAY - WEEK)

    @classmethod
    def _seller(cls, login, group=SALES, **values):
        return new_test_user(
            cls.env,
            f"moves_{login}",
            groups=group,
            email=f"{login}@example.com",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            **values,
        )

    def _rise(self, *customers, day=SUNDAY - timedelta(days=3)):
        for customer in customers or [self.big]:
            self._purchase(customer, day, 50_000)
        self._recompute(day)

    def _write(self, monday=MONDAY):
        """Write the mails as the scheduled action does on a Monday."""
        before = self.env["mail.mail"].search([])
        with patch.object(type(self.mails), "_monday", lambda *__: monday):
            self.mails._write_mails(self.company)
        return self.env["mail.mail"].search([]) - before

    def _of(self, mails, user):
        return mails.filtered(lambda mail: user.partner_id in mail.recipient_ids)

    # Who, and about whom

    def test_a_salesperson_and_the_manager_are_told(self):
        self._rise()
        mails = self._write()
        self.assertEqual(
            mails.recipient_ids & (self.anna | self.ben | self.boss).partner_id,
            (self.anna | self.boss).partner_id,
        )
        for user in (self.anna, self.boss):
            body = self._of(mails, user).body_html
            self.assertIn("Big", body)
            self.assertIn("Medium", body)
            self.assertIn("VIP", body)
            self.assertIn(f"/odoo/res.partner/{self.big.id}", body)
            self.assertNotIn("Still", body)
        self.assertIn("6/23/2025", mails[0].subject or "")
        self.assertIn("6/29/2025", mails[0].subject)

    def test_own_customers_only(self):
        self._rise(self.big, self.still)
        mails = self._write()
        self.assertNotIn("Still", self._of(mails, self.anna).body_html)
        self.assertNotIn("Big", self._of(mails, self.ben).body_html)
        both = self._of(mails, self.boss).body_html
        self.assertTrue("Still" in both and "Big" in both)

    def test_nobody_without_rights_on_the_contact(self):
        """A record rule that hides a contact hides its move, from managers too."""
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get("res.partner").id,
                "domain_force": f"[('id', '!=', {self.big.id})]",
            }
        )
        self._rise(self.big, self.still)
        mails = self._write()
        self.assertFalse(self._of(mails, self.anna))
        self.assertNotIn("Big", self._of(mails, self.boss).body_html)

    def test_nobody_without_the_group(self):
        """Users without the group, archived or of another company get none."""
        self._rise()
        group = self.env.ref(SALES)
        with self.subTest("group"), self.env.cr.savepoint() as savepoint:
            self.anna.group_ids -= group
            self.assertFalse(self._of(self._write(), self.anna))
            savepoint.rollback()
            self.env.invalidate_all(flush=False)
        with self.subTest("archived"), self.env.cr.savepoint() as savepoint:
            self.anna.active = False
            self.assertFalse(self._of(self._write(), self.anna))
            savepoint.rollback()
            self.env.invalidate_all(flush=False)
        other = self._company("Other")
        self.anna.write(
            {"company_id": other.id, "company_ids": [Command.set(other.ids)]}
        )
        self.assertFalse(self._of(self._write(), self.anna))

    def test_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"].search(
            [("name", "=", "customer_classification")]
        )._update_translations(["zh_CN"])
        self.anna.lang = "zh_CN"
        self._rise()
        mails = self._write()
        self.assertIn("升级", self._of(mails, self.anna).body_html)
        self.assertIn("Rose", self._of(mails, self.boss).body_html)

    def test_no_amounts(self):
        self._rise()
        for mail in self._write():
            self.assertNotIn("50", mail.body_html.replace("720px", ""))

    # What moved

    def test_there_and_back_is_no_move(self):
        with self._on(SUNDAY - timedelta(days=5)):
            decision = self.env["classification.override"].create(
                {
                    "partner_id": self.big.id,
                    "company_id": self.company.id,
                    "axis": "value_tier",
                    "tier_id": self._tier("vip").id,
                    "reason": "Known",
                    "start_date": SUNDAY - timedelta(days=5),
                }
            )
        self.assertEqual(self._profile(self.big).value_tier_id, self._tier("vip"))
        with self._on(SUNDAY - timedelta(days=3)):
            decision.action_end()
        self.assertEqual(self._profile(self.big).value_tier_id, self._tier("medium"))
        self.assertTrue(self.mails._movers(self.company, SUNDAY - WEEK, SUNDAY))
        self.assertFalse(self._write())

    def test_last_week_only(self):
        self._rise(day=MONDAY)
        self.assertFalse(self._write())
        self.company.customer_moves_mailed_until = MONDAY
        self.assertTrue(self._of(self._write(MONDAY + WEEK), self.anna))

    def test_kinds_of_moves(self):
        kind = self.mails._kind_of
        tier, stage = self._tier, self._stage
        same = (tier("high"), stage("active"), "low")
        for now, expected in (
            ((tier("low"), stage("loyal"), "low"), "fall"),
            ((tier("vip"), stage("dormant"), "low"), "leave"),
            ((tier("high"), stage("active"), "high"), "risk"),
            ((tier("high"), stage("active"), "medium"), "risk"),
            ((tier("vip"), stage("active"), "low"), "rise"),
            ((tier("high"), stage("loyal"), "low"), "rise"),
            ((tier("high"), stage("active"), False), "other"),
        ):
            with self.subTest(now=now):
                self.assertEqual(kind(same, now), expected)

    def test_new_customers(self):
        day = SUNDAY - timedelta(days=2)
        self._regular("Newcomer", 10, times=1, until=day, user_id=self.anna.id)
        self._recompute(day)
        body = self._of(self._write(), self.anna).body_html
        self.assertIn("New customers", body)
        self.assertIn("Newcomer", body)

    def test_the_first_run_is_silent(self):
        company = self._company("Second")
        self.env.user.company_ids |= company
        policy = self._policy(company)
        self._regular("Theirs", 10, until=SUNDAY - WEEK)
        self._purchase(self.big, SUNDAY - 2 * WEEK, 10, company_id=company.id)
        policy.with_company(company).recompute(as_of_date=SUNDAY)
        days = (SUNDAY - WEEK, SUNDAY)
        self.assertFalse(self.mails._movers(company, *days))

    def test_many_are_counted_and_twenty_are_named(self):
        until = SUNDAY - 3 * WEEK
        many = [
            self._regular(f"Many {n}", 300, times=3, until=until, user_id=self.anna.id)
            for n in range(25)
        ]
        self._recompute(SUNDAY - WEEK)
        self._rise(*many)
        body = self._of(self._write(), self.anna).body_html
        self.assertIn("(25)", body)
        self.assertEqual(body.count("/odoo/res.partner/"), 20)
        self.assertIn("5 more customers", body)

    # Only once, and only where asked for

    def test_never_twice_for_a_week(self):
        self._rise()
        self.assertTrue(self._write())
        self.assertFalse(self._write())
        self.assertEqual(self.company.customer_moves_mailed_until, MONDAY)

    def test_off_by_default_and_from_the_next_monday_on(self):
        company = self._company("Third")
        self.assertFalse(company.customer_mails_moves)
        company.customer_mails_moves = True
        today = date.today()
        until = company.customer_moves_mailed_until
        self.assertEqual(until.weekday(), 0)
        self.assertLessEqual(until, today)
        self.assertGreater(until + WEEK, today - timedelta(days=1))

    def test_the_scheduled_action_looks_where_it_is_asked_for(self):
        self._rise()
        cron = self.env.ref("customer_classification.ir_cron_moves_mail")
        self.env.cr.execute("UPDATE res_company SET customer_mails_moves = FALSE")
        self.env.invalidate_all(flush=False)
        before = self.env["mail.mail"].search_count([])
        with (
            self.enter_registry_test_mode(),
            patch.object(type(self.mails), "_monday", lambda *__: MONDAY),
        ):
            cron.method_direct_trigger()
            self.assertEqual(self.env["mail.mail"].search_count([]), before)
            self.company.customer_mails_moves = True
            self.company.customer_moves_mailed_until = MONDAY - WEEK
            self.env.flush_all()
            cron.method_direct_trigger()
        self.env.invalidate_all(flush=False)
        self.assertGreater(self.env["mail.mail"].search_count([]), before)

    def test_a_mail_that_fails_stops_nobody(self):
        self._rise(self.big, self.still)
        write = type(self.mails)._write_mail

        def poisoned(mails, user, *args):
            if user == self.anna:
                raise ValueError("Nothing but trouble.")
            return write(mails, user, *args)

        with patch.object(type(self.mails), "_write_mail", poisoned):
            mails = self._write()
        self.assertFalse(self._of(mails, self.anna))
        self.assertTrue(self._of(mails, self.ben) and self._of(mails, self.boss))
        run = self.env["classification.run"]._last_run_of_kind(
            self.company, "production"
        )
        self.assertIn("Nothing but trouble.", run.activity_ids[-1].note)
        self.assertIn(self.anna.name, run.activity_ids[-1].note)

    def test_queries_do_not_follow_the_customers(self):
        """Ten queries to know and to name all who moved, for one mail."""
        self._rise(self.big, self.still)
        reader = self.mails._as_reader(self.boss, self.company)
        days, until = (SUNDAY - WEEK, SUNDAY), SUNDAY - 2 * WEEK
        ids = (self.big | self.still).ids
        reader._sections(days, reader._moves(days, ids))  # rules and words are read
        ids += [self._regular(f"More {n}", 300, until=until).id for n in range(9)]
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(10):
            reader._sections(days, reader._moves(days, ids))
