import math
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from odoo import api, fields, models
from odoo.fields import Command
from odoo.tools import SQL, float_round

from . import personas
from .phones import phone_number
from .row_copies import insert_copies, set_created
from .words import mail_address

PRODUCTS = (
    *("house_blend", "espresso", "decaf", "single_origin", "green_tea", "black_tea"),
    *("chocolate", "syrup", "paper_cups", "filters", "gift_box", "grinder"),
    *("installation", "training"),
)
FIRST_ORDER = "D00001"
ASSUMED_MARGIN = 35  # percent
# Tables with most of the rows.
FILLED = (
    *("res_partner", "sale_order", "sale_order_line", "sale_order_line_invoice_rel"),
    *("account_move", "account_move_line", "customer_purchase", "crm_lead"),
)
# Fields of `sale_margin` and `pos_sale`, which may be there.
OTHERS = {"purchase_price", "margin", "margin_percent", "amount_unpaid"}
OPPORTUNITIES = (
    "Coffee for the new branch",
    "Tea assortment for the breakfast buffet",
    "Coffee machines on loan",
    "Yearly contract for coffee beans",
    "Gift boxes for the holidays",
    "Change of supplier",
)


@dataclass
class World:
    """Materials of which the demo data are made.

    :ivar rng: the only source of chance
    :ivar today: the day from which all is counted back
    :ivar companies: the main company and the one abroad
    :ivar salespeople: the two users who sell
    :ivar products: products for sale, and ``prices`` their prices, in the currency of
        the main company, as always in Odoo
    :ivar pricelists: ``{(position of the company, in foreign currency): pricelist}``
    :ivar customers: pairs ``(Customer, partner)``
    :ivar fiscal_positions: ``{(company, code of the country): id or None}``
    """

    rng: random.Random
    today: date
    companies: models.Model
    salespeople: list
    products: models.Model
    prices: list[float]
    pricelists: dict
    customers: list
    fiscal_positions: dict

    def pricelist(self, customer):
        """The pricelist by which a customer buys."""
        return self.pricelists[customer.company, customer.pays_foreign]

    def basket(self, amount, day):
        """Return products of about an amount, by their demand on a day.

        ``[(position in products, quantity)]``.
        """
        weights = personas.popularity(day, self.today)
        return personas.basket(self.rng, self.prices, amount, weights)

    def of_personas(self, *codes):
        """The customers of some personas."""
        return [pair for pair in self.customers if pair[0].persona in codes]


class ClassificationDemo(models.AbstractModel):
    """Fill a demo database with a wholesaler of coffee and tea.

    A model, because demo files can call nothing else; it has no table, and nobody but
    the demo files calls it. Purchases are made up in ``personas``; here it is put into
    Odoo, in steps of one statement each.
    """

    _name = "classification.demo"
    _inherit = [
        "classification.demo.details.mixin",
        "classification.demo.cases.mixin",
    ]
    _description = "Demo Data of Customer Classification"

    @api.model
    def _load(self):
        """Make all demo data that depends on today; nothing where it exists."""
        self = self.sudo().with_context(tracking_disable=True, active_test=False)
        if self.env["sale.order"].search([("name", "=", FIRST_ORDER)], limit=1):
            return
        world = self._world()
        self._publish_policies(world)
        self._open_companies_to_users(world)
        self._open_warehouses(world)
        self._create_rates(world)
        self._find_home(world)
        self._create_partners(world)
        self._create_orders(world)
        self._create_web_shop_purchases(world)
        self._create_refunds(world)
        self._create_quotations(world)
        self._create_opportunities(world)
        self._count_rows()
        self._start_smart_tags()
        self._create_code_schemes(world)
        self._create_campaigns(world)
        self._add_details(world)
        self._create_playbooks(world)
        self._create_care(world)
        self._create_complaints(world)
        self._create_cases(world)
        self.env.invalidate_all()

    def _count_rows(self):
        """Have PostgreSQL know the sizes of the tables that were just filled.

        It would plan for empty ones, as they were when it last looked, and join
        thousands of purchases by going through all for each.
        """
        self.env.flush_all()
        tables = SQL(", ").join(map(SQL.identifier, FILLED))
        self.env.cr.execute(SQL("ANALYZE %s", tables))

    def _world(self):
        """The :class:`World` before there are customers in it."""
        admin = self.env.ref("base.user_admin")
        demo = self.env.ref("base.user_demo", raise_if_not_found=False)
        products = self._demo("product", *PRODUCTS)
        return World(
            rng=random.Random(personas.SEED),
            today=fields.Date.today(),
            companies=self.env.ref("base.main_company")
            + self._demo("company", "europe"),
            salespeople=[admin, demo or admin],
            products=products,
            prices=products.mapped("lst_price"),
            pricelists={
                (0, False): self._demo("pricelist", "main"),
                (0, True): self._demo("pricelist", "main_export"),
                (1, False): self._demo("pricelist", "europe"),
                (1, True): self._demo("pricelist", "europe_export"),
            },
            customers=[],
            fiscal_positions={},
        )

    def _demo(self, kind, *names):
        """Records of the demo files, in the order of the names."""
        first, *others = (
            self.env.ref(f"customer_classification.demo_{kind}_{name}")
            for name in names
        )
        return first.concat(*others)

    def _publish_policies(self, world):
        """Publish the policies that every company gets.

        For a return of its campaigns a company needs a margin, which most orders of the
        demo do not have.
        """
        margin = {"default_campaign_margin_percent": ASSUMED_MARGIN}
        world.companies.with_context(**margin)._create_first_customer_policy()
        world.companies.customer_first_steps = False
        self._set_risk_limits(world.companies)

    def _set_risk_limits(self, companies):
        """Have the rules call customers at risk who mostly come back.

        As those of the demo do: by the usual limits, there are days on which nobody is
        at high risk. Published rules change for nobody but a program.
        """
        rules = self.env["customer.rules"].sudo()
        rules = rules.search(
            [("company_id", "in", companies.ids), ("state", "=", "published")]
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE customer_rules SET risk_high_below = 55, risk_medium_below = 80"
            " WHERE id = ANY(%s)",
            [rules.ids],
        )
        rules.invalidate_recordset()

    def _open_companies_to_users(self, world):
        """Both salespeople work for both companies."""
        links = [Command.link(company.id) for company in world.companies]
        for user in world.salespeople:
            user.write({"company_ids": links})

    def _open_warehouses(self, world):
        """Create warehouses for companies without one.

        Where there is a stock, a company cannot sell goods without a warehouse, and
        Odoo gives one to the first company alone.
        """
        if "stock.warehouse" not in self.env:
            return
        warehouses = self.env["stock.warehouse"]
        have = warehouses.search([("company_id", "in", world.companies.ids)])
        without = world.companies - have.company_id
        warehouses.create([{"company_id": company.id} for company in without])

    def _create_rates(self, world):
        """Rates of the other company's currency, every two months."""
        main, europe = world.companies
        if main.currency_id == europe.currency_id:
            return
        values = []
        for age in range(10, personas.HISTORY_DAYS + 60, 60):
            rate = round(0.92 + 0.035 * math.sin(age / 110), 4)
            day = world.today - timedelta(age)
            values += [
                self._rate_values(main, europe.currency_id, day, rate),
                self._rate_values(europe, main.currency_id, day, 1 / rate),
            ]
        self.env["res.currency.rate"].create(values)

    def _rate_values(self, company, currency, day, rate):
        return {
            "company_id": company.id,
            "currency_id": currency.id,
            "name": day,
            "rate": rate,
        }

    # Customers

    def _create_partners(self, world):
        """Partners of the planned customers, with contacts underneath."""
        customers = personas.plan(world.today)
        countries = {
            code: self.env.ref(f"base.{'uk' if code == 'gb' else code}").id
            for code in {customer.country for customer in customers}
        }
        partners = self.env["res.partner"].create(
            [
                self._partner_values(world, number, customer, countries)
                for number, customer in enumerate(customers)
            ]
        )
        world.customers = list(zip(customers, partners, strict=True))
        self.env["res.partner"].create(
            [
                self._contact_values(name, partner, customer.country)
                for customer, partner in world.customers
                for name in customer.contacts
            ]
        )
        world.fiscal_positions = self._find_fiscal_positions(world)

    def _find_fiscal_positions(self, world):
        """Find the fiscal positions as Odoo does, once for each country.

        Addresses differ in nothing else.
        """
        by_country = {
            customer.country: partner for customer, partner in world.customers
        }
        positions = self.env["account.fiscal.position"]
        return {
            (company, country): (
                positions.with_company(company)._get_fiscal_position(partner).id or None
            )
            for company in world.companies
            for country, partner in by_country.items()
        }

    def _partner_values(self, world, number, customer, countries):
        company = world.companies[customer.company]
        pricelist = world.pricelist(customer)
        return {
            "name": customer.name,
            "is_company": not customer.is_person,
            "email": mail_address(customer.name),
            "street": f"{number * 7 % 180 + 1} Market Street",
            "city": customer.city,
            "country_id": countries[customer.country],
            "customer_rank": int(bool(customer.purchases)),
            "active": not customer.archived,
            "user_id": world.salespeople[number % 2].id,
            "company_id": not customer.is_shared and company.id,
            "specific_property_product_pricelist": customer.pays_foreign
            and pricelist.id,
            **self._contact_data(world, number, customer),
        }

    def _contact_values(self, name, partner, country):
        return {
            "name": name,
            "parent_id": partner.id,
            "type": "contact",
            "email": mail_address(name),
            "phone": phone_number(country, name),
            "active": partner.active,
            "company_id": partner.company_id.id,
        }

    # Sales orders

    def _create_orders(self, world):
        """Confirmed orders of everybody but the customers of the web shop."""
        sales = sorted(
            (
                (purchase, customer, partner)
                for customer, partner in world.customers
                for purchase in customer.purchases
                if customer.persona != "web_shop"
            ),
            key=lambda sale: sale[0].day,
        )
        patterns = {
            (company, user): self._create_pattern(world, company, user)
            for company in world.companies
            for user in world.salespeople
        }
        self.env.flush_all()
        self._insert_orders(
            patterns,
            [
                self._order_values(world, number, *sale)
                for number, sale in enumerate(sales, 1)
            ],
        )
        for pattern in patterns.values():
            pattern.unlink()

    def _create_pattern(self, world, company, user):
        """Create a quotation with a line of each product, to copy rows from.

        Only the copies are confirmed: where there is a stock, this one would be
        delivered.
        """
        orders = self.env["sale.order"].with_company(company)
        return orders.with_context(sale_no_log_for_new_lines=True).create(
            {
                "name": f"Pattern {company.id} {user.id}",
                "company_id": company.id,
                "partner_id": company.partner_id.id,
                "user_id": user.id,
                "order_line": [
                    Command.create({"product_id": product.id})
                    for product in world.products
                ],
            }
        )

    def _order_values(self, world, number, purchase, customer, partner):
        """``{column: value}`` of an order; its lines and its pattern beside them."""
        rng = world.rng
        company = world.companies[purchase.company]
        moment = datetime.combine(purchase.day, time(rng.randint(7, 15)))
        moment += timedelta(minutes=rng.randint(0, 59))
        is_foreign = customer.pays_foreign and purchase.company == customer.company
        pricelist = world.pricelists[purchase.company, is_foreign]
        currency = pricelist.currency_id
        price_rate = self._rate(
            world.companies[0].currency_id, currency, company, moment
        )
        lines = self._line_values(world, purchase, price_rate)
        buyer = rng.choice([partner, *partner.child_ids]).id
        return {
            "name": f"D{number:05}",
            "partner_id": buyer,
            "partner_invoice_id": buyer,
            "partner_shipping_id": buyer,
            "fiscal_position_id": world.fiscal_positions[company, customer.country],
            "pricelist_id": pricelist.id,
            "currency_id": currency.id,
            "currency_rate": self._rate(company.currency_id, currency, company, moment),
            "date_order": moment,
            "create_date": moment - timedelta(hours=rng.randint(1, 60)),
            "validity_date": purchase.day + timedelta(30),
            "amount_untaxed": round(sum(line["price_subtotal"] for line in lines), 2),
            "pattern": (company, partner.user_id),
            "lines": lines,
        }

    def _rate(self, origin, target, company, moment):
        """Units of the target currency for one of the origin's."""
        return self.env["res.currency"]._get_conversion_rate(
            origin, target, company, moment.date()
        )

    def _line_values(self, world, purchase, rate):
        return [
            self._one_line(place, quantity, world.prices[place], rate)
            for place, quantity in world.basket(purchase.amount, purchase.day)
        ]

    def _one_line(self, place, quantity, list_price, rate):
        """Return the values of one order line.

        A converted price is rounded, as by a person: Odoo then leaves it alone,
        because it is not the technical price.
        """
        price = float_round(list_price * rate, 2)
        return {
            "place": place,
            "product_uom_qty": quantity,
            "price_unit": price,
            "technical_price_unit": price if rate == 1 else 0,
            "price_subtotal": float_round(quantity * price, 2),
        }

    def _insert_orders(self, patterns, orders):
        """Copy the patterns' rows for the orders and for their lines."""
        columns = _columns(orders, ("pattern", "lines"))
        columns["state"] = ["sale"] * len(orders)
        columns["amount_total"] = columns["amount_untaxed"]
        columns["write_date"] = columns["date_order"]
        ids = insert_copies(
            self.env["sale.order"],
            [patterns[order["pattern"]].id for order in orders],
            columns,
        )
        lines = [
            (order_id, order, line)
            for order_id, order in zip(ids, orders, strict=True)
            for line in order["lines"]
        ]
        insert_copies(
            self.env["sale.order.line"],
            [
                patterns[order["pattern"]].order_line[line["place"]].id
                for __, order, line in lines
            ],
            self._line_columns(lines),
        )
        self._compute_others(self.env["sale.order"].browse(ids))

    def _compute_others(self, orders):
        """Compute the fields of other apps that depend on amounts and quantities."""
        for records in (orders.order_line, orders):
            for name in OTHERS & records._fields.keys():
                self.env.add_to_compute(records._fields[name], records)
        self.env.flush_all()

    def _line_columns(self, lines):
        """``{column: values}`` of the lines of orders."""
        columns = _columns([line for __, __, line in lines], ("place",))
        return {
            **columns,
            "state": ["sale"] * len(lines),
            "price_reduce_taxexcl": columns["price_unit"],
            "price_reduce_taxinc": columns["price_unit"],
            "price_total": columns["price_subtotal"],
            "order_id": [order_id for order_id, __, __ in lines],
            "order_partner_id": [order["partner_id"] for __, order, __ in lines],
            "currency_id": [order["currency_id"] for __, order, __ in lines],
            "create_date": [order["create_date"] for __, order, __ in lines],
        }

    # Purchases that Odoo has no order of

    def _create_web_shop_purchases(self, world):
        """Create purchases of private persons in the web shop.

        Some are in another currency; the margin is known since the shop was renewed.
        """
        sales = [
            (purchase, customer, partner)
            for customer, partner in world.of_personas("web_shop")
            for purchase in customer.purchases
        ]
        self.env["customer.purchase"].create(
            [
                self._web_values(world, number, *sale)
                for number, sale in enumerate(sales, 10001)
            ]
        )

    def _web_values(self, world, number, purchase, customer, partner):
        values = {
            "partner_id": partner.id,
            "date": purchase.day,
            "amount": purchase.amount,
            "currency_id": world.pricelist(customer).currency_id.id,
            "reference": f"WEB-{number}",
            "channel": "Web shop",
            "company_id": world.companies[purchase.company].id,
        }
        if purchase.day > world.today - timedelta(540):
            margin = purchase.amount * world.rng.uniform(0.25, 0.45)
            values["margin"] = round(margin, 2)
        return values

    def _create_refunds(self, world):
        """Create the refunds of customers who return much.

        Credit notes where the company has accounts, else imported negative purchases.
        """
        by_accounts = defaultdict(list)
        for customer, partner in world.of_personas("refunding"):
            company = world.companies[customer.company]
            for day, amount in self._plan_refunds(world, customer):
                refund = (company, partner, day, amount)
                by_accounts[bool(company.chart_template)].append(refund)
        self._create_credit_notes(world, sorted(by_accounts[True], key=_day_of_refund))
        self.env["customer.purchase"].create(
            [
                self._return_values(number, *refund)
                for number, refund in enumerate(by_accounts[False], 1)
            ]
        )

    def _plan_refunds(self, world, customer):
        """Return two late refunds, about a third of a year's purchases together."""
        start = world.today - timedelta(360)
        recent = [sale for sale in customer.purchases if sale.day > start]
        total = sum(sale.amount for sale in recent)
        return [
            (sale.day + timedelta(1), round(total * world.rng.uniform(0.14, 0.2), 2))
            for sale in world.rng.sample(recent[-6:-1], 2)
        ]

    def _create_credit_notes(self, world, refunds):
        orders = self._orders_of([partner for __, partner, *__ in refunds])
        values = [
            self._credit_note_values(world, orders, *refund) for refund in refunds
        ]
        self.env["account.move"].create(values).action_post()

    def _orders_of(self, partners):
        """``{(company, customer): orders, the last one first}``: one query."""
        found = self.env["sale.order"].search(
            [
                ("state", "=", "sale"),
                ("partner_id.commercial_partner_id", "in", [p.id for p in partners]),
            ],
            order="date_order desc, id desc",
        )
        return found.grouped(
            lambda order: (order.company_id, order.partner_id.commercial_partner_id)
        )

    def _names_of_last(self, orders, day, amount):
        """Names of the last orders before a day that are worth an amount."""
        names, worth = [], 0
        for order in orders:
            if order.date_order.date() < day and worth < amount:
                names.append(order.name)
                worth += order.amount_untaxed
        return ", ".join(names)

    def _credit_note_values(self, world, orders, company, partner, day, amount):
        orders = orders.get((company, partner), self.env["sale.order"])
        line = {
            "product_id": world.products[0].id,
            "name": "Goods returned",
            "price_unit": amount,
            "tax_ids": [Command.clear()],
        }
        return {
            "move_type": "out_refund",
            "company_id": company.id,
            "partner_id": partner.id,
            "invoice_date": day,
            "date": day,
            "invoice_user_id": partner.user_id.id,
            "currency_id": company.currency_id.id,
            "ref": "Goods returned",
            "invoice_origin": self._names_of_last(orders, day, amount),
            "invoice_line_ids": [Command.create(line)],
        }

    def _return_values(self, number, company, partner, day, amount):
        return {
            "partner_id": partner.id,
            "date": day,
            "amount": -amount,
            "currency_id": company.currency_id.id,
            "reference": f"RET-{number:03}",
            "channel": "Returns",
            "company_id": company.id,
        }

    # Work in progress

    def _create_quotations(self, world):
        """Open quotations of half of the interested and of some customers."""
        chosen = [
            *world.of_personas("interested")[::2],
            *world.of_personas("loyal", "new")[::7],
        ]
        orders = self.env["sale.order"].create(
            [
                self._quotation_values(world, number, *pair)
                for number, pair in enumerate(chosen, 1)
            ]
        )
        set_created(orders, orders.mapped("date_order"))

    def _quotation_values(self, world, number, customer, partner):
        moment = fields.Datetime.now() - timedelta(world.rng.randint(1, 20))
        wanted = world.basket(world.rng.uniform(300, 1800), world.today)
        return {
            "name": f"Q{number:05}",
            "company_id": world.companies[customer.company].id,
            "partner_id": partner.id,
            "user_id": partner.user_id.id,
            "date_order": moment,
            "validity_date": moment.date() + timedelta(45),
            "state": world.rng.choice(("draft", "sent")),
            "pricelist_id": world.pricelist(customer).id,
            "order_line": [
                Command.create(
                    {
                        "product_id": world.products[place].id,
                        "product_uom_qty": quantity,
                    }
                )
                for place, quantity in wanted
            ],
        }

    def _create_opportunities(self, world):
        """Opportunities of most of the interested, and of some good customers."""
        interested = world.of_personas("interested")
        chosen = [
            *interested[1::2],
            *interested[::4],
            *world.of_personas("vip", "growing", "won_back")[::3],
        ]
        stages = self.env["crm.stage"].search([("is_won", "=", False)])
        leads = self.env["crm.lead"].create(
            [self._opportunity_values(world, stages, *pair) for pair in chosen]
        )
        now = fields.Datetime.now()
        ages = [timedelta(world.rng.randint(2, 70)) for __ in leads]
        set_created(leads, [now - age for age in ages])

    def _opportunity_values(self, world, stages, customer, partner):
        rng = world.rng
        return {
            "name": f"{partner.name}: {rng.choice(OPPORTUNITIES)}",
            "type": "opportunity",
            "partner_id": partner.id,
            "user_id": partner.user_id.id,
            "company_id": world.companies[customer.company].id,
            "stage_id": rng.choice(stages).id,
            "expected_revenue": rng.randint(4, 60) * 250,
            "date_deadline": world.today + timedelta(rng.randint(7, 60)),
        }

    # Tags and codes

    def _start_smart_tags(self):
        """Switch on the rules of the library; the next run gives their tags."""
        library = self.env["ir.model.data"].search(
            [
                ("module", "=", "customer_classification"),
                ("model", "=", "classification.tag.rule"),
                ("name", "=like", "tag_rule_%"),
            ]
        )
        rules = self.env["classification.tag.rule"].browse(library.mapped("res_id"))
        rules.action_start()
        # From now on they match only records that a person may read.
        rules.responsible_id = self.env.ref("base.user_admin")

    def _create_code_schemes(self, world):
        """Codes like V-NL-00012 for the customers of each company."""
        kinds = ("tier", "country", "number")
        self.env["customer.code.scheme"].create(
            [
                {
                    "name": "Tier, Country, Number",
                    "company_id": company.id,
                    "policy": "follow",
                    "segment_ids": [
                        Command.create({"sequence": place, "kind": kind})
                        for place, kind in enumerate(kinds)
                    ],
                }
                for company in world.companies
            ]
        )


def _day_of_refund(refund):
    return refund[2]


def _columns(rows, without):
    """``{column: values}`` of rows ``{column: value}``."""
    names = [name for name in rows[0] if name not in without]
    return {name: [row[name] for row in rows] for name in names}
