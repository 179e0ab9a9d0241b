from dataclasses import dataclass
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from .campaign_demo import sales_within

# Tier and stage that customers of a persona had, where the demo tells of the past.
THEN = {
    "loyal": ("high", "loyal"),
    "seasonal": ("medium", "active"),
    "occasional": ("medium", "active"),
    "web_shop": ("low", "active"),
}
AT_RISK = ("declining", "overdue", "dormant", "wavering")


@dataclass(frozen=True)
class Round:
    """Finished cases of a playbook; days are counted back from today.

    :ivar treated: customers who bought within the window, and who did not
    :ivar kept: the same, of the control group
    """

    start: int
    treated: tuple[int, int]
    kept: tuple[int, int]
    end: int = 0  # as a campaign's plan has it
    company: int = 0


ROUNDS = (Round(150, (22, 14), (2, 9)), Round(90, (24, 16), (2, 10)))


class ClassificationDemo(models.AbstractModel):
    """Playbooks over the demo customers: a proved one and a running one."""

    _name = "classification.demo"
    _inherit = ["classification.demo"]

    @api.model
    def _create_playbooks(self, world):
        self._create_proved_playbook(world)
        self._create_running_playbook(world)

    def _use(self, world, template, **values):
        """Make a playbook of a template for the first company."""
        original = self.env.ref(f"customer_classification.playbook_{template}")
        company = world.companies[0]
        playbook = original.copy({"company_id": company.id})
        playbook.write(
            {
                "responsible_id": world.salespeople[0].id,
                "since_date": world.today - timedelta(ROUNDS[0].start),
                "sequence": 1,
                # The classes of the demo customers are found by the first run.
                "stops_on_leaving": False,
                **values,
            }
        )
        return playbook

    def _create_proved_playbook(self, world):
        """Create two rounds of offers with an effect."""
        playbook = self._use(world, "regular_offers", state="paused")
        playbook.step_ids.write({"cost": 2})
        known = set()
        for one in ROUNDS:
            self._create_round(world, playbook, one, known)
        cases = self.env["customer.playbook.case"]
        cases._follow_up(playbook.company_id, world.today)
        self.env["customer.playbook.result"]._measure(playbook)

    def _create_round(self, world, playbook, plan, known):
        """Create the cases of a round, each customer in one of them only."""
        customers = [customer for customer, __ in world.customers]
        sales = sales_within(playbook.goal_days, customers, plan, world.today)
        first = self._first_days(customers, plan, world.today)
        usable = [
            place
            for place in sales
            if customers[place].persona in THEN
            and place not in known
            and place not in first
        ]
        bought = [place for place in usable if sales[place] > 0]
        others = [place for place in usable if not sales[place]]
        members = bought[: plan.treated[0]] + others[: plan.treated[1]]
        kept = bought[plan.treated[0] :][: plan.kept[0]]
        kept += others[plan.treated[1] :][: plan.kept[1]]
        known.update(members, kept)
        for place in members:
            self._create_case(world, playbook, plan, place, is_control=False)
        for place in kept:
            self._create_case(world, playbook, plan, place, is_control=True)

    def _first_days(self, customers, plan, today):
        """Return who bought on the first day, which is before the window."""
        day = today - timedelta(plan.start)
        return {
            place
            for place, customer in enumerate(customers)
            if any(sale.day == day for sale in customer.purchases)
        }

    def _create_case(self, world, playbook, plan, place, is_control):
        customer, partner = world.customers[place]
        tier, stage = THEN[customer.persona]
        day = world.today - timedelta(plan.start)
        case = self.env["customer.playbook.case"].create(
            {
                "playbook_id": playbook.id,
                "company_id": playbook.company_id.id,
                "partner_id": partner.id,
                "episode": 0,
                "status": "running",
                "is_control": is_control,
                "user_id": partner.user_id.id,
                "entered_date": day,
                "open_date": day,
                "start_date": not is_control and day,
                "touch_date": not is_control and day,
                "window_end": day + timedelta(playbook.goal_days),
                "value_tier_id": self._class("value_tier", tier).id,
                "lifecycle_stage_id": self._class("lifecycle_stage", stage).id,
            }
        )
        if not is_control:
            self._create_tasks(world, case, place)

    def _class(self, kind, code):
        return self.env.ref(f"customer_classification.customer_{kind}_{code}")

    def _create_tasks(self, world, case, place):
        """Create the steps of a finished case: the e-mail, and most of the calls."""
        for number, step in enumerate(case.playbook_id.step_ids):
            is_done = not number or place % 5 > 0
            day = case.open_date + timedelta(step.delay_days)
            done = day + timedelta(place % 4) if number else day
            self.env["customer.playbook.task"].create(
                {
                    "case_id": case.id,
                    "playbook_id": case.playbook_id.id,
                    "company_id": case.company_id.id,
                    "partner_id": case.partner_id.id,
                    "step_id": step.id,
                    "delay_days": step.delay_days,
                    "state": "done" if is_done else "cancelled",
                    "user_id": (case.user_id or world.salespeople[0]).id,
                    "act_date": day,
                    "done_date": is_done and done,
                    "done_days": is_done and (done - day).days,
                    "cost": step.cost,
                }
            )

    def _create_running_playbook(self, world):
        """Open cases for customers at risk: some under way, the others wait."""
        playbook = self._use(world, "churn_warning", state="running")
        playbook.daily_limit = 6
        people = [
            (customer, partner)
            for customer, partner in world.of_personas(*AT_RISK)
            if customer.company == 0 and not customer.archived
        ]
        condition, playbook.domain = playbook.domain, "[]"
        entrants = SQL(
            "SELECT unnest(%s), %s::date",
            [partner.id for __, partner in people],
            world.today,
        )
        playbook._open_cases(entrants)
        playbook.domain = condition
        sales = {
            partner.id: sum(sale.amount for sale in customer.purchases) / 4
            for customer, partner in people
        }
        cases = self.env["customer.playbook.case"].search(
            [("playbook_id", "=", playbook.id)]
        )
        for case in cases:
            case.value = round(sales[case.partner_id.id], 2)
        cases.write(
            {
                "value_tier_id": self._class("value_tier", "high").id,
                "lifecycle_stage_id": self._class("lifecycle_stage", "dormant").id,
                "churn_risk": "high",
            }
        )
        tasks = self.env["customer.playbook.task"]
        for __ in tasks._work_on(playbook.company_id, playbook, world.today):
            self.env.flush_all()
