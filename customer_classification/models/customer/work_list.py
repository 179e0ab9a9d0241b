"""Order of the work list of customers at risk, and the reason for it.

The order is the one whose first fifth held most of the revenue that was lost in the
trial on the own past that each full run makes (``Proof.lists``).
"""

from odoo.tools import format_date

from ..common.access_groups import MONEY_GROUP
from .prediction_trial import list_name

# Orders that name amounts: for who sees all sales.
OF_MONEY = ("revenue_at_risk", "spend")
YEAR_MONTHS = 12


class WorkList:
    """The work list of a company, as a reader may see it."""

    def __init__(self, company):
        from ...engine import Learnt

        self.env = company.env
        self.company = company
        self.policy = company.sudo()._get_customer_policy()
        runs = self.env["classification.run"].sudo()
        self.run = runs._last_full_run(self.policy) if self.policy else runs
        kept = self.run.prediction
        self.learnt = Learnt.from_json(kept) if kept else None

    @property
    def horizon(self):
        """Return how many days ahead was looked; 0 before the first full run."""
        return self.learnt.horizon if self.learnt else 0

    @property
    def shares(self):
        """Return what each order that is possible held: ``{name: share}``."""
        if not self.learnt:
            return {}
        proof = self.learnt.proof
        possible = {
            "revenue_at_risk": proof.is_proved,
            "overdue": True,
            # The window of the policy is what the customers are sorted by.
            "spend": self.policy.window_months == YEAR_MONTHS,
        }
        lists = proof.lists or {}
        return {
            name: lists[name]
            for name, is_possible in possible.items()
            if is_possible and lists.get(name) is not None
        }

    @property
    def best(self):
        """Return the order that held most, "overdue" where nothing was tested."""
        return best_of(self.shares)

    @property
    def order(self):
        """Return the order for this reader."""
        if self.env.user.has_group(MONEY_GROUP):
            return self.best
        return best_of({n: s for n, s in self.shares.items() if n not in OF_MONEY})

    def reason(self):
        """Return why the list has its order, in the reader's language."""
        if not self.shares:
            return self.env._(
                "The most overdue first: other orders could not be compared on your "
                "own past, because too few customers were there or were lost."
            )
        if self.order != self.best:
            return self.env._(
                "The most overdue first: the first fifth of this order held "
                "%(share)s of the revenue that was lost within %(days)s days up to "
                "%(day)s. Another order held %(best)s, but it is for those who see "
                "all sales.",
                best=self._share_text(self.best),
                **self._numbers(),
            )
        return self.env._(
            "Ordered by %(order)s: on your own past, the first fifth of this order "
            "held %(share)s of the revenue that was lost within %(days)s days up to "
            "%(day)s%(others)s.",
            order=list_name(self.env, self.order).lower(),
            others=self._others_text(),
            **self._numbers(),
        )

    def _numbers(self):
        return {
            "share": self._share_text(self.order),
            "days": self.horizon,
            "day": format_date(self.env, self.run.as_of_date),
        }

    def _share_text(self, name):
        lines = self.env["classification.back.test.line"]
        return lines._percent_text(self.shares[name])

    def _others_text(self):
        """Return what the other orders held, in brackets."""
        others = [
            self.env._(
                "%(order)s %(share)s",
                order=list_name(self.env, name).lower(),
                share=self._share_text(name),
            )
            for name in self.shares
            if name != self.order
        ]
        return f" ({', '.join(others)})" if others else ""


def best_of(shares):
    """Return the name with the largest share, the first of equal ones."""
    return max(shares, key=shares.get) if shares else "overdue"
