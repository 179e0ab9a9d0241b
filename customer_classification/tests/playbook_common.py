"""Builders for the tests of playbooks."""

from datetime import timedelta

from odoo.fields import Command

from .common import AS_OF, ClassificationCase

DAY = timedelta(days=1)


class PlaybookCase(ClassificationCase):
    """Customers of which some become VIP, and playbooks about them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Playbooks of the demo data listen as well.
        cls.env["customer.playbook"].search([("state", "=", "running")]).state = "draft"
        cls.events = cls.env["classification.event"]
        cls.cases = cls.env["customer.playbook.case"]
        cls.tasks = cls.env["customer.playbook.task"]
        cls.manager = cls._user("play_manager", "sales_team.group_sale_manager")
        cls.seller = cls._user("play_seller", "sales_team.group_sale_salesman")

    @classmethod
    def _playbook(cls, state="running", steps=None, **values):
        """A playbook of the manager for who becomes VIP, without a control group."""
        own = cls.env["customer.playbook"].create(
            {
                "name": "Care of VIPs",
                "company_id": cls.company.id,
                "tier_ids": cls._tier("vip").ids,
                "control_share": 0,
                "step_ids": [
                    Command.create(one) for one in steps or [{"name": "Call them"}]
                ],
                **values,
            }
        )
        own.write(
            {
                "responsible_id": cls.manager.id,
                "state": state,
                "since_date": AS_OF - 400 * DAY,
            }
        )
        return own

    @classmethod
    def _salespeople(cls, count):
        return [
            cls._user(f"play_seller_{n}", "sales_team.group_sale_salesman")
            for n in range(count)
        ]

    def _enter(self, *customers, day=AS_OF, amount=50_000):
        """Have customers become VIP by a purchase, and open their cases."""
        for customer in customers:
            self._purchase(customer, day, amount)
        run = self._recompute(as_of_date=day)
        self._deliver()
        return run

    def _deliver(self):
        """Deliver as the scheduled action does, without its commits."""
        while batch := self.events._next_batch():
            batch._deliver_or_keep()

    def _work(self, day=AS_OF):
        """Work as the scheduled action does, on a day."""
        with self._on(day):
            self.env["customer.playbook"]._work()

    def _case(self, customer, playbook=None):
        domain = [("partner_id", "=", customer.id)]
        if playbook:
            domain.append(("playbook_id", "=", playbook.id))
        return self.cases.search(domain)

    def _activities(self, cases):
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", "customer.playbook.case"),
                ("res_id", "in", cases.ids),
            ]
        )
