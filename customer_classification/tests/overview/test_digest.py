from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import AS_OF
from .common import OverviewCase

NUMBERS = ("new", "better", "lost")


@tagged("post_install", "-at_install")
class TestDigest(OverviewCase):
    """Customers in Odoo's digest mails."""

    def _digest(self, user, first, last):
        """Return the digest as Odoo asks for a period, both days included."""
        digest = self.env["digest.digest"].create(
            {
                "name": "Customers",
                "company_id": self.company.id,
                **{f"kpi_customer_{name}": True for name in NUMBERS},
            }
        )
        return digest.with_user(user).with_context(
            allowed_company_ids=self.company.ids,
            start_datetime=fields.Datetime.to_datetime(first),
            end_datetime=fields.Datetime.to_datetime(last + timedelta(days=1)),
        )

    def test_numbers(self):
        digest = self._digest(self.head, AS_OF - timedelta(days=150), AS_OF)
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        new = profiles.filtered(
            lambda one: one.first_purchase_date
            and one.first_purchase_date >= AS_OF - timedelta(days=150)
        )
        self.assertIn(self.new, new.partner_id)
        self.assertEqual(digest.kpi_customer_new_value, len(new))
        moves = self.env["classification.change"].search(
            [
                ("company_id", "=", self.company.id),
                ("valid_date", "=", AS_OF),
                ("is_correction", "=", False),
            ]
        )
        better = moves.filtered(
            lambda one: one.axis == "value_tier" and one.direction == "up"
        )
        self.assertIn(self.grown, better.partner_id)
        self.assertEqual(digest.kpi_customer_better_value, len(better))
        lost = moves.filtered(lambda one: one.to_stage_id.code == "lost")
        self.assertEqual(digest.kpi_customer_lost_value, len(lost))

    def test_other_days_and_companies(self):
        before = self._digest(
            self.head, AS_OF - timedelta(days=3), AS_OF - timedelta(1)
        )
        self.assertEqual(before.kpi_customer_better_value, 0)
        other = self._company("Digest Ltd")
        digest = self._digest(self.head, FIRST_DAY, AS_OF)
        self.head.company_ids |= other
        digest.sudo().company_id = other
        found = digest.with_context(allowed_company_ids=other.ids)
        self.assertEqual(found.kpi_customer_new_value, 0)

    def test_who_may_not_see_customers(self):
        """Odoo leaves the number out of the mail."""
        internal = self._user("digest-internal", "base.group_user")
        digest = self._digest(internal, FIRST_DAY, AS_OF)
        for name in NUMBERS:
            with self.assertRaises(AccessError):
                digest.mapped(f"kpi_customer_{name}_value")
        kpis = digest._compute_kpis(self.company, internal)
        names = {one["kpi_name"] for one in kpis}
        self.assertFalse(names & {f"kpi_customer_{name}" for name in NUMBERS})

    def test_in_the_mail(self):
        digest = self._digest(self.head, FIRST_DAY, AS_OF)
        names = {
            one["kpi_name"] for one in digest._compute_kpis(self.company, self.head)
        }
        self.assertLessEqual({f"kpi_customer_{name}" for name in NUMBERS}, names)
        actions = digest._compute_kpis_actions(self.company, self.head)
        for name in NUMBERS:
            action, __, __ = actions[f"kpi_customer_{name}"].partition("?")
            self.assertEqual(self.env.ref(action).res_model, "customer.profile")

    def test_off_by_default(self):
        """No mail of anybody changes by installing."""
        digest = self.env["digest.digest"].create({"name": "Other"})
        for name in NUMBERS:
            self.assertFalse(digest[f"kpi_customer_{name}"])


FIRST_DAY = AS_OF - timedelta(days=2_000)
