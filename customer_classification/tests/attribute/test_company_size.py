from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..common import ClassificationCase


@tagged("post_install", "-at_install")
class TestCompanySize(ClassificationCase):
    """Sizes by employees and turnover, and the effect of changed limits."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sizes = cls.env["customer.company.size"].search([])
        cls.maker = cls._customer("Maker", is_company=True)

    def _size(self, employees=0, turnover=0):
        self.maker.write(
            {"customer_employee_count": employees, "customer_turnover": turnover}
        )
        return self.maker.customer_company_size

    def test_by_the_limits(self):
        for employees, turnover, size in (
            (0, 0, False),
            (9, 0, "micro"),
            (10, 0, "small"),
            (0, 2_000_000, "micro"),
            (0, 2_000_001, "small"),
            (249, 50_000_000, "medium"),
            (250, 1, "large"),
            (1, 50_000_001, "large"),
            (9, 10_000_000, "small"),
        ):
            with self.subTest(employees=employees, turnover=turnover):
                self.assertEqual(self._size(employees, turnover), size)

    def test_contacts_have_the_size_of_their_company(self):
        self._size(300)
        contact = self._customer("Buyer", parent_id=self.maker.id)
        self.assertEqual(contact.customer_company_size, "large")
        self._size(20)
        self.assertEqual(contact.customer_employee_count, 20)
        self.assertEqual(contact.customer_company_size, "small")

    def test_turnover_in_the_currency_of_who_entered_it(self):
        self._rate("USD", "2020-01-01", 2)
        self._size(turnover=1_000_000)
        self.assertEqual(
            self.maker.customer_turnover_currency_id, self.company.currency_id
        )
        self.assertEqual(self.maker.customer_company_size, "micro")
        self.maker.customer_turnover = 3_000_000
        self.assertEqual(self.maker.customer_company_size, "small")
        self.maker.customer_turnover_currency_id = self.env.ref("base.USD")
        self.assertEqual(self.maker.customer_company_size, "micro")

    def test_another_company_of_another_currency_reads_the_same(self):
        self._size(turnover=3_000_000)
        other = self._company("Overseas", "USD")
        seen = self.maker.with_company(other)
        self.assertEqual(seen.customer_turnover_currency_id.name, "EUR")
        self.assertEqual(seen.customer_company_size, "small")

    def test_sizes_follow_their_limits(self):
        self._size(12)
        archived = self._customer("Closed", customer_employee_count=12, active=False)
        self.sizes[0].employee_limit = 20
        self.env.flush_all()
        self.assertEqual(self.maker.customer_company_size, "micro")
        self.assertEqual(archived.customer_company_size, "micro")

    def test_by_one_update_as_one_by_one(self):
        """The update of all contacts equals writing each one."""
        self._rate("USD", "2020-01-01", 2)
        customers = self.env["res.partner"].create(
            [
                {
                    "name": "C",
                    "customer_employee_count": employees,
                    "customer_turnover": turnover,
                    "customer_turnover_currency_id": self.env.ref(currency).id,
                }
                for employees in (0, 9, 10, 250)
                for turnover in (0, 2_000_000, 2_000_001, 4_000_000, 100_000_001)
                for currency in ("base.EUR", "base.USD")
            ]
        )
        self.env.flush_all()
        by_the_orm = [one.customer_company_size for one in customers]
        self.env.cr.execute(
            "UPDATE res_partner SET customer_company_size = NULL WHERE id = ANY(%s)",
            [customers.ids],
        )
        customers._recompute_customer_company_size()
        self.assertEqual([one.customer_company_size for one in customers], by_the_orm)

    def test_limits_must_rise(self):
        for name, value, sentence in (
            ("employee_limit", 50, "must rise"),
            ("turnover_limit", 0, "above zero"),
            ("currency_id", self.env.ref("base.USD").id, "one currency"),
        ):
            with self.assertRaises(ValidationError) as refused:
                self.sizes[0][name] = value
            self.assertIn(sentence, str(refused.exception))

    def test_all_limits_may_change_in_one_save(self):
        for size, limit in zip(self.sizes[2::-1], (500, 100, 20), strict=True):
            size.employee_limit = limit
        self.assertEqual(self._size(15), "micro")

    def test_fixed(self):
        with self.assertRaises(UserError):
            self.sizes[0].unlink()
        internal = self._user("size_reader", "base.group_user")
        self.assertTrue(self.sizes[0].with_user(internal).name)
        with self.assertRaises(AccessError):
            self.sizes[0].with_user(internal).employee_limit = 5
        manager = self._user("size_manager", "customer_classification.group_manager")
        self._size(12)
        self.sizes[0].with_user(manager).employee_limit = 15
        self.assertEqual(self.maker.customer_company_size, "micro")

    def test_search_and_group(self):
        self._size(300)
        self._customer("Small", is_company=True, customer_employee_count=11)
        ours = [("customer_employee_count", "in", (300, 11))]
        partners = self.env["res.partner"]
        self.assertEqual(
            partners.search([*ours, ("customer_company_size", "=", "large")]),
            self.maker,
        )
        groups = dict(
            partners._read_group(ours, ["customer_company_size"], ["__count"])
        )
        self.assertEqual(groups, {"large": 1, "small": 1})

    def test_many_at_once(self):
        """The limits are read once for any number of companies."""
        values = [{"name": f"C{n}", "is_company": True} for n in range(200)]
        customers = self.env["res.partner"].create(values)
        self.env.flush_all()
        self.env.invalidate_all()
        customers.write({"customer_employee_count": 60})
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(8):
            self.sizes[1].employee_limit = 61
            self.env.flush_all()
        self.assertEqual(set(customers.mapped("customer_company_size")), {"small"})
