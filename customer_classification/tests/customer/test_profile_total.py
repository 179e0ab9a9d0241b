from datetime import timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestProfileTotal(ClassificationCase):
    """Totals that runs keep equal the profiles, or are in doubt."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.totals = cls.env["customer.profile.total"]
        cls.large = cls._regular("Large", 1_000.07)
        cls.small = cls._regular("Small", 10.01)
        cls.others = [cls._regular(f"Other {n}", 100 + n, times=3) for n in range(5)]
        cls._recompute()

    def _check_sound(self):
        self.assertTrue(self.totals._is_sound(self.company))
        self.assertEqual(self.totals._differences(self.company), [])
        sums = self.totals._sums(self.company, ("value_tier_id",))
        count, revenue = sum(one[1] for one in sums), sum(one[2] for one in sums)
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(count, len(profiles))
        self.assertAlmostEqual(revenue, sum(profiles.mapped("revenue")), 2)

    def _check_doubted_until_the_next_run(self):
        self.assertFalse(self.totals._is_sound(self.company))
        self._purchase(self.large, AS_OF, 0.01)  # so that a profile is written
        self._recompute()
        self._check_sound()

    def _kinds(self):
        rows = self.totals.search([("company_id", "=", self.company.id)])
        return set(rows.mapped("kind"))

    def test_after_a_run_over_all(self):
        self._check_sound()
        self.assertEqual(self._kinds(), {"whole"})
        self._recompute(AS_OF + timedelta(days=90))
        self._check_sound()

    def test_after_a_run_over_some(self):
        self._purchase(self.small, AS_OF, 50_000)
        self._recompute(partner_ids=self.small.ids)
        self.assertEqual(self._kinds(), {"whole", "change"})
        self._check_sound()
        self._recompute(partner_ids=self.small.ids)  # nothing new
        self._check_sound()

    def test_after_a_new_customer(self):
        new = self._regular("New", 70, times=2)
        self._recompute(partner_ids=new.ids)
        self._check_sound()

    def test_after_a_run_over_the_changed(self):
        self._purchase(self.others[0], AS_OF, 300)
        with self._on(AS_OF):
            self.policy.refresh()
        self._check_sound()

    def test_after_customers_became_contacts(self):
        self.others[0].parent_id = self.large
        self._recompute(partner_ids=[*self.others[0].ids, *self.large.ids])
        self._check_sound()

    def test_archived_customers_are_not_counted(self):
        self.small.active = False
        self._recompute()
        self._check_sound()

    def test_after_a_deletion(self):
        self.env["customer.purchase"].search(
            [("partner_id", "=", self.small.id)]
        ).unlink()
        self.small.unlink()
        self._check_doubted_until_the_next_run()

    def test_after_a_merge(self):
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge([self.small.id, self.large.id], self.large)
        self._check_doubted_until_the_next_run()

    def test_after_an_objection(self):
        self.small.customer_objects_profiling = True
        self._check_doubted_until_the_next_run()
        self.small.customer_objects_profiling = False
        self._check_doubted_until_the_next_run()

    def test_doubt_of_a_run_over_some_without_a_whole(self):
        """The first run over all begins the totals, as after an upgrade."""
        self.env.cr.execute(SQL("DELETE FROM customer_profile_total"))
        self._purchase(self.small, AS_OF, 50_000)
        self._recompute(partner_ids=self.small.ids)
        self._check_doubted_until_the_next_run()

    def test_differences_are_found(self):
        self.env.cr.execute(
            SQL(
                "UPDATE customer_profile SET revenue = revenue + 0.01"
                " WHERE partner_id = %s",
                self.small.id,
            )
        )
        [(*__, count, revenue)] = self.totals._differences(self.company)
        self.assertEqual(count, 0)
        self.assertAlmostEqual(revenue, 0.01, 5)

    def test_contacts_of_other_companies(self):
        """Their profiles are not for who may not read the contacts."""
        other = self._company("Other Ltd")
        self.assertTrue(self.totals._is_sound(self.company, is_own=True))
        self.small.company_id = other
        self._check_doubted_until_the_next_run()
        self.assertFalse(self.totals._is_sound(self.company, is_own=True))
        self.small.company_id = False
        self._check_doubted_until_the_next_run()
        self.assertTrue(self.totals._is_sound(self.company, is_own=True))

    def test_each_company_of_its_own(self):
        other = self._company("Other Ltd")
        self.assertFalse(self.totals._is_sound(other))
        self.assertFalse(self.totals._is_sound(self.company | other))
        self._policy(other)
        self._purchase(self.small, AS_OF, 5, company_id=other.id)
        other._get_customer_policy().recompute(as_of_date=AS_OF)
        self.assertTrue(self.totals._is_sound(self.company | other))
        self._check_sound()

    def test_queries_of_a_run(self):
        """A run that writes nothing asks nothing."""
        run = self._recompute(partner_ids=self.small.ids)
        with self.assertQueryCount(0), self.totals._following(run, []):
            pass
        with (
            self.assertQueryCount(3),
            self.totals._following(run, self.small.ids),
        ):
            pass
