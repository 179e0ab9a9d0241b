from itertools import product

from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import AS_OF

from .common import DAY, PosCase

# What may exist of one sale of 100, {kind of document: its choices}.
CHOICES = {
    "order": (None, "open", "cancelled"),
    "counter": (None, "sale", "settles"),
    "invoice": (None, "of order", "of counter", "alone"),
    "imported": (None, "order", "counter", "invoice", "other"),
    "taken back": (None, "counter", "accounting"),
}
SOURCES = tuple(product(("sale", "invoice"), (True, False)))


@tagged("post_install", "-at_install")
class TestMatrix(PosCase):
    """All documents that one sale can have, by each source.

    It counts once, or, taken back, for nothing.
    """

    def test_every_combination(self):
        count = 0
        for values in product(*CHOICES.values()):
            world = dict(zip(CHOICES, values, strict=True))
            if not self._is_possible(world):
                continue
            with self.env.cr.savepoint() as savepoint:
                self._make(world)
                for source, with_counter in SOURCES:
                    expected = _expected(world, source, with_counter)
                    if expected is None:
                        continue
                    count += 1
                    with self.subTest(world=world, source=source, pos=with_counter):
                        self.assertEqual(self._worth(source, with_counter), expected)
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertGreater(count, 150)

    def _is_possible(self, world):
        order, counter, invoice, imported, taken = world.values()
        kinds = {
            "order": order == "open" and invoice != "alone",
            "counter": counter is not None,
            "invoice": invoice is not None,
        }
        return (
            (counter != "settles" or order is not None and self.has_sales)
            and (invoice != "of order" or order == "open" and counter is None)
            and (invoice != "of counter" or counter is not None)
            # An invoice without any order is another sale than an order.
            and (invoice != "alone" or order is counter is None)
            # So is a counter sale that settles no order.
            and (counter != "sale" or order is None)
            and kinds.get(imported, True)
            and (taken != "counter" or counter is not None)
            and (taken != "accounting" or invoice is not None)
        )

    def _make(self, world):
        self.documents = {}
        order = counter = move = None
        if world["order"]:
            order = self._order(self.customer, DAY, 100)
        if world["counter"] == "settles":
            counter = self._settle(order, DAY)
        elif world["counter"]:
            counter = self._counter(self.customer, DAY, 100)
        if world["invoice"] == "of order":
            move = self._invoice_of(order, DAY)
        elif world["invoice"] == "of counter":
            move = self._invoice_counter(counter, DAY)
        elif world["invoice"]:
            move = self._invoice(self.customer, DAY, 100)
        if world["order"] == "cancelled":
            order._action_cancel()
        references = {
            "order": order and order.name,
            "counter": counter and counter.pos_reference,
            "invoice": move and move.name,
            "other": "Elsewhere 1",
        }
        if world["imported"]:
            reference = references[world["imported"]]
            self._purchase(self.customer, DAY, 100, reference=reference)
        if world["taken back"] == "counter":
            self._take_back(counter, AS_OF)
        elif world["taken back"]:
            self._credit(move, AS_OF)

    def _worth(self, source, with_counter):
        """Revenue of all purchases, which is what a run would count."""
        rules = self.env["classification.policy"].new(
            {
                "company_id": self.company.id,
                "tz": "UTC",
                "revenue_source": source,
                "count_point_of_sale": with_counter,
                "subtract_credit_notes": True,
                "sale_domain": False,
                "invoice_domain": False,
            }
        )
        facts = self.env["classification.facts"]
        scope = facts._scope(rules, AS_OF)
        self.env.flush_all()
        query = scope.with_rates(facts._purchase_query(rules, scope))
        rows = self.env.execute_query(query)
        mine = [amount for partner, __, amount, __ in rows if partner in self._ids()]
        return sum(mine)

    def _ids(self):
        return self.customer.ids


def _expected(world, source, with_counter):
    """Return the value of the sale, None where it does not apply."""
    order, counter, invoice, imported, taken = world.values()
    if source == "sale":
        by = {"order": order == "open", "invoice": False}
    else:
        by = {"order": False, "invoice": invoice is not None}
    by["counter"] = (
        with_counter
        and counter is not None
        and not (counter == "settles" and by["order"])
        and not by["invoice"]
    )
    counts = any(by.values())
    # By its import where nothing else counts, or where the import is another sale.
    settled = counter == "settles" and with_counter and by["order"]
    names = {
        "order": by["order"] or by["invoice"] and invoice == "of order",
        "counter": by["counter"]
        or by["invoice"]
        and invoice == "of counter"
        or settled,
        "invoice": by["invoice"]
        or by["order"]
        and invoice == "of order"
        or invoice == "of counter"
        and (by["counter"] or settled),
    }
    worth = 100 * counts + 100 * (
        imported is not None and not names.get(imported, False)
    )
    if taken == "accounting" and counts:
        knows = source == "invoice" or invoice == "of order" or with_counter
        return worth - 100 if knows else None
    if taken == "counter" and with_counter:
        # What was taken back at the counter is known by it.
        return worth - 100
    return worth
