from datetime import date, timedelta

from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from ...models.policy.relative_dates import _fixed_date, is_relative
from ..common import AS_OF, AccountingCase, ClassificationCase


class FilterCase(ClassificationCase):
    """A policy that counts only some of the orders."""

    def _count(self, customer, **filters):
        """Orders of a customer in the window, by a new policy with these filters."""
        policy = self._policy(self.company, **filters)
        self._recompute(policy=policy)
        return self._profile(customer).lifetime_order_count

    def _assert_refused(self, name, text, sentence):
        with self.assertRaisesRegex(ValidationError, sentence), self.cr.savepoint():
            self.policy.copy({name: text})


@tagged("post_install", "-at_install")
class TestOrderFilter(FilterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer()
        cls.small, cls.middle, cls.big = (
            cls._order(cls.customer, AS_OF - timedelta(days), amount)
            for days, amount in ((5, 10), (40, 100), (200, 1000))
        )

    def test_only_orders_that_match_count(self):
        for domain, number in (
            (False, 3),
            ("[]", 3),
            ("[('amount_untaxed', '>=', 100)]", 2),
            ("['|', ('amount_untaxed', '=', 10), ('amount_untaxed', '=', 1000)]", 2),
            ("['!', ('amount_untaxed', '=', 10)]", 2),
            ("[('order_line.price_unit', '<', 50)]", 1),
            ("[('order_line', 'any', [('price_unit', '<', 50)])]", 1),
            (f"[('name', 'in', {self.small.mapped('name')})]", 1),
            ("[('partner_id.create_date.year_number', '>', 2000)]", 3),
            ("[('state', '=', 'draft')]", 0),
        ):
            with self.subTest(domain):
                self.assertEqual(self._count(self.customer, sale_domain=domain), number)

    def test_a_filter_that_names_what_is_deleted_is_refused(self):
        with self.assertRaisesRegex(
            ValidationError, "names something that was deleted"
        ):
            self._policy(self.company, sale_domain="[('team_id', '=', 99999999)]")

    def test_relative_dates_count_from_the_day_of_the_run(self):
        recent = "[('date_order', '>=', 'today -30d')]"
        self.assertEqual(self._count(self.customer, sale_domain=recent), 1)
        policy = self.company._get_customer_policy()
        earlier = AS_OF - timedelta(35)
        run = policy.recompute(as_of_date=earlier, kind="back_test")
        self.assertEqual(run.state, "done")
        facts, __ = self.env["classification.facts"]._read(
            policy,
            policy._parameters(),
            self.env["classification.facts"]._scope(policy, earlier),
        )
        self.assertEqual(facts["lifetime_order_count"][self.customer.id], 1)

    def test_a_day_is_one_of_the_time_zone(self):
        """23:30 in UTC is the next day in Shanghai."""
        self.small.date_order = f"{AS_OF - timedelta(1)} 23:30:00"
        today = "[('date_order', '>=', 'today')]"
        self.assertEqual(self._count(self.customer, sale_domain=today), 0)
        shanghai = {"sale_domain": today, "tz": "Asia/Shanghai"}
        self.assertEqual(self._count(self.customer, **shanghai), 1)

    def test_archived_records_match_too(self):
        team = self.env["crm.team"].create(
            {"name": "Closed shop", "company_id": self.company.id}
        )
        self.small.team_id = team
        team.active = False
        domain = "[('team_id.name', '=', 'Closed shop')]"
        self.assertEqual(self._count(self.customer, sale_domain=domain), 1)

    def test_whoever_recomputes_the_same_orders_count(self):
        """Record rules of the user do not restrict the policy's orders."""
        user = self._user(
            "clerk", "customer_classification.group_user,sales_team.group_sale_salesman"
        )
        policy = self._policy(
            self.company, sale_domain="[('amount_untaxed', '>=', 100)]"
        )
        self._recompute(policy=policy)
        run = policy.with_user(user).recompute(
            as_of_date=AS_OF, partner_ids=self.customer.ids
        )
        self.assertEqual(run.sudo().state, "done")
        self.assertEqual(self._profile(self.customer).lifetime_order_count, 2)

    def test_the_whole_run_respects_the_filter(self):
        """The filter also restricts late documents and uncountable ones."""
        policy = self._policy(
            self.company, sale_domain="[('amount_untaxed', '>=', 100)]"
        )
        self._recompute(policy=policy)
        run = policy.recompute(as_of_date=AS_OF)
        self.assertEqual((run.state, run.change_count), ("done", 0))
        self._order(self.customer, AS_OF, 20)
        self.env.flush_all()
        run = policy.recompute(as_of_date=AS_OF)
        self.assertEqual(self._profile(self.customer).lifetime_order_count, 2)

    def test_what_cannot_be_read_is_refused(self):
        for text in ("[(", "amount > 3", "[('name', '=', uid)]", "[3]", "{}", "['&']"):
            with self.subTest(text):
                self._assert_refused(
                    "sale_domain",
                    text,
                    "^Only These Orders: this condition cannot be read",
                )

    def test_fields_that_do_not_exist_are_refused(self):
        for text, field in (
            ("[('colour', '=', 3)]", "colour"),
            ("[('partner_id.colour', '=', 3)]", "partner_id.colour"),
            ("[('order_line', 'any', [('colour', '=', 3)])]", "colour"),
            ("[('name', 'any', [('colour', '=', 3)])]", "name"),
            ("[('name.first', '=', 3)]", "name.first"),
            ("['|', ('id', '>', 3), '!', ('colour', '=', 3)]", "colour"),
        ):
            with self.subTest(text):
                self._assert_refused(
                    "sale_domain",
                    text,
                    f"^Only These Orders: there is no field “{field}”",
                )
        self._assert_refused(
            "invoice_domain",
            "[('colour', '=', 3)]",
            "^Only These Invoices: there is no",
        )

    def test_what_the_database_cannot_compare_is_refused(self):
        for text in (
            "[('id', '=', 'three')]",
            "[('amount_untaxed', '>', 'much')]",
            "[('date_order', '>', 'yesterday')]",
            "[('date_order', '>', 'today -3H')]",
            "[('date_order', '>', 'today +someday')]",
        ):
            with self.subTest(text):
                self._assert_refused(
                    "sale_domain",
                    text,
                    "^Only These Orders: this condition cannot be used",
                )

    def test_a_filter_that_became_invalid_ends_the_run_and_keeps_the_classes(self):
        policy = self._policy(self.company, sale_domain="[('amount_untaxed', '>', 1)]")
        self._recompute(policy=policy)
        tier = self._profile(self.customer).value_tier_id
        self.assertTrue(tier)
        self._forget_field(policy)
        run = policy.recompute(as_of_date=AS_OF)
        self.assertEqual(run.state, "failed")
        self.assertEqual(
            run.error,
            "Only These Orders: there is no field “x_gone” any more, so nothing would "
            "match. Choose another one.",
        )
        self.assertEqual(self._profile(self.customer).value_tier_id, tier)
        self.assertIn("x_gone", policy.warning_text)

    def _forget_field(self, policy):
        """Leave the filter as the uninstallation of an addon leaves it."""
        policy.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE classification_policy SET sale_domain = %s WHERE id = %s",
                "[('x_gone', '=', 1)]",
                policy.id,
            )
        )
        policy.invalidate_recordset()

    def test_a_new_version_mends_a_filter_that_became_invalid(self):
        """A new version replaces a filter that became invalid.

        The result of the old version cannot be known; the new one goes on.
        """
        policy = self._policy(self.company, sale_domain="[('amount_untaxed', '>', 1)]")
        self._recompute(policy=policy)
        self._forget_field(policy)
        self._order(self.customer, AS_OF, 20_000)
        mended = policy.browse(policy.action_new_version()["res_id"])
        with self.assertRaisesRegex(ValidationError, "x_gone"), self.cr.savepoint():
            mended._publish()
        self.assertIn("x_gone", mended.warning_text)
        mended.sale_domain = False
        mended._publish()
        self._recompute(policy=mended)
        self.assertEqual(self._profile(self.customer).value_tier_id.code, "vip")

    def test_a_filter_that_moves_is_looked_at_for_everybody(self):
        """A filter that counts days has everybody looked at again.

        The order of 5 days ago no longer counts a month later: nothing was written,
        and no review is due.
        """
        policy = self._policy(
            self.company, sale_domain="[('date_order', '>=', 'today -30d')]"
        )
        self._recompute(policy=policy)
        self.assertEqual(self._profile(self.customer).order_count, 1)
        with freeze_time(AS_OF + timedelta(27)):
            run = policy.refresh()
        self.assertEqual((run.state, run.scope), ("done", "all"))
        self.assertEqual(self._profile(self.customer).order_count, 0)

    def test_documents_that_people_open_are_those_that_count(self):
        policy = self._policy(
            self.company, sale_domain="[('amount_untaxed', '<', 100)]"
        )
        self._recompute(policy=policy)
        profile = self._profile(self.customer)
        self.assertEqual(profile.document_count, 1)
        self.assertEqual(profile.last_document, self.small)

    def test_one_query_whatever_the_number_of_orders(self):
        policy = self._policy(self.company, sale_domain="[('amount_untaxed', '>', 1)]")
        facts = self.env["classification.facts"]
        scope, parameters = facts._scope(policy, AS_OF), policy._parameters()
        facts._read(policy, parameters, scope)
        with self.assertQueryCount(1):
            facts._read(policy, parameters, scope)

    def test_whether_a_filter_moves_by_itself(self):
        for domain, moves in (
            ("[('amount_untaxed', '>', 1)]", False),
            ("[('date_order', '>=', '2024-01-01')]", False),
            ("[('date_order', '>=', 'today -30d')]", True),
            ("[('partner_id.country_id.code', '=', 'DE')]", True),
            ("[('order_line', 'any', [('price_unit', '>', 3)])]", True),
        ):
            policy = self.policy.copy({"sale_domain": domain})
            self.assertEqual(policy._has_moving_filter(), moves, domain)


@tagged("post_install", "-at_install")
class TestInvoiceFilter(AccountingCase):
    policy_values = {"subtract_unlinked_credit_notes": True}

    def test_only_invoices_that_match_count(self):
        customer = self._customer()
        self._invoice(customer, AS_OF - timedelta(3), 100, ref="shop")
        self._invoice(customer, AS_OF - timedelta(2), 1000)
        self._invoice(customer, AS_OF, 30, move_type="out_refund", ref="shop")
        domain = "[('ref', '=', 'shop')]"
        policy = self._policy(
            self.company, revenue_source="invoice", invoice_domain=domain
        )
        self._recompute(policy=policy)
        profile = self._profile(customer)
        self.assertEqual((profile.revenue, profile.order_count), (70, 1))

    def test_with_orders_the_invoice_filter_picks_the_credit_notes(self):
        customer = self._customer()
        self._order(customer, AS_OF, 500)
        self._invoice(customer, AS_OF, 30, move_type="out_refund", ref="damage")
        self._invoice(customer, AS_OF, 50, move_type="out_refund", ref="deposit")
        policy = self._policy(self.company, invoice_domain="[('ref', '!=', 'deposit')]")
        self._recompute(policy=policy)
        self.assertEqual(self._profile(customer).revenue, 470)


@tagged("post_install", "-at_install")
class TestRelativeDates(ClassificationCase):
    def test_terms(self):
        day = date(2024, 2, 29)  # a Thursday
        for text, expected in (
            ("today", day),
            ("now", day),
            ("today -30d", date(2024, 1, 30)),
            ("today +1m", date(2024, 3, 29)),
            ("-1y", date(2023, 2, 28)),
            ("+2w", date(2024, 3, 14)),
            ("=1d", date(2024, 2, 1)),
            ("today =1d =1m", date(2024, 1, 1)),
            ("today =2023y", date(2023, 2, 28)),
            ("=monday", date(2024, 2, 26)),
            ("=week_start -1w", date(2024, 2, 19)),
            ("=sunday", date(2024, 3, 3)),
            ("+monday", date(2024, 3, 4)),
            ("-sunday", date(2024, 2, 25)),
            ("+thursday", day),
            ("2024-01-01", "2024-01-01"),
            (False, False),
        ):
            with self.subTest(text):
                self.assertEqual(_fixed_date(text, day), expected)

    def test_as_odoo_counts_them(self):
        """Our count from a day is Odoo's count from today."""
        from odoo.tools.date_utils import parse_date

        for text in ("today -30d", "today =1d -2m", "today +1y", "today -1w =1d"):
            today = parse_date("today", self.env)
            self.assertEqual(_fixed_date(text, today), parse_date(text, self.env))

    def test_words_that_only_look_alike(self):
        for text in ("todays deal", "nowhere", "2024-01-01", "", "Sunday"):
            self.assertFalse(is_relative(text), text)
