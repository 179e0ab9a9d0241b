import random
from datetime import datetime, time, timedelta

from odoo import api, models
from odoo.fields import Command

from . import personas
from .phones import phone_number
from .row_copies import set_created

# Employees by persona: the others have some by chance, from one person to a chain.
EMPLOYEES = {"vip": (300, 900), "growing": (60, 240), "thrifty": (2, 9)}
ANY_EMPLOYEES = ((1, 9), (12, 48), (60, 240))
# Sections of the economy: cafés and hotels, shops, roasters and bakeries.
INDUSTRIES = ("I", "G", "C")
# Of the customers of these personas, every so many-th one buys at a discount.
DISCOUNTED = {"vip": 4, "growing": 1, "seasonal": 3, "occasional": 4, "thrifty": 2}
DISCOUNT = 15  # percent
# By what medium customers of a persona first came, in turns.
MEDIA = {
    "new": ("phone", "website", "referral"),
    "loyal": ("referral", "phone", None),
    "interested": ("website", "phone"),
}
# Every so many-th customer said how to be reached, in turns.
TOLD_CHANNEL, CHANNELS = 6, ("email", "phone", "in_person")
# Words for the same, as people make them who do not look first.
SIMILAR_TAGS = (("Key Account", 7), ("Key Accounts", 3), ("Key-Account", 2))
DECISIONS = (
    ("vip", "high", "Opens four more branches next year"),
    ("lost", "medium", "Its owner says that they will be back after the renovation"),
)


class ClassificationDemoDetailsMixin(models.AbstractModel):
    """Add what salespeople know of the customers beside their purchases."""

    _name = "classification.demo.details.mixin"
    _description = "Details of the Demo Data"

    @api.model
    def _add_details(self, world):
        """Add discounts, services, first contacts and odd ones.

        With chance of their own, so that all else stays as it is.
        """
        rng = random.Random(personas.SEED + 1)
        self._give_discounts(world)
        self._sell_services(rng, world)
        self._create_first_contacts(rng, world)
        self._create_similar_tags(world)
        self._create_one_to_fix(world)

    def _find_home(self, world):
        """Give the main company an address, where Odoo's own demo data do not."""
        home = world.companies[0].partner_id
        if not (home.city and home.state_id):
            home.write(
                {
                    "city": "San Francisco",
                    "state_id": self.env.ref("base.state_us_5").id,
                    "country_id": self.env.ref("base.us").id,
                }
            )

    def _contact_data(self, world, number, customer):
        """Return the phone of a customer, and what a company is."""
        values = {"phone": phone_number(customer.country, customer.name)}
        if customer.country == "us" and number % 9 == 0:
            home = world.companies[0].partner_id
            values.update({"city": home.city, "state_id": home.state_id.id})
        if number % TOLD_CHANNEL == 0:
            turn = number // TOLD_CHANNEL % len(CHANNELS)
            values["customer_preferred_channel"] = CHANNELS[turn]
        if not customer.is_person:
            rng = random.Random(personas.SEED + number)
            least = EMPLOYEES.get(customer.persona) or rng.choice(ANY_EMPLOYEES)
            code = rng.choice(INDUSTRIES)
            industry = self.env.ref(f"base.res_partner_industry_{code}")
            values["industry_id"] = industry.id
            values["customer_employee_count"] = rng.randint(*least)
        return values

    def _discounted(self, world):
        """Return the partners who buy at a discount."""
        chosen = self.env["res.partner"]
        for persona, step in DISCOUNTED.items():
            for __, partner in world.of_personas(persona)[::step]:
                chosen |= partner
        return chosen

    def _give_discounts(self, world):
        """Lower the prices of the last year's orders of some customers."""
        lines = self.env["sale.order.line"].search(
            [
                ("order_id.name", "=like", "D0%"),
                ("order_id.date_order", ">=", world.today - timedelta(380)),
                (
                    "order_id.partner_id.commercial_partner_id",
                    "in",
                    self._discounted(world).ids,
                ),
            ]
        )
        lines.write({"discount": DISCOUNT})

    def _sell_services(self, rng, world):
        """Sell trainings to some who hardly buy anything else."""
        training = world.products[personas.TRAINING]
        values = [
            {
                "name": f"T{number:05}",
                "company_id": world.companies[customer.company].id,
                "partner_id": partner.id,
                "user_id": partner.user_id.id,
                "pricelist_id": world.pricelist(customer).id,
                "order_line": [
                    Command.create({"product_id": training.id, "product_uom_qty": 6})
                ],
            }
            for number, (customer, partner) in enumerate(
                world.of_personas("tasting")[:4], 1
            )
        ]
        orders = self.env["sale.order"].create(values)
        orders.action_confirm()
        for order in orders:
            day = world.today - timedelta(rng.randint(30, 36))
            order.date_order = datetime.combine(day, time(10))

    # First contacts

    def _create_first_contacts(self, rng, world):
        """Create opportunities by phone, web and referral, before all purchases."""
        media = {
            "phone": self.env.ref("utm.utm_medium_phone"),
            "website": self.env.ref("utm.utm_medium_website"),
            "referral": self.env["utm.medium"].create(
                {"name": "Recommendation", "customer_origin": "referral"}
            ),
        }
        won = self.env["crm.stage"].search([("is_won", "=", True)], limit=1)
        values, moments = [], []
        for persona, names in MEDIA.items():
            for number, (customer, partner) in enumerate(world.of_personas(persona)):
                if name := names[number % len(names)]:
                    values.append(self._contact_lead(world, customer, partner))
                    values[-1]["medium_id"] = media[name].id
                    values[-1]["name"] += f" ({media[name].name})"
                    if customer.purchases:
                        values[-1]["stage_id"] = won.id
                    moments.append(self._before_all(rng, world, customer))
        set_created(self.env["crm.lead"].create(values), moments)

    def _contact_lead(self, world, customer, partner):
        return {
            "name": f"{partner.name}: first contact",
            "type": "opportunity",
            "partner_id": partner.id,
            "user_id": partner.user_id.id,
            "company_id": world.companies[customer.company].id,
        }

    def _before_all(self, rng, world, customer):
        """Return a moment before the first purchase, or some weeks ago."""
        first = min(
            (purchase.day for purchase in customer.purchases),
            default=world.today - timedelta(60),
        )
        return datetime.combine(first - timedelta(rng.randint(2, 9)), time(9))

    # Odd ones

    def _create_similar_tags(self, world):
        """Create tags that mean the same, to be merged."""
        partners = [partner for __, partner in world.of_personas("vip", "loyal")]
        for place, (name, count) in enumerate(SIMILAR_TAGS):
            tag = self.env["res.partner.category"].create({"name": name})
            chosen = self.env["res.partner"].concat(*partners[place::3][:count])
            chosen.category_id = [Command.link(tag.id)]

    def _create_one_to_fix(self, world):
        """Create a purchase that cannot be counted: its currency has no rate."""
        currencies = self.env["res.currency"].with_context(active_test=False)
        without = currencies.search(
            [
                ("rate_ids", "=", False),
                ("id", "not in", world.companies.currency_id.ids),
            ],
            order="name",
            limit=1,
        )
        if not without:
            return
        without.active = True
        customer, partner = world.of_personas("occasional")[0]
        self.env["customer.purchase"].create(
            {
                "partner_id": partner.id,
                "date": world.today - timedelta(12),
                "amount": 240,
                "currency_id": without.id,
                "reference": "FAIR-1",
                "channel": "Trade fair",
                "company_id": world.companies[customer.company].id,
            }
        )

    # Decisions

    @api.model
    def _decide(self, company):
        """Decide about two customers and a product of a classified company."""
        today = company._get_customer_policy()._today()
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", company.id), ("is_overridden", "=", False)]
        )
        self.env["classification.override"].create(
            [
                {
                    "partner_id": profiles.filtered(
                        lambda one, code=code: one.value_tier_id.code == code
                        if code == "vip"
                        else one.lifecycle_stage_id.code == code
                    )[-1:].partner_id.id,
                    "company_id": company.id,
                    "axis": "value_tier",
                    "tier_id": self.env.ref(
                        f"customer_classification.customer_value_tier_{tier}"
                    ).id,
                    "reason": reason,
                    "end_date": today + timedelta(days=90),
                }
                for code, tier, reason in DECISIONS
            ]
        )
        product = self.env["product.profile"].search(
            [("company_id", "=", company.id), ("abc_class", "=", "c")], limit=1
        )
        self.env["product.class.override"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "company_id": company.id,
                "axis": "abc",
                "abc_class": "b",
                "reason": "Kept in stock for our best customers",
            }
        )
