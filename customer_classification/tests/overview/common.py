"""Builders and comparisons for the tests of the overview."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo.tests import freeze_time

from ..common import AS_OF, ClassificationCase

FIRST = AS_OF - timedelta(days=180)
HEAD = "customer_classification.group_manager,sales_team.group_sale_salesman_all_leads"
SELLER = "customer_classification.group_user,sales_team.group_sale_salesman"
BLOCKS = (
    *("decisions", "current", "grid", "tiers", "bridge", "risk", "movers"),
    *("cohorts", "flow", "pareto", "playbooks", "outlook", "campaigns"),
)
DAYS = {"from_date": str(FIRST), "to_date": str(AS_OF)}


def cells_in(value):
    """Yield all numbers of an answer that name the records behind them."""
    if isinstance(value, dict):
        if "model" in value:
            yield value
        for part in value.values():
            yield from cells_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from cells_in(part)


class OverviewCase(ClassificationCase):
    """Customers who came, grew, shrank, went and came back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Decisions classify again, by the calendar of the policy.
        policies = type(cls.env["classification.policy"])
        cls.enterClassContext(patch.object(policies, "_today", lambda __: AS_OF))
        cls.enterClassContext(freeze_time(f"{AS_OF} 12:00:00"))
        cls.head = cls._user("overview-head", HEAD)
        cls.seller = cls._user("overview-seller", SELLER)
        cls.country = cls.env.ref("base.se")
        cls.industry = cls.env["res.partner.industry"].create({"name": "Overview"})
        cls.tag = cls.env["res.partner.category"].create({"name": "Overview"})
        cls.child_tag = cls.tag.create({"name": "Child", "parent_id": cls.tag.id})
        cls.team = cls.env["crm.team"].create(
            {
                "name": "Overview",
                "company_id": cls.company.id,
                "member_ids": cls.seller.ids,
            }
        )
        cls._buy()
        cls._recompute(FIRST)
        cls.last_run = cls._recompute()
        cls.env.flush_all()

    @classmethod
    def _buy(cls):
        cls._buy_known()

    @classmethod
    def _buy_known(cls):
        """Each customer with what it is to be in the bridge."""
        cls.steady = cls._regular(
            "Steady", 1_000, times=30, user_id=cls.seller.id, country_id=cls.country.id
        )
        cls.grown = cls._regular(
            "Grown", 50, times=30, industry_id=cls.industry.id, user_id=cls.head.id
        )
        cls._purchase(cls.grown, AS_OF - timedelta(days=3), 12_345.67)
        cls.shrunk = cls._regular(
            "Shrunk", 900.1, until=AS_OF - timedelta(days=150), user_id=cls.seller.id
        )
        cls.shrunk.category_id = cls.child_tag
        cls.new = cls._customer("New")
        for days, amount in ((100, 77.77), (60, 20), (5, 6_000)):
            cls._purchase(cls.new, AS_OF - timedelta(days=days), amount)
        cls.lost = cls._regular(
            "Lost", 333.33, times=4, until=AS_OF - timedelta(days=400)
        )
        cls.back = cls._customer("Back")
        for days in (900, 870, 20):
            cls._purchase(cls.back, AS_OF - timedelta(days=days), 60)
        cls.returned = cls._regular("Returned", 200, until=FIRST)
        cls._purchase(cls.returned, AS_OF - timedelta(days=100), -1_000)
        cls.late = cls._regular("Late", 90, until=AS_OF - timedelta(days=55))
        cls.small = [cls._regular(f"Small {n}", 10 + n, times=3) for n in range(6)]

    def _overview(self, user=None, **context):
        context = {"allowed_company_ids": self.company.ids, **context}
        model = self.env["customer.overview"].with_user(user or self.head)
        return model.with_context(**context)

    def _blocks(self, *names, user=None, **filters):
        """Blocks of the overview, as a client receives them."""
        answer = self._overview(user).get_blocks(list(names), {**DAYS, **filters})
        return json.loads(json.dumps(answer))["blocks"]

    def _records(self, cell, user=None):
        model = self.env[cell["model"]].with_user(user or self.head)
        context = {"allowed_company_ids": self.company.ids, **cell["context"]}
        return model.with_context(**context).search(cell["domain"])

    def _check_cells(self, answer, user=None):
        """Check that each number has what it opens, and return how many there are."""
        numbers = 0
        for cell in cells_in(answer):
            records = self._records(cell, user)
            self.assertEqual(len(records), cell["count"], cell)
            if cell["measure"]:
                found = sum(records.mapped(cell["measure"]))
                self.assertAlmostEqual(found, cell["sum"], 2, cell)
            else:
                self.assertIsNone(cell["sum"])
            numbers += 1
        return numbers
