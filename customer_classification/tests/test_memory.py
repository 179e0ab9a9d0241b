from dataclasses import replace
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import AS_OF, ClassificationCase

DAY = timedelta(1)


class MemoryCase(ClassificationCase):
    """Customers above, between and below the limits, some kept and some in grace, by a
    policy that ran on several days."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = {
            name: cls._regular(name, amount)
            for name, amount in (
                *(("Vip", 1_000), ("Kept Vip", 850), ("Falling Vip", 850)),
                *(("High", 600), ("Falling High", 420), ("Medium", 100), ("Low", 10)),
            )
        }
        cls._recompute()
        cls._purchase(cls.customers["Kept Vip"], AS_OF + DAY, -700)
        cls._purchase(cls.customers["Falling Vip"], AS_OF + DAY, -7_000)
        cls._purchase(cls.customers["Falling High"], AS_OF + DAY, -1_000)
        cls._recompute(AS_OF + DAY)
        cls.today = AS_OF + 2 * DAY
        cls._recompute(cls.today)

    @classmethod
    def _draft(cls, policy=None, limits=None, **values):
        """A new version, with other limits for some tiers."""
        policy = policy or cls.policy
        action = policy.action_new_version()
        draft = policy.browse(action["res_id"])
        for line in draft.tier_ids.filtered(lambda line: line.tier_id.code in (limits or {})):
            line.write(limits[line.tier_id.code])
        draft.write(values)
        return draft

    def _rows(self, table="customer_profile"):
        """The rows of a table as the database has them, versions and all."""
        self.env.flush_all()
        self.env.cr.execute(
            f"SELECT t.ctid, t.xmin, t.* FROM {table} t WHERE company_id = %s ORDER BY id",
            [self.company.id],
        )
        return self.env.cr.fetchall()

    def _tiers(self):
        return {
            name: self._profile(customer).value_tier_id.code
            for name, customer in self.customers.items()
        }


@tagged("post_install", "-at_install")
class TestUnchangedCopy(MemoryCase):
    """A version that says the same is the same version by another number."""

    limits = {"vip": 9_900, "high": 5_000, "medium": 1_000, "low": 0}

    def test_moves_nobody_and_writes_nothing(self):
        before = self._rows()
        self.assertIn("high", self._tiers().values())
        draft = self._draft()
        preview = draft.recompute(as_of_date=self.today, kind="preview")
        self.assertFalse(preview.move_ids)
        draft._publish()
        run = draft.recompute(as_of_date=self.today)
        self.assertEqual((run.state, run.error), ("done", False))
        self.assertEqual((run.written_count, run.change_count), (0, 0))
        self.assertEqual(self._rows(), before)
