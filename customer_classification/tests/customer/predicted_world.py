"""A generated history in which predictions prove themselves."""

import random
from datetime import timedelta

from ..common import AS_OF, ClassificationCase

CUSTOMERS = 400


class PredictedCase(ClassificationCase):
    """400 customers who buy at rates of their own, and leave silently."""

    policy_values = {"prediction_horizon_days": 60, "approval_min_customers": 10_000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        dice = random.Random(7)
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(CUSTOMERS)]
        )
        rows = []
        for customer in cls.customers:
            every, amount = dice.choice((15, 30, 50)), dice.uniform(20, 300)
            day = AS_OF - timedelta(days=dice.randrange(150, 400))
            while day <= AS_OF:
                rows.append(cls._row(customer, day, round(amount, 2)))
                if dice.random() < 0.15:  # leaves without saying so
                    break
                day += timedelta(days=max(1, round(dice.expovariate(1 / every))))
        cls.env["customer.purchase"].create(rows)
        cls.env.flush_all()

    @classmethod
    def _row(cls, customer, day, amount):
        return {
            "partner_id": customer.id,
            "company_id": cls.company.id,
            "currency_id": cls.company.currency_id.id,
            "date": day,
            "amount": amount,
        }
