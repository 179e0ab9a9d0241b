from odoo.exceptions import AccessError
from odoo.models import BaseModel
from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestQuickRead(ClassificationCase):
    """Values read by column are those that Odoo reads one by one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls._regular("Very Important", 1_000, is_company=True)
        cls.small = cls._regular("Small", 10)
        cls.prospect = cls._customer("Prospect")
        cls._recompute()
        cls.order = cls._order(cls.vip, AS_OF, 70)
        cls.partners = cls.vip | cls.small | cls.prospect
        cls.seller = cls._user("quick_seller", "sales_team.group_sale_salesman")
        cls.head = cls._user("quick_head", "sales_team.group_sale_manager")

    def _records(self):
        profiles = self.env["customer.profile"].search(
            [("partner_id", "in", self.partners.ids)]
        )
        return [profiles, self.partners, self.order]

    def _assert_as_odoo(self, records, names, load):
        quick = records.read(names, load=load)
        self.env.invalidate_all()
        slow = BaseModel._read_format(records, names, load)
        self.assertEqual(quick, slow)

    def test_same_values(self):
        for records in self._records():
            own = records.with_user(self.head)
            own = own.with_context(allowed_company_ids=self.company.ids)
            names = [
                name
                for name, field in records._fields.items()
                if own._has_field_access(field, "read")
                and (field._module or "").startswith("customer_classification")
            ]
            self.assertGreater(len(names), 5)
            for load in (None, "_classic_read"):
                with self.subTest(model=records._name, load=load):
                    self._assert_as_odoo(own, names, load)

    def test_unsaved_records_and_those_that_are_gone(self):
        profiles = self._profile(self.vip) | self._profile(self.small)
        unsaved = self.env["customer.profile"].new(origin=profiles[0])
        self._assert_as_odoo(unsaved, ["revenue", "value_tier_color"], None)
        gone = self.env["customer.profile"].browse(2_000_000_000)
        rows = (profiles | gone)._read_format(["revenue", "churn_risk"], None)
        self.assertEqual([row["id"] for row in rows], profiles.ids)

    def test_money_is_for_those_who_may_see_it(self):
        profile = self._profile(self.vip).with_user(self.seller)
        profile = profile.with_context(allowed_company_ids=self.company.ids)
        with self.assertRaises(AccessError):
            profile.read(["revenue"])
        with self.assertRaises(AccessError):
            profile._read_format(["revenue"], None)
        self.assertEqual(profile.read(["order_count"])[0]["order_count"], 12)
