from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from odoo import api, models
from odoo.fields import Command


@dataclass(frozen=True)
class Plan:
    """A campaign of the demo; days are counted back from today.

    :ivar kind: end of the external id of its type
    :ivar buyers: participants who bought while it ran or within a month after it, and
        ``others`` who did not
    :ivar kept: the same, of the control group
    :ivar reached: approximate share of the target revenue that its participants bring:
        on any day, some campaigns are strong and some weak
    :ivar costs: ``(days after its start, what, kind, amount)``
    :ivar orders: how many orders carry it, and ``leads`` how many leads
    """

    title: str
    kind: str
    goal: str
    start: int
    end: int
    media: tuple[str, ...]
    buyers: int = 0
    others: int = 0
    kept: tuple[int, int] = (0, 0)
    joined: int = 0
    feedback: tuple[int, int] = (0, 0)
    reached: float = 0
    costs: tuple = ()
    orders: int = 0
    leads: int = 0
    company: int = 0
    values: dict = field(default_factory=dict)

    @property
    def days(self):
        """Return the number of days in which the control group is compared."""
        return self.start - self.end + MONTH


MONTH = 30  # days in which a purchase counts for a campaign, as policies have it
PLANS = (
    Plan(
        *("Espresso weeks", "coupon", "sales", 160, 130, ("email",)),
        buyers=60,
        others=24,
        kept=(4, 26),
        reached=1.6,
        costs=((0, "Mailing", "media", 480), (5, "Coupons", "discount", 950)),
        orders=10,
        values={"campaign_budget": 2_000},
    ),
    Plan(
        *("Tea for two", "coupon", "sales", 260, 230, ("email", "website")),
        buyers=30,
        others=30,
        costs=((0, "Advertisement", "media", 1_800),),
        orders=6,
        values={"campaign_budget": 1_500},
    ),
    Plan(
        *("Iced coffee", "coupon", "sales", 350, 320, ("website",)),
        buyers=25,
        others=45,
        reached=0.5,
    ),
    Plan(
        *("Gift boxes", "coupon", "sales", 440, 400, ("email",)),
        buyers=40,
        others=30,
        costs=((2, "Catalogue", "production", 2_600),),
        orders=5,
    ),
    Plan(
        *("Coffee fair", "trade_fair", "leads", 75, 71, ("direct", "phone")),
        others=20,
        joined=20,
        feedback=(60, 95),
        costs=((0, "Stand", "event", 5_200), (1, "Travel", "event", 1_340)),
        leads=14,
        values={"campaign_target_leads": 12, "campaign_budget": 6_000},
    ),
    Plan(
        *("Tasting evening", "event", "awareness", 45, 45, ("direct",)),
        buyers=15,
        others=35,
        joined=22,
        feedback=(70, 100),
        costs=((0, "Room and tasting", "event", 900),),
        values={"campaign_target_participants": 60},
    ),
    Plan(
        *("We miss you", "win_back", "retention", 20, -25, ("phone", "email")),
        buyers=6,
        others=30,
        kept=(1, 9),
        costs=((0, "Calls", "staff", 700),),
        values={
            "campaign_target_revenue": 12_000,
            "campaign_target_stage_ids": ("dormant", "lost"),
        },
    ),
    Plan(
        *("New grinders", "launch", "sales", -20, -50, ("website", "email")),
        values={
            "campaign_target_revenue": 25_000,
            "campaign_target_tier_ids": ("vip", "high"),
            "campaign_audience_mode": "live",
            "campaign_control_share": 10,
        },
    ),
    Plan(
        *("Hotel breakfast", "promotion", "sales", 120, 90, ("email",)),
        buyers=12,
        others=20,
        costs=((0, "Mailing", "media", 350),),
        reached=1,
        orders=4,
        company=1,
    ),
)
_CODED = {
    "campaign_target_stage_ids": "customer.lifecycle.stage",
    "campaign_target_tier_ids": "customer.value.tier",
}


def sales_within(days, customers, plan, today):
    """Return the purchases of customers in the days after the start.

    The days are counted from the campaign's start, the customers are those of the
    company.

    :return: ``{position of the customer: amount}`` of those who are not archived and
        return nothing, so that their purchases stay as they are
    """
    first = today - timedelta(plan.start)
    return {
        place: sum(
            sale.amount
            for sale in customer.purchases
            if sale.company == plan.company and 0 <= (sale.day - first).days <= days
        )
        for place, customer in enumerate(customers)
        if customer.company == plan.company
        and not customer.archived
        and customer.persona != "refunding"
    }


class ClassificationDemo(models.AbstractModel):
    """Campaigns over the demo customers.

    Some that worked, some that did not, one that runs and one that is planned.
    """

    _inherit = "classification.demo"

    @api.model
    def _create_campaigns(self, world):
        for plan in PLANS:
            campaign = self._create_campaign(world, plan)
            self._create_participants(world, plan, campaign)
            self._give_documents(world, plan, campaign)

    def _create_campaign(self, world, plan):
        company = world.companies[plan.company]
        values = dict(plan.values)
        for name, model in _CODED.items():
            if name in values:
                found = self.env[model].search([("code", "in", values[name])])
                values[name] = [Command.set(found.ids)]
        start = world.today - timedelta(plan.start)
        costs = [
            Command.create(
                {
                    "date": start + timedelta(days),
                    "name": name,
                    "kind": kind,
                    "amount": amount,
                    "currency_id": company.currency_id.id,
                }
            )
            for days, name, kind, amount in plan.costs
        ]
        media = [self.env.ref(f"utm.utm_medium_{name}").id for name in plan.media]
        return self.env["utm.campaign"].create(
            {
                "title": plan.title,
                "user_id": world.salespeople[0].id,
                "company_id": company.id,
                "campaign_type_id": self._type(plan.kind).id,
                "campaign_goal": plan.goal,
                "campaign_medium_ids": [Command.set(media)],
                "campaign_start_date": start,
                "campaign_end_date": world.today - timedelta(plan.end),
                "stage_id": self._stage(plan).id,
                "campaign_cost_ids": costs,
                **values,
            }
        )

    def _stage(self, plan):
        """Sent once it began; before it, a thing to be drawn."""
        name = f"utm.campaign_stage_{3 if plan.start >= 0 else 2}"
        stage = self.env.ref(name, raise_if_not_found=False)
        return stage or self.env["utm.stage"].search([], limit=1)

    def _type(self, kind):
        return self.env.ref(f"customer_classification.campaign_type_{kind}")

    def _create_participants(self, world, plan, campaign):
        """Create participants: buyers in the campaign's days, and others.

        All are customers of the company. In the control group fewer bought.
        """
        customers = [customer for customer, __ in world.customers]
        sales = sales_within(plan.days, customers, plan, world.today)
        bought = [place for place, amount in sales.items() if amount]
        others = [place for place, amount in sales.items() if not amount]
        world.rng.shuffle(bought)
        world.rng.shuffle(others)
        left = plan.kept
        members = bought[: plan.buyers] + others[: plan.others]
        control = bought[plan.buyers :][: left[0]] + others[plan.others :][: left[1]]
        partners = [partner.id for __, partner in world.customers]
        day = world.today - timedelta(plan.start)
        rows = [
            {
                "partner_id": partners[place],
                "addressed_date": day,
                "joined_date": number % 2 == 0 and number < 2 * plan.joined and day,
                "feedback_score": number % 4 == 0
                and number < 2 * plan.joined
                and world.rng.randint(*plan.feedback),
            }
            for number, place in enumerate(members)
        ]
        rows += [
            {"partner_id": partners[place], "is_control": True} for place in control
        ]
        self.env["campaign.participant"].create(
            [{"campaign_id": campaign.id, "source": "audience", **row} for row in rows]
        )
        if plan.reached:
            counted = sales_within(MONTH, customers, plan, world.today)
            revenue = sum(counted[place] for place in members)
            campaign.campaign_target_revenue = round(revenue / plan.reached, -2)

    def _give_documents(self, world, plan, campaign):
        """Some orders of the time carry the campaign, as a link in a mail does."""
        first = datetime.combine(world.today - timedelta(plan.start), time())
        orders = self.env["sale.order"].search(
            [
                ("company_id", "=", campaign.company_id.id),
                ("state", "=", "sale"),
                ("date_order", ">=", first),
                ("campaign_id", "=", False),
                (
                    "partner_id.commercial_partner_id",
                    "not in",
                    self._left_out(campaign),
                ),
            ],
            order="date_order, id",
            limit=plan.orders,
        )
        leads = self.env["crm.lead"].search(
            [
                ("company_id", "=", campaign.company_id.id),
                ("campaign_id", "=", False),
                ("create_date", ">=", first),
            ],
            order="id",
            limit=plan.leads,
        )
        if plan.orders:
            orders.campaign_id = campaign
        if plan.leads:
            leads.campaign_id = campaign

    def _left_out(self, campaign):
        found = campaign.campaign_participant_ids.filtered("is_control")
        return found.partner_id.ids
