"""A company with data in every report, and the expected totals."""

from datetime import date, timedelta

from odoo import Command

from .campaign.common import CampaignCase
from .common import AS_OF

START = AS_OF - timedelta(days=365)
FIRST = AS_OF - timedelta(days=60)
MAY = date(2025, 5, 1)
# The printers ask for toner, one an order or one for each printer.
TONER_PRICE = 40


class ReportWorld(CampaignCase):
    """Three customers and two campaigns for reports.

    One customer has two contacts who log in; the campaigns are in May, and both touch
    the biggest customer; products with variants and in another unit; two runs, a
    preview and a back-test.
    """

    policy_values = {
        "campaign_margin_percent": 50,
        "product_min_months": 3,
        "product_new_days": 0,
        "window_months": 12,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["product.template"].search([]).sale_ok = False
        cls._enter_customers()
        cls._enter_products()
        cls._enter_campaigns()
        cls._enter_purchases()
        cls._run_all()

    @classmethod
    def _enter_customers(cls):
        cls.tags = cls.env["res.partner.category"].create(
            [{"name": "Zz One"}, {"name": "Zz Two"}]
        )
        cls.big = cls._regular(
            *("Big", 1_000),
            is_company=True,
            category_id=[Command.set(cls.tags.ids)],
            customer_employee_count=90,
            customer_turnover=3_000,
        )
        cls.small = cls._regular(
            *("Small", 10),
            category_id=[Command.set(cls.tags[1].ids)],
            customer_employee_count=10,
        )
        cls.late = cls._customer("Late")
        cls.buyers = cls._customer(
            *("Buyer",), parent_id=cls.big.id, category_id=[Command.set(cls.tags.ids)]
        ) | cls._customer("Second", parent_id=cls.big.id)
        cls.idle = cls._customer("Idle")
        cls.customers = cls.big | cls.small | cls.late
        cls.contacts = cls.customers | cls.buyers
        cls.users = cls.env["res.users"].create(
            [
                {
                    "name": buyer.name,
                    "login": f"zz_{buyer.id}",
                    "partner_id": buyer.id,
                    "group_ids": [Command.set(cls.env.ref("base.group_portal").ids)],
                }
                for buyer in cls.buyers
            ]
        )
        cls._opportunity(cls.small, 700, created=AS_OF - timedelta(days=5))
        cls._purchase(cls.small, START - timedelta(days=90), 5)
        # They had the tags before the campaigns touched them.
        cls.env["classification.tag.change"].flush_model()
        cls.env.cr.execute(
            "UPDATE classification_tag_change SET create_date = %s"
            " WHERE partner_id = ANY(%s)",
            [START, cls.contacts.ids],
        )

    @classmethod
    def _enter_products(cls):
        size = cls.env["product.attribute"].create(
            {
                "name": "Zz Size",
                "value_ids": [Command.create({"name": name}) for name in "SM"],
            }
        )
        line = {"attribute_id": size.id, "value_ids": size.value_ids.ids}
        cls.printer = cls._product("Printer", 500)
        cls.copier = cls._product("Copier", 900)
        cls.toner = cls._product("Toner", TONER_PRICE)
        cls.shirt = cls._product(
            *("Shirt", 20), attribute_line_ids=[Command.create(line)]
        )
        cls.flour = cls._product(
            *("Flour", 2), uom_id=cls.env.ref("uom.product_uom_kgm").id
        )
        cls.products = cls.printer | cls.copier | cls.toner | cls.shirt | cls.flour
        cls.env["product.association"].create(
            [
                {
                    "product_tmpl_id": product.id,
                    "other_tmpl_id": cls.toner.id,
                    "kind": "recommends",
                }
                for product in cls.printer | cls.copier
            ]
        )

    @classmethod
    def _product(cls, name, price, **values):
        return cls.env["product.template"].create(
            {
                "name": name,
                "list_price": price,
                "standard_price": price / 2,
                "taxes_id": False,
                **values,
            }
        )

    @classmethod
    def _enter_campaigns(cls):
        cls.spring = cls._campaign("Zz Spring", campaign_target_leads=10)
        cls.coupon = cls._campaign("Zz Coupon", campaign_target_leads=5)
        cls.campaigns = cls.spring | cls.coupon
        for campaign, partner, values in (
            (cls.spring, cls.big, {"feedback_score": 80}),
            (cls.coupon, cls.big, {}),
            (cls.coupon, cls.late, {"feedback_score": 50}),
            (cls.coupon, cls.small, {"feedback_score": 20}),
            (cls.coupon, cls.idle, {}),
        ):
            cls._participant(campaign, partner, addressed_date=MAY, **values)
        cls._cost(cls.spring, MAY, 100)
        cls._cost(cls.coupon, MAY, 50)
        for kind in ("lead", "opportunity"):
            lead = cls.env["crm.lead"].create(
                {
                    "name": "Zz",
                    "type": kind,
                    "partner_id": cls.late.id,
                    "company_id": cls.company.id,
                    "campaign_id": cls.coupon.id,
                }
            )
            cls._created(lead, MAY)

    @classmethod
    def _enter_purchases(cls):
        """Create orders of ``(product, quantity, price)`` lines.

        Some of them are returned.
        """
        small, medium = cls.shirt.product_variant_ids
        printer, copier, toner, flour = (
            product.product_variant_id
            for product in (cls.printer, cls.copier, cls.toner, cls.flour)
        )
        for partner, day, lines in (
            (cls.big, MAY, [(printer, 1, 500), (copier, 2, 900)]),
            (cls.buyers[0], date(2025, 5, 9), [(printer, 1, 500), (toner, 3, 40)]),
            (cls.late, date(2025, 5, 20), [(small, 5, 20), (medium, 2, 20)]),
            (cls.late, date(2025, 6, 1), [(small, -1, 20)]),
            (cls.small, date(2025, 1, 10), [(flour, 10, 2), (toner, 1, 40)]),
            (cls.small, date(2025, 3, 10), [(flour, 7, 2), (medium, 1, 20)]),
        ):
            cls._order(partner, day, 0, order_line=list(map(cls._line, lines)))
        cls._created(cls._order(cls.late, AS_OF, 300, confirm=False), AS_OF)
        cls._purchase(cls.big, AS_OF + timedelta(days=3), 60)
        cls._purchase(cls.late, AS_OF + timedelta(days=9), 7)

    @classmethod
    def _line(cls, line):
        product, quantity, price = line
        return Command.create(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "price_unit": price,
                "tax_ids": False,
            }
        )

    @classmethod
    def _run_all(cls):
        cls.first_run = cls._recompute(FIRST)
        cls.back_test = cls._recompute(
            AS_OF - timedelta(days=40), kind="back_test", horizon_days=30
        )
        cls.last_run = cls._recompute()
        cls.preview = cls._recompute(
            policy=cls.policy.copy({"name": "Draft"}), kind="preview"
        )
        cls.policy.recompute_products(as_of_date=AS_OF)
        cls._judge()
        cls.env.flush_all()
        cls.runs = cls.env["classification.run"].search(
            [("company_id", "=", cls.company.id)]
        )

    # Purchases, from the documents alone

    @classmethod
    def _documents(cls, first=date.min, last=AS_OF):
        """Return ``[(customer, day, amount, margin)]`` of purchases in a period.

        The margin is None where it is unknown.
        """
        orders = cls.env["sale.order"].search(
            [("company_id", "=", cls.company.id), ("state", "=", "sale")]
        )
        imported = cls.env["customer.purchase"].search(
            [("company_id", "=", cls.company.id)]
        )
        found = [
            (
                order.partner_id.commercial_partner_id,
                order.date_order.date(),
                order.amount_untaxed,
                order.margin if "margin" in order._fields else None,
            )
            for order in orders
        ] + [(one.partner_id, one.date, one.amount, None) for one in imported]
        return [row for row in found if first <= row[1] <= last]

    @classmethod
    def _window(cls, last=AS_OF):
        """The purchases of the year up to a day."""
        return cls._documents(last.replace(year=last.year - 1) + timedelta(1), last)

    @classmethod
    def _net(cls, documents, customers=None):
        return sum(
            amount
            for customer, __, amount, __ in documents
            if customers is None or customer in customers
        )

    @classmethod
    def _orders(cls, documents, customers=None):
        return sum(
            amount > 0
            for customer, __, amount, __ in documents
            if customers is None or customer in customers
        )

    @classmethod
    def _lines(cls, products=None):
        """Order lines of the products."""
        return cls.env["sale.order.line"].search(
            [
                ("company_id", "=", cls.company.id),
                ("state", "=", "sale"),
                ("product_id.product_tmpl_id", "in", (products or cls.products).ids),
            ]
        )
