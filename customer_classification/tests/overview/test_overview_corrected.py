from datetime import datetime, time, timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from ..common import AS_OF, AccountingCase, ClassificationCase
from .common import FIRST, OverviewCase, cells_in


class Entered:
    """Moves the moments at which documents and runs were entered."""

    def _enter(self, records, moment):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET create_date = %s WHERE id = ANY(%s)",
                SQL.identifier(records._table),
                moment,
                records.ids,
            )
        )
        self.env.invalidate_all()

    def _begin(self):
        """Have all purchases and the first run be there on the first day."""
        model = self.env["customer.purchase"]
        own = [("company_id", "=", self.company.id)]
        self._enter(model.search(own), datetime.combine(FIRST, time(8)))
        runs = self.env["classification.run"].search(own, order="id", limit=1)
        runs.end_date = datetime.combine(FIRST, time(9))

    def _bridge_on(self, first=FIRST):
        overview = self.env["customer.overview"].with_context(
            allowed_company_ids=self.company.ids
        )
        days = {"from_date": str(first), "to_date": str(AS_OF)}
        return overview.get_blocks(["bridge"], days)["blocks"]["bridge"]

    def _check_closes(self, bridge):
        cents = [round(100 * one["sum"]) for one in cells_in(bridge)]
        opening, *movements, closing = cents
        self.assertEqual(opening + sum(movements), closing)

    def _corrected(self, bridge):
        [found] = [one for one in bridge["movements"] if one["name"] == "corrected"]
        return found


@tagged("post_install", "-at_install")
class TestOverviewCorrected(Entered, OverviewCase):
    """Documents of the first window that were entered after its last day."""

    def setUp(self):
        super().setUp()
        self._begin()
        self.before = self._bridge_on()

    def _late(self, partner, day, amount, moment=None):
        purchase = self._purchase(partner, day, amount)
        self._enter(purchase, moment or datetime.combine(AS_OF, time(7)))

    def test_nothing_is_corrected(self):
        names = {one["name"] for one in self.before["movements"]}
        self.assertNotIn("corrected", names)
        self._check_closes(self.before)

    def test_late_documents(self):
        """They leave what was known alone, and are told apart from movements."""
        self._late(self.steady, FIRST - timedelta(days=10), 100.1)
        self._late(self.lost, FIRST - timedelta(days=225), -33.33)
        self._late(self.late, FIRST - timedelta(days=800), 5_000)  # of no window
        self._late(self.grown, AS_OF, 7.01)  # of the second one
        bridge = self._bridge_on()
        self.assertEqual(bridge["opening"]["sum"], self.before["opening"]["sum"])
        corrected = self._corrected(bridge)
        self.assertEqual(corrected["count"], 2)
        self.assertEqual(corrected["sum"], 66.77)
        self._check_cells(bridge, self.env.user)
        self._check_closes(bridge)
        moved = {one["name"]: one["sum"] for one in bridge["movements"]}
        for one in self.before["movements"]:
            if one["name"] not in ("grown", "lost", "shrunk"):
                self.assertEqual(moved[one["name"]], one["sum"])

    def test_end_of_the_day_in_the_time_zone(self):
        day = FIRST - timedelta(days=3)
        midnight = datetime.combine(FIRST + timedelta(days=1), time())
        self._late(self.steady, day, 1, midnight - timedelta(seconds=1))
        self.assertEqual(
            self._bridge_on()["opening"]["sum"], self.before["opening"]["sum"] + 1
        )
        self._late(self.steady, day, 2, midnight)
        self.assertEqual(self._corrected(self._bridge_on())["sum"], 2)

    def test_customer_known_by_late_documents_alone(self):
        stranger = self._customer("Stranger")
        self._late(stranger, FIRST - timedelta(days=3), 40)
        self._recompute()
        bridge = self._bridge_on()
        self.assertEqual(self._corrected(bridge)["sum"], 40)
        self._check_cells(bridge, self.env.user)
        self._check_closes(bridge)

    def test_sides_that_cannot_be_counted_are_in_no_sum(self):
        """A customer with one uncountable window is in no sum."""
        yen = self.env.ref("base.JPY")
        yen.active = True
        self._late(self.steady, FIRST - timedelta(days=3), 5)
        self._purchase(self.steady, AS_OF, 500, currency_id=yen.id)
        bridge = self._bridge_on()
        self.assertIn("unknown", [one["name"] for one in bridge["movements"]])
        self._check_cells(bridge, self.env.user)
        self._check_closes(bridge)

    def test_before_anybody_was_classified(self):
        """Whoever imports the past after installing has corrected nothing."""
        first = FIRST - timedelta(days=1)
        bridge = self._bridge_on(first)
        self.assertNotIn("corrected", [one["name"] for one in bridge["movements"]])
        self._check_closes(bridge)


@tagged("post_install", "-at_install")
class TestOverviewCorrectedInvoices(Entered, AccountingCase):
    """Invoices and credit notes that were entered later."""

    policy_values = {"revenue_source": "invoice"}

    def test_late_invoice_and_credit_note(self):
        customer = self._customer("Customer")
        invoice = self._invoice(customer, FIRST - timedelta(days=20), 500)
        self._recompute(FIRST)
        self._recompute()
        self._begin()
        self._enter(invoice, datetime.combine(FIRST, time(8)))
        late = self._invoice(customer, FIRST - timedelta(days=5), 30.5)
        credit = self._credit(invoice, FIRST - timedelta(days=4), [100])
        self._enter(late | credit, datetime.combine(AS_OF, time(8)))
        bridge = self._bridge_on()
        self.assertEqual(bridge["opening"]["sum"], 500)
        self.assertEqual(self._corrected(bridge)["sum"], -69.5)
        self._check_closes(bridge)


@tagged("post_install", "-at_install")
class TestOverviewCorrectedOrders(Entered, ClassificationCase):
    """Orders that were entered later."""

    def test_late_order(self):
        customer = self._customer("Customer")
        order = self._order(customer, FIRST - timedelta(days=20), 500)
        self._recompute(FIRST)
        self._recompute()
        self._begin()
        self._enter(order, datetime.combine(FIRST, time(8)))
        late = self._order(customer, FIRST - timedelta(days=5), 30.5)
        self._enter(late, datetime.combine(AS_OF, time(8)))
        bridge = self._bridge_on()
        self.assertEqual(bridge["opening"]["sum"], 500)
        self.assertEqual(self._corrected(bridge)["sum"], 30.5)
        self._check_closes(bridge)
