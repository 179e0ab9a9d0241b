from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from ..common import AS_OF, ClassificationCase

DAY = timedelta(days=1)
BIG, SMALL = 12_000, 120


@tagged("post_install", "-at_install")
class TestDocumentClasses(ClassificationCase):
    """Quotations, leads, invoices and Odoo's reports show the classes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._customer("Big", is_company=True)
        cls.contact = cls._customer("Contact", parent_id=cls.big.id)
        cls.small = cls._regular("Small", 10, times=3, until=AS_OF - 65 * DAY)
        cls.first, cls.second = (
            cls._order(cls.contact, AS_OF - days * DAY, BIG / 2) for days in (40, 10)
        )
        cls.other = cls._order(cls.small, AS_OF - 5 * DAY, SMALL)
        cls._recompute()
        cls.lead = cls._opportunity(cls.contact, 500)
        cls.stranger = cls._order(cls._customer("Stranger"), AS_OF, 7, confirm=False)

    def _seller(self, login="doc_seller"):
        return self._user(login, "sales_team.group_sale_salesman_all_leads")

    def _grouped(self, model, by, *aggregates, domain=(), user=None):
        """``{name of the group: aggregates}`` in the company of the test."""
        model = self.env[model].with_user(user or self.env.user)
        model = model.with_context(allowed_company_ids=self.company.ids)
        rows = model._read_group([*domain], [by], aggregates)
        return {
            getattr(key, "display_name", key) or False: tuple(numbers)
            for key, *numbers in rows
        }

    # Classes on documents

    def test_documents_show_the_customer_of_their_contact(self):
        vip = self._tier("vip")
        self.assertEqual((self.first | self.second).customer_value_tier_id, vip)
        self.assertEqual(self.lead.customer_value_tier_id, vip)
        self.assertEqual(self.other.customer_value_tier_id, self._tier("low"))
        self.assertFalse(self.stranger.customer_profile_id)
        self.assertFalse(self.stranger.customer_summary)

    def test_invoice(self):
        self.env["account.chart.template"].try_loading(
            "generic_coa", company=self.company, install_demo=False
        )
        invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "company_id": self.company.id,
                "partner_id": self.contact.id,
                "invoice_date": AS_OF,
                "invoice_line_ids": [
                    fields.Command.create({"name": "Thing", "price_unit": 50})
                ],
            }
        )
        self.assertEqual(invoice.customer_value_tier_id, self._tier("vip"))
        found = self._grouped(
            "account.invoice.report",
            "customer_value_tier_then_id",
            "price_subtotal:sum",
            domain=[("move_id", "=", invoice.id)],
        )
        self.assertEqual(found, {"VIP": (50,)})

    def test_another_customer_is_shown_at_once(self):
        with Form(self.stranger) as form:
            form.partner_id = self.small
            self.assertEqual(form.customer_summary, self.other.customer_summary)
        self.assertEqual(self.stranger.customer_value_tier_id, self._tier("low"))

    def test_a_document_shows_the_classes_of_its_company(self):
        other = self._company("Elsewhere")
        self._policy(other)
        self.env.user.company_ids |= other
        self._purchase(
            *(self.big, AS_OF - 3 * DAY, SMALL),
            company_id=other.id,
            currency_id=other.currency_id.id,
        )
        other._get_customer_policy().recompute(as_of_date=AS_OF)
        both = (self.company | other).ids
        order = self.first.with_context(allowed_company_ids=both[::-1])
        self.assertEqual(order.customer_value_tier_id, self._tier("vip"))
        lead = self.lead.with_context(allowed_company_ids=both[::-1])
        lead.company_id = False
        self.assertEqual(lead.customer_value_tier_id, self._tier("unrated"))
        found = lead.search(
            [("customer_value_tier_id.code", "=", "unrated"), ("id", "=", lead.id)]
        )
        self.assertEqual(found, lead)

    def test_one_line(self):
        once = self._order(self._customer("Once"), AS_OF - 5 * DAY, SMALL)
        self._recompute()
        self.assertEqual(
            once.customer_summary, "Not Rated · New: bought once, 5 days ago"
        )
        self.assertRegex(
            self.first.customer_summary,
            r"^VIP · \w+.*: last purchase 10 days ago, expected every [\d.]+ days$",
        )

    def test_bought_today(self):
        self._order(self.contact, AS_OF, 10)
        self._recompute()
        self.assertIn("last purchase today,", self.first.customer_summary)

    def test_the_line_says_the_risk_and_what_was_never_bought(self):
        profile = self.first.customer_profile_id
        self.env.cr.execute(
            "UPDATE customer_profile SET churn_risk = 'high' WHERE id = %s",
            profile.ids,
        )
        self.env.invalidate_all()
        self.assertIn("· High Churn Risk:", self.first.customer_summary)
        prospect = self._customer("Prospect")
        self._opportunity(prospect, 100, created=AS_OF - 5 * DAY)
        self._recompute()
        lead = self._opportunity(prospect, 5)
        self.assertEqual(
            lead.customer_summary, "Not Rated · Interested: nothing bought yet"
        )

    def test_why_opens_the_profile(self):
        action = self.first.action_open_customer_profile()
        self.assertEqual(action["res_model"], "customer.profile")
        self.assertEqual(action["res_id"], self.first.customer_profile_id.id)
        with self.assertRaisesRegex(UserError, "not classified"):
            self.stranger.action_open_customer_profile()

    def test_queries_do_not_grow(self):
        """The orders, their contacts, the profiles, the tiers and stages."""
        seller = self._seller()
        orders = self.env["sale.order"].with_user(seller)
        names = ["customer_value_tier_id", "customer_churn_risk"]
        orders.search([("company_id", "=", self.company.id)]).read(names)
        for domain in ([("id", "=", self.first.id)], [("partner_id", "!=", False)]):
            self.env.invalidate_all()
            found = orders.search([*domain, ("company_id", "=", self.company.id)])
            with self.assertQueryCount(6):
                found.read(names)

    # Search, group, sort

    def test_filters(self):
        orders = self.env["sale.order"]
        mine = [("company_id", "=", self.company.id)]
        vip = [("customer_value_tier_id.code", "=", "vip")]
        self.assertEqual(orders.search(mine + vip), self.first | self.second)
        without = orders.search([*mine, ("customer_profile_id", "=", False)])
        self.assertEqual(without, self.stranger)

    def test_orders_are_grouped_and_sorted(self):
        found = self._grouped(
            "sale.order",
            "customer_value_tier_id",
            "amount_untaxed:sum",
            domain=[("company_id", "=", self.company.id)],
        )
        self.assertEqual(found, {"VIP": (BIG,), "Low": (SMALL,), False: (7,)})
        ordered = self.env["sale.order"].search(
            [("company_id", "=", self.company.id)], order="customer_value_tier_id, id"
        )
        self.assertEqual(ordered[:2], self.first | self.second)

    def test_report_of_sales_is_grouped(self):
        sold = [("state", "=", "sale")]
        found = self._grouped(
            "sale.report", "customer_value_tier_id", "price_subtotal:sum", domain=sold
        )
        self.assertEqual(found, {"VIP": (BIG,), "Low": (SMALL,)})

    def test_report_of_sales_by_class_of_the_product(self):
        self.policy.recompute_products(as_of_date=AS_OF)
        found = self._grouped("sale.report", "product_abc_class", "price_subtotal:sum")
        self.assertEqual(found, {"a": (BIG + SMALL + 7,)})

    # As it was then

    def test_screen_of_tiers_shows_revenue(self):
        """Sales Analysis by value tiers opens on the revenue of this quarter."""
        action = self.env.ref("customer_classification.sale_report_action_value_tier")
        context = safe_eval(action.context)
        self.assertEqual(context["graph_measure"], "price_subtotal")
        self.assertEqual(context["pivot_measures"], ["price_subtotal"])
        arch = etree.fromstring(
            self.env["sale.report"].get_view(action.search_view_id.id, "search")["arch"]
        )
        prefix = "search_default_"
        for key in context:
            if key.startswith(prefix):
                name = key.removeprefix(prefix)
                self.assertTrue(arch.xpath(f"//filter[@name='{name}']"), name)

    def test_report_shows_the_class_of_then(self):
        """A report shows the class of its day.

        Low until the second order, VIP from then on; none before the first run.
        """
        self.env["classification.change"].search(
            [("company_id", "=", self.company.id)]
        ).sudo().unlink()
        for day, code in ((AS_OF - 30 * DAY, "low"), (AS_OF - 10 * DAY, "vip")):
            self._changed(self.big, day, code)
        found = self._grouped(
            "sale.report",
            "customer_value_tier_then_id",
            "price_subtotal:sum",
            domain=[("partner_id", "=", self.contact.id)],
        )
        self.assertEqual(found, {False: (BIG / 2,), "VIP": (BIG / 2,)})
        self.second.date_order = self._moment(AS_OF - 11 * DAY)
        self.env.flush_all()
        rows = self.env["sale.report"].search([("name", "=", self.second.name)])
        self.assertEqual(rows.customer_value_tier_then_id, self._tier("low"))

    def test_of_two_changes_of_one_day_the_last_counts(self):
        self.env["classification.change"].search(
            [("company_id", "=", self.company.id)]
        ).sudo().unlink()
        for code in ("low", "high"):
            self._changed(self.big, AS_OF - 10 * DAY, code)
        rows = self.env["sale.report"].search([("name", "=", self.second.name)])
        self.assertEqual(rows.customer_value_tier_then_id, self._tier("high"))

    def _changed(self, customer, day, code):
        change = self.env["classification.change"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "axis": "value_tier",
                "to_tier_id": self._tier(code).id,
                "cause": "data",
                "valid_date": day,
            }
        )
        return self._created(change, day)

    # Rights

    def test_hidden_contacts_have_no_class_on_documents(self):
        """Neither read nor found nor grouped, then and now."""
        seller = self._seller()
        self.env["ir.rule"].create(
            {
                "name": "Not the big one",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": f"[('id', 'not in', {(self.big | self.contact).ids})]",
                "groups": [fields.Command.link(self.env.ref("base.group_user").id)],
            }
        )
        self.env.invalidate_all()
        order = self.first.with_user(seller)
        self.assertFalse(order.customer_value_tier_id)
        found = order.search(
            [
                ("company_id", "=", self.company.id),
                ("customer_value_tier_id", "=", self._tier("vip").id),
            ]
        )
        self.assertFalse(found)
        for name in ("customer_value_tier_id", "customer_value_tier_then_id"):
            groups = self._grouped("sale.report", name, "__count", user=seller)
            self.assertNotIn("VIP", groups)

    def test_portal_reads_no_class(self):
        portal = self._user("doc_portal", "base.group_portal")
        order = self.first.with_user(portal).sudo(False)
        with self.assertRaises(AccessError):
            order.read(["customer_value_tier_id"])
        with self.assertRaises(AccessError):
            order.action_open_customer_profile()
