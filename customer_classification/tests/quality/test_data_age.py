from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..common import ClassificationCase


@tagged("post_install", "-at_install")
class TestDataAge(ClassificationCase):
    """Days since contact data were changed or checked, by tier."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls._regular("Vip", 1_000)
        cls.low = cls._regular("Low", 10)
        cls.contact = cls._customer("Contact of Vip", parent_id=cls.vip.id)
        cls.prospect = cls._customer("Prospect")
        cls._recompute()
        cls.today = fields.Date.context_today(cls.env["res.partner"])
        cls._written(cls.vip, 400)
        cls._written(cls.contact, 200)
        cls._written(cls.low, 90)
        cls.seller = cls._user(
            "age-seller",
            "customer_classification.group_user,base.group_partner_manager",
        )

    @classmethod
    def _written(cls, partner, days):
        """Have a contact be written so many days ago."""
        cls.env.flush_all()
        cls.env.cr.execute(
            SQL(
                "UPDATE res_partner SET write_date = %s WHERE id = %s",
                cls._moment(cls.today - timedelta(days=days)),
                partner.id,
            )
        )
        cls.env.invalidate_all()

    def _row(self, partner):
        return self.env["customer.data.age"].search(
            [("partner_id", "=", partner.id), ("company_id", "=", self.company.id)]
        )

    def test_the_latest_of_all_contacts(self):
        row = self._row(self.vip)
        self.assertEqual(row.stale_days, 200)
        self.assertEqual(row.band, "year")
        self.assertFalse(row.checked_date)
        self.assertEqual(row.value_tier_id, self._tier("vip"))

    def test_bands_meet(self):
        for days, band in (
            *((0, "quarter"), (90, "quarter"), (91, "half"), (180, "half")),
            *((181, "year"), (365, "year"), (366, "older")),
        ):
            self._written(self.low, days)
            row = self._row(self.low)
            self.assertEqual((row.stale_days, row.band), (days, band))

    def test_only_who_bought(self):
        self.assertFalse(self._row(self.prospect))

    def test_objectors_have_no_row(self):
        self.low.customer_objects_profiling = True
        self.assertFalse(self._row(self.low))

    def test_checked(self):
        rows = self._row(self.vip) | self._row(self.low)
        rows.with_user(self.seller).action_mark_checked()
        for partner in (self.vip, self.low):
            row = self._row(partner)
            self.assertEqual(row.checked_date, self.today)
            self.assertEqual(row.stale_days, 0)

    def test_by_tier(self):
        found = self.env["customer.data.age"]._read_group(
            [("company_id", "=", self.company.id)],
            ["value_tier_id"],
            ["customer_count:sum", "stale_days:avg"],
        )
        self.assertEqual(
            found,
            [(self._tier("vip"), 1, 200), (self._tier("low"), 1, 90)],
        )

    def test_worst_first(self):
        rows = self.env["customer.data.age"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(rows.partner_id, self.vip | self.low)
        self.assertEqual(rows[0].partner_id, self.vip)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_who_may_check(self):
        reader = self._user("age-reader", "customer_classification.group_user")
        clerk = self._user("age-clerk", "base.group_user")
        row = self._row(self.vip)
        for user in (reader, clerk):
            with self.assertRaises(AccessError):
                row.with_user(user).action_mark_checked()
        self.env["ir.rule"].create(
            {
                "name": "Not Vip",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.vip.id})]",
            }
        )
        with self.assertRaises(AccessError):
            row.with_user(self.seller).action_mark_checked()
        self.assertFalse(self.vip.customer_checked_date)

    def test_query_count(self):
        with self.assertQueryCount(6):
            self.env["customer.data.age"].search_read(
                [("company_id", "=", self.company.id)], ["stale_days", "band"]
            )
