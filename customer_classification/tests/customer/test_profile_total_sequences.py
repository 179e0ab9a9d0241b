from datetime import timedelta
from random import Random

from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase

STEPS = 16


@tagged("post_install", "-at_install")
class TestProfileTotalSequences(ClassificationCase):
    """Whatever happens between runs, the totals are true or in doubt.

    Random steps, the same ones every time: purchases, runs over some, over what changed
    and over all, decisions, merges, archived and deleted contacts, contacts that move
    below a company or to another one, objections and new days.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.totals = cls.env["customer.profile.total"]
        cls.other = cls._company("Other Ltd")
        cls.customers = cls.env["res.partner"].concat(
            *(cls._regular(f"Customer {n}", 50.03 * 4**n, times=3) for n in range(7))
        )
        cls._recompute()

    def _check(self, step):
        """The ledger is what the overview would count itself, to the cent."""
        self.env.flush_all()
        self.env.invalidate_all()
        if not self.totals._is_sound(self.company):
            return False
        self.assertEqual(self.totals._differences(self.company), [], step)
        kept = {}
        for tier, segment, count, revenue in self.totals._sums(
            self.company, ("value_tier_id", "segment_id")
        ):
            kept[tier, segment] = (count, round(revenue, 2))
        groups = self.env["customer.profile"]._read_group(
            [("company_id", "=", self.company.id)],
            ["value_tier_id", "segment_id"],
            ["__count", "revenue:sum"],
        )
        counted = {
            (tier.id or None, segment.id or None): (count, round(revenue, 2))
            for tier, segment, count, revenue in groups
        }
        self.assertEqual(kept, counted, step)
        return True

    # Steps

    def _some(self, chance):
        """Return two contacts of the company; those of others have no documents."""
        there = self.customers.exists().filtered(
            lambda one: one.active and not one.company_id
        )
        return there.browse(chance.sample(there.ids, min(2, len(there))))

    def _step_buy_and_run_some(self, chance):
        for one in self._some(chance):
            amount = chance.choice([0.01, 70, 6_000, -25.5])
            self._purchase(one, self.day, amount)
        self._run(partner_ids=self._some(chance).ids)

    def _step_run_changed(self, chance):
        self._purchase(self._some(chance)[:1], self.day, 333.33)
        with self._on(self.day):
            self.policy.refresh()

    def _step_run_all(self, chance):
        self._run()

    def _step_next_day(self, chance):
        self.day += timedelta(days=chance.choice([1, 40]))

    def _step_decide(self, chance):
        self.env["classification.override"].create(
            {
                "partner_id": self._some(chance)[:1].id,
                "company_id": self.company.id,
                "axis": "value_tier",
                "tier_id": self._tier(chance.choice(["vip", "low"])).id,
                "reason": "Known better",
            }
        )
        self._run(partner_ids=self._some(chance).ids)

    def _step_archive(self, chance):
        self._some(chance)[:1].active = False

    def _step_unarchive(self, chance):
        self.customers.exists().active = True

    def _step_move_below(self, chance):
        one, *rest = self._some(chance)
        if rest and not one.child_ids and rest[0] != one.parent_id:
            one.parent_id = False if one.parent_id else rest[0].commercial_partner_id

    def _step_other_company(self, chance):
        one = self._some(chance)[:1]
        foreign = self.customers.exists().filtered("company_id")
        if foreign:
            foreign.company_id = False
        elif not one.parent_id and not one.child_ids:
            one.company_id = self.other

    def _step_object(self, chance):
        one = self._some(chance)[:1]
        one.customer_objects_profiling = not one.customer_objects_profiling

    def _step_merge(self, chance):
        both = self._some(chance)
        if len(both) == 2 and len(self.customers.exists()) > 5:
            merge = self.env["base.partner.merge.automatic.wizard"].create({})
            if not (both.parent_id | both.child_ids):
                merge._merge(both.ids, both[0])

    def _step_delete(self, chance):
        one = self._some(chance)[:1]
        if len(self.customers.exists()) > 5 and not one.child_ids:
            purchases = self.env["customer.purchase"]
            purchases.search([("partner_id", "=", one.id)]).unlink()
            one.unlink()

    def _run(self, **values):
        self._recompute(self.day, **values)

    def _sequence(self, number):
        chance = Random(number)
        self.day, sound = AS_OF, 0
        names = sorted(name for name in dir(self) if name.startswith("_step_"))
        told = []
        for __ in range(STEPS):
            name = chance.choice(names)
            told.append(name)
            getattr(self, name)(chance)
            sound += self._check(told)
        self._run()
        self._purchase(self._some(chance)[:1], self.day, 1)
        self._run()
        self.assertTrue(self._check([*told, "the end"]), told)
        return sound

    def test_sequences(self):
        sound = 0
        for number in range(4):
            with self.subTest(number), self.env.cr.savepoint() as undone:
                sound += self._sequence(number)
                undone.rollback()
            self.env.invalidate_all()
        self.assertGreater(sound, 10, "the ledger was not in doubt all the time")
