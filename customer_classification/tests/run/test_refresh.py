import random
import unittest
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.customer.pipeline import CustomerPipeline
from ..common import AS_OF, AccountingCase

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:  # not a need of the addon, only of its developers
    given = None

DOCUMENTS = (
    *("sale_order", "account_move", "customer_purchase", "crm_lead"),
    "res_partner",
)
VOLATILE = {"id", "run_id", "write_date", "write_uid", "create_date", "create_uid"}


class RefreshCase(AccountingCase):
    """A run over changed customers beside a run over all.

    At a date of the test's choice.
    """

    policy_values = {
        "tier_method": "top_percent",
        "min_customers": 3,
        "subtract_unlinked_credit_notes": True,
    }
    limits = {"vip": 10, "high": 30, "medium": 60, "low": 100}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = [
            cls._regular(
                f"Customer {number}", 50 * (1 + number), every=10 + 7 * number, times=5
            )
            for number in range(12)
        ]
        cls.today = AS_OF
        cls.crown = cls.env.ref("base.NOK")
        cls.crown.active = True
        cls.crown.rate_ids.unlink()
        cls.pricelist = cls.env["product.pricelist"].create(
            {
                "name": "Abroad",
                "currency_id": cls.crown.id,
                "company_id": cls.company.id,
            }
        )
        cls._recompute(AS_OF)
        cls._age()

    def setUp(self):
        super().setUp()
        policy_class = type(self.env["classification.policy"])
        self.startPatcher(patch.object(policy_class, "_today", lambda __: self.today))

    @classmethod
    def _age(cls):
        """Backdate all writes so far.

        Within the one transaction of a test the clock of the database does not move.
        """
        cls.env.flush_all()
        for table in DOCUMENTS:
            cls.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2000-01-01'", SQL.identifier(table))
            )
        cls.env.cr.execute(
            "UPDATE classification_rate_change SET recorded_at = '2000-01-01'"
        )
        cls.env.invalidate_all()

    def _refresh(self, day=None):
        execution = self.env["classification.run"]._prepare(
            self.policy, as_of_date=day or self.today, scope="changed"
        )
        run = execution.execute()
        self.assertEqual(run.state, "done", run.error)
        self._age()
        return run

    def _contents(self):
        """Return ``{customer: content of the profile}``."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT * FROM customer_profile WHERE company_id = %s", [self.company.id]
        )
        names = [column.name for column in self.env.cr.description]
        rows = [dict(zip(names, row, strict=True)) for row in self.env.cr.fetchall()]
        return {
            row["partner_id"]: {n: v for n, v in row.items() if n not in VOLATILE}
            for row in rows
        }

    @contextmanager
    def _undone(self):
        """Take back the block's writes."""
        try:
            with self.env.cr.savepoint(flush=True) as savepoint:
                yield
                self.env.flush_all()
                savepoint.rollback()
        finally:
            self.env.invalidate_all()

    def _full_contents(self):
        """Return the contents after a run over everybody by the same limits."""
        last = self.env["classification.run"]._last_full_run(self.policy)

        def same_edges(pipeline):
            from ...engine import Edges

            return Edges.from_json(last.edges)

        with self._undone(), patch.object(CustomerPipeline, "given_edges", same_edges):
            self._recompute(self.today)
            return self._contents()

    def assertAsFull(self):
        mine, full = self._contents(), self._full_contents()
        self.assertEqual(set(mine), set(full))
        for partner, content in full.items():
            self.assertEqual(mine[partner], content)


@tagged("post_install", "-at_install")
class TestRefresh(RefreshCase):
    def test_nothing_new(self):
        run = self._refresh()
        self.assertEqual((run.looked_at_count, run.written_count), (0, 0))

    def test_who_bought(self):
        self._order(self.customers[3], AS_OF, 99)
        run = self._refresh()
        self.assertEqual(run.looked_at_count, 1)
        self.assertEqual(self._profile(self.customers[3]).order_count, 6)
        self.assertAsFull()

    def test_order_confirmed_changed_and_cancelled(self):
        order = self._order(self.customers[3], AS_OF, 99)
        self._refresh()
        order.order_line.price_unit = 500
        self._refresh()
        self.assertEqual(self._profile(self.customers[3]).revenue, 5 * 200 + 500)
        order._action_cancel()
        self._refresh()
        self.assertEqual(self._profile(self.customers[3]).revenue, 1_000)
        self.assertAsFull()

    def test_credit_note(self):
        self._invoice(self.customers[2], AS_OF, 40, move_type="out_refund")
        self.assertEqual(self._refresh().looked_at_count, 1)
        self.assertEqual(self._profile(self.customers[2]).refund_amount, 40)
        self.assertAsFull()

    def test_credit_note_of_another_customer(self):
        """A credit note is taken from who ordered, and follows the order's end.

        The customer of the credit note need not be that of the order.
        """
        order = self._order(self.customers[3], AS_OF, 99)
        invoice = self._invoice_of(order, AS_OF)
        credit = invoice._reverse_moves([{"invoice_date": AS_OF}])
        credit.partner_id = self.customers[4]
        for change, amount in (
            (credit.action_post, 99),
            (credit.button_draft, 0),
            (credit.action_post, 99),
            (order._action_cancel, 0),
        ):
            change()
            self.assertEqual(self._refresh().looked_at_count, 2)
            found = [self._profile(one).refund_amount for one in self.customers[3:5]]
            self.assertEqual(found, [amount, 0])
            self.assertAsFull()

    def test_named_by_who_is_invoiced(self):
        """A credit note of the payer that names the order is of who ordered."""
        payer = self.customers[4]
        order = self._order(self.customers[3], AS_OF, 99, partner_invoice_id=payer.id)
        credit = self._invoice(
            *(payer, AS_OF, 40), move_type="out_refund", invoice_origin=order.name
        )
        for change, amounts in (
            (lambda: None, [40, 0]),
            (credit.button_draft, [0, 0]),
            (credit.action_post, [40, 0]),
            (order._action_cancel, [0, 0]),
            (lambda: order.write({"state": "sale"}), [40, 0]),
        ):
            change()
            self._refresh()
            found = [self._profile(one).refund_amount for one in self.customers[3:5]]
            self.assertEqual(found, amounts)
            self.assertAsFull()

    def test_origin_names_an_order(self):
        """A credit note's customer is looked at when its original order changes.

        Cancelled, confirmed again, dated otherwise, renamed, deleted: in each case the
        customer with the credit note.
        """
        order = self._order(self.customers[3], AS_OF, 99)
        owner = self.customers[3]
        self._invoice(
            *(owner, AS_OF, 40), move_type="out_refund", invoice_origin=order.name
        )
        self._refresh()
        self.assertEqual(self._profile(owner).refund_amount, 40)
        for change, amount in (
            (order._action_cancel, 0),
            (lambda: order.write({"state": "sale"}), 40),
            (lambda: order.write({"date_order": self._moment(self._days(9))}), 0),
            (lambda: setattr(self, "today", self._days(9)), 40),
            (order._action_cancel, 0),
            # Credit notes without an origin count by this policy.
            (lambda: order.write({"name": "Other"}), 40),
            (lambda: order.write({"name": "Third"}), 40),
        ):
            change()
            self._refresh()
            self.assertEqual(self._profile(owner).refund_amount, amount)
            self.assertAsFull()

    def test_named_order_is_deleted(self):
        order = self._order(self.customers[3], AS_OF, 99)
        order._action_cancel()
        owner = self.customers[3]
        origin = f"{order.name}; Return 7"
        self._invoice(
            *(owner, AS_OF, 40), move_type="out_refund", invoice_origin=origin
        )
        self._refresh()
        self.assertEqual(self._profile(owner).refund_amount, 0)
        order.unlink()
        self.assertEqual(self._refresh().looked_at_count, 1)
        self.assertEqual(self._profile(owner).refund_amount, 40)
        self.assertAsFull()

    def test_origin_names_an_invoice(self):
        order = self._order(self.customers[3], AS_OF, 99)
        invoice = self._invoice_of(order, AS_OF)
        owner = self.customers[3]
        self._invoice(
            *(owner, AS_OF, 40), move_type="out_refund", invoice_origin=invoice.name
        )
        self._refresh()
        self.assertEqual(self._profile(owner).refund_amount, 40)
        invoice.button_draft()
        invoice.invoice_line_ids.sale_line_ids = False
        invoice.action_post()
        self._refresh()
        self.assertEqual(self._profile(owner).refund_amount, 0)
        self.assertAsFull()

    def test_credit_note_undone_for_another_customer(self):
        order = self._order(self.customers[3], AS_OF, 99)
        credit = self._credit(self._invoice_of(order, AS_OF), AS_OF)
        self._refresh()
        undoing = credit._reverse_moves([{"invoice_date": AS_OF}])
        undoing.partner_id = self.customers[4]
        undoing.action_post()
        self._refresh()
        self.assertEqual(self._profile(self.customers[3]).refund_amount, 0)
        self.assertAsFull()

    def _days(self, number):
        return AS_OF + timedelta(days=number)

    def test_rate_comes_is_corrected_and_goes(self):
        """A rate change concerns customers with a document of its days.

        And in its currency; no others are looked at.
        """
        bought, ordered, long_ago = self.customers[1:4]
        day = AS_OF - timedelta(days=3)
        self._purchase(bought, day, 100, currency_id=self.crown.id)
        self._order(ordered, day, 100, pricelist_id=self.pricelist.id)
        self._purchase(
            long_ago, AS_OF - timedelta(days=90), 100, currency_id=self.crown.id
        )
        self._refresh()
        self.assertEqual(self._problems(), bought + ordered + long_ago)
        self._rate("NOK", AS_OF - timedelta(days=100), 2)
        self.assertEqual(self._refresh().looked_at_count, 3)
        self.assertFalse(self._problems())
        self.assertAsFull()
        self._rate("NOK", AS_OF - timedelta(days=10), 4)
        self.assertEqual(self._refresh().looked_at_count, 2)
        self.assertEqual(self._profile(bought).revenue, 500 + 25)
        self.assertAsFull()
        self.crown.rate_ids[0].rate = 5
        self.assertEqual(self._refresh().looked_at_count, 2)
        self.assertEqual(self._profile(ordered).revenue, 750 + 20)
        self.crown.rate_ids[0].unlink()
        self.assertEqual(self._refresh().looked_at_count, 2)
        self.assertEqual(self._profile(ordered).revenue, 750 + 50)
        self.assertAsFull()
        self.assertEqual(self._refresh().looked_at_count, 0)

    def _problems(self):
        found = self.env["classification.problem"].search(
            [("company_id", "=", self.company.id)]
        )
        return found.partner_id.sorted("id")

    def test_deleted_purchase(self):
        bought = self.env["customer.purchase"].search(
            [("partner_id", "=", self.customers[5].id)], limit=1
        )
        bought.unlink()
        self.assertEqual(self._refresh().looked_at_count, 1)
        self.assertEqual(self._profile(self.customers[5]).order_count, 4)
        self.assertAsFull()

    def test_deleted_quotation_and_opportunity(self):
        stranger = self._customer("Stranger")
        order = self._order(stranger, AS_OF, 5, confirm=False)
        self._created(order, AS_OF)
        self._refresh()
        self.assertEqual(
            self._profile(stranger).lifecycle_stage_id, self._stage("interested")
        )
        order.unlink()
        self._refresh()
        self.assertEqual(
            self._profile(stranger).lifecycle_stage_id, self._stage("prospect")
        )
        self.assertAsFull()

    def test_purchase_given_to_another_customer(self):
        purchase = self._purchase(self.customers[0], AS_OF, 1_000)
        self._refresh()
        purchase.partner_id = self.customers[1]
        self.assertEqual(self._refresh().looked_at_count, 2)
        self.assertAsFull()

    def test_contact_goes_to_another_company(self):
        old, new = self.customers[0], self.customers[1]
        (old + new).is_company = True
        contact = self._customer("Buyer", parent_id=old.id)
        self._purchase(contact, AS_OF, 1_000)
        self._refresh()
        contact.parent_id = new
        self._refresh()
        self.assertEqual(self._profile(old).revenue, 250)
        self.assertEqual(self._profile(new).revenue, 1_500)
        self.assertAsFull()

    def test_customer_becomes_a_contact(self):
        self.customers[1].is_company = True
        self.customers[0].parent_id = self.customers[1]
        self._refresh()
        self.assertFalse(self._profile(self.customers[0]))
        self.assertEqual(self._profile(self.customers[1]).revenue, 250 + 500)
        self.assertAsFull()

    def test_merged(self):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge([c.id for c in self.customers[:2]], self.customers[1])
        self._refresh()
        self.assertEqual(self._profile(self.customers[1]).revenue, 250 + 500)
        self.assertAsFull()

    def test_time_alone(self):
        self.today = AS_OF + timedelta(days=60)
        run = self._refresh()
        self.assertTrue(0 < run.stage_change_count)
        self.assertAsFull()

    def test_order_of_a_day_to_come(self):
        self._order(self.customers[3], AS_OF + timedelta(days=3), 99)
        self._refresh()
        self.assertEqual(self._profile(self.customers[3]).order_count, 5)
        self.today = AS_OF + timedelta(days=3)
        self._refresh()
        self.assertEqual(self._profile(self.customers[3]).order_count, 6)
        self.assertAsFull()

    def test_quotation_expires(self):
        stranger = self._customer("Stranger")
        order = self._order(
            stranger, AS_OF, 5, confirm=False, validity_date=AS_OF + timedelta(days=2)
        )
        self._created(order, AS_OF)
        self._refresh()
        stage = self._profile(stranger).lifecycle_stage_id
        self.assertEqual(stage, self._stage("interested"))
        self.today = AS_OF + timedelta(days=3)
        self._refresh()
        stage = self._profile(stranger).lifecycle_stage_id
        self.assertEqual(stage, self._stage("prospect"))
        self.assertAsFull()

    def test_as_of_is_that_of_the_last_look(self):
        self.today = AS_OF + timedelta(days=1)
        self._refresh()
        for customer in self.customers:
            self.assertEqual(self._profile(customer).as_of_date, self.today)

    def test_first_one_looks_at_everybody(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._purchase(self.customers[0], AS_OF, 5, company_id=other.id)
        policy = other._get_customer_policy()
        run = policy.refresh()
        self.assertEqual((run.scope, run.state), ("all", "done"))

    def _refreshed_by_a_new_version(self, **values):
        draft = self.policy.browse(self.policy.action_new_version()["res_id"])
        draft.write(values)
        draft._publish()
        return draft.refresh()

    def test_new_rules_wait_for_a_run_over_everybody(self):
        run = self._refreshed_by_a_new_version(new_days=9)
        self.assertEqual(run.scope, "all")

    def test_a_version_that_says_the_same_goes_on(self):
        run = self._refreshed_by_a_new_version()
        self.assertEqual(run.scope, "changed")

    def test_queries(self):
        self._order(self.customers[3], AS_OF, 99)
        self.env.flush_all()
        with self.assertQueryCount(36):
            self._refresh()

    def test_scheduled_action(self):
        self._purchase(self.customers[0], AS_OF, 5)
        cron = self.env.ref("customer_classification.ir_cron_refresh")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        run = self.env["classification.run"].search(
            [("policy_id", "=", self.policy.id)], limit=1
        )
        self.assertEqual((run.scope, run.state), ("changed", "done"), run.error)
        self.assertEqual(self._profile(self.customers[0]).order_count, 6)


@tagged("post_install", "-at_install")
class TestRefreshEqualsFull(RefreshCase):
    """Runs over changed customers find all changes, in any order of events."""

    EVENTS = (
        *("buy", "order", "edit", "cancel", "refund", "delete", "give"),
        *("abroad", "foreign_order", "invoice", "credit", "reset"),
        *("undo", "name_order", "drop"),
        *("rate", "rate", "correct_rate", "move_rate", "delete_rate"),
        *("quote", "lead", "lose", "move", "promote", "archive", "merge", "new"),
        *("decide", "day", "week", "quarter", "look"),
    )

    def _play(self, events, seed=0):
        dice = random.Random(seed)
        with self._undone():
            self.today, self.people = AS_OF, list(self.customers)
            self.orders = self.env["sale.order"].browse()
            for event in [*events, "look"]:
                getattr(self, f"_event_{event}")(dice)

    def _someone(self, dice):
        self.people = [partner for partner in self.people if partner.exists()]
        return dice.choice(self.people)

    def _event_look(self, dice):
        self._refresh()
        self.assertAsFull()

    def _event_buy(self, dice):
        day = self.today - timedelta(days=dice.choice((0, 0, 3, 40, 400)))
        self._purchase(self._someone(dice), day, dice.choice((5, 90, 4_000)))

    def _event_order(self, dice):
        day = self.today + timedelta(days=dice.choice((-30, 0, 0, 5)))
        self.orders += self._order(self._someone(dice), day, dice.choice((20, 700)))

    def _event_edit(self, dice):
        self.orders.order_line.price_unit = dice.choice((1, 2_000))

    def _event_cancel(self, dice):
        self.orders[:1]._action_cancel()

    def _event_abroad(self, dice):
        day = self.today - timedelta(days=dice.choice((0, 3, 40, 400)))
        self._purchase(
            self._someone(dice),
            day,
            dice.choice((5, -9, 90)),
            currency_id=self.crown.id,
        )

    def _event_foreign_order(self, dice):
        day = self.today + timedelta(days=dice.choice((-30, 0, 5)))
        self.orders += self._order(
            self._someone(dice), day, 300, pricelist_id=self.pricelist.id
        )

    def _event_rate(self, dice):
        day = self.today - timedelta(days=dice.choice((-2, 0, 10, 35, 500)))
        if day not in self.crown.rate_ids.mapped("name"):
            company = dice.choice((self.company, self.company, None))
            self.crown.rate_ids = [
                Command.create(
                    {
                        "name": day,
                        "rate": dice.choice((0.5, 3, 12)),
                        "company_id": company and company.id,
                    }
                )
            ]

    def _some_rate(self, dice):
        rates = self.crown.rate_ids.sorted("id")
        return rates[dice.randrange(len(rates))] if rates else rates

    def _event_correct_rate(self, dice):
        self._some_rate(dice).write({"rate": dice.choice((0.25, 7))})

    def _event_move_rate(self, dice):
        day = self.today - timedelta(days=dice.choice((1, 20, 90)))
        if day not in self.crown.rate_ids.mapped("name"):
            self._some_rate(dice).write({"name": day})

    def _event_delete_rate(self, dice):
        self._some_rate(dice).unlink()

    def _event_invoice(self, dice):
        orders = self.orders.filtered(
            lambda one: one.state == "sale" and one.invoice_status == "to invoice"
        )
        if orders:
            self._invoice_of(orders[0], self.today)

    def _event_credit(self, dice):
        moves = self._moves_of_orders("out_invoice")
        if moves:
            part = dice.choice((None, [dice.choice((3, 15))]))
            self._credit(dice.choice(moves), self.today, part)

    def _event_undo(self, dice):
        moves = self._moves_of_orders("out_refund")
        if moves:
            part = dice.choice((None, None, [dice.choice((3, 15))]))
            self._credit(dice.choice(moves), self.today, part)

    def _event_name_order(self, dice):
        """Credit somebody with the name of another customer's order as origin."""
        if self.orders:
            names = {dice.choice(self.orders).name for __ in range(2)}
            self._invoice(
                *(self._someone(dice), self.today, 45),
                move_type="out_refund",
                invoice_origin=", ".join(sorted(names)),
            )

    def _event_drop(self, dice):
        gone = self.orders.filtered(lambda one: one.state == "cancel")[:1]
        self.orders -= gone
        gone.unlink()

    def _event_reset(self, dice):
        """Take an invoice or a credit note back to a draft."""
        moves = self._moves_of_orders("out_invoice", "out_refund")
        if moves:
            dice.choice(moves).button_draft()

    def _moves_of_orders(self, *types):
        moves = self.orders.invoice_ids.sorted("id")
        return [
            move for move in moves if move.state == "posted" and move.move_type in types
        ]

    def _event_refund(self, dice):
        self._invoice(self._someone(dice), self.today, 60, move_type="out_refund")

    def _bought(self, dice):
        return self.env["customer.purchase"].search(
            [("partner_id", "=", self._someone(dice).id)], limit=1
        )

    def _event_delete(self, dice):
        self._bought(dice).unlink()

    def _event_give(self, dice):
        self._bought(dice).partner_id = self._someone(dice)

    def _event_quote(self, dice):
        order = self._order(self._someone(dice), self.today, 70, confirm=False)
        self._created(order, self.today)
        order.validity_date = self.today + timedelta(days=dice.choice((0, 4, 50)))

    def _event_lead(self, dice):
        self._opportunity(self._someone(dice), 300, created=self.today)

    def _event_lose(self, dice):
        leads = self.env["crm.lead"].search([("company_id", "=", self.company.id)])
        leads[:1].action_set_lost()
        leads[:1].date_closed = fields.Datetime.to_string(self._moment(self.today))

    def _event_move(self, dice):
        company = self._someone(dice)
        company.is_company = True
        contact = self._someone(dice)
        if contact != company and not contact.child_ids and not company.parent_id:
            contact.parent_id = company

    def _event_promote(self, dice):
        self._someone(dice).is_company = True

    def _event_archive(self, dice):
        someone = self._someone(dice)
        someone.active = not someone.active

    def _event_merge(self, dice):
        one, other = self._someone(dice), self._someone(dice)
        related = one in other.child_ids or other in one.child_ids
        if one != other and not related:
            wizard = self.env["base.partner.merge.automatic.wizard"].create({})
            wizard._merge((one + other).ids, one)

    def _event_new(self, dice):
        self.people.append(self._customer(f"New {len(self.people)}"))

    def _event_decide(self, dice):
        self.env["classification.override"].create(
            {
                "partner_id": self._someone(dice).id,
                "company_id": self.company.id,
                "tier_id": self._tier(dice.choice(("vip", "low"))).id,
                "reason": "Because",
                "start_date": AS_OF,
                "end_date": self.today + timedelta(days=dice.choice((0, 5, 200))),
            }
        )

    def _event_day(self, dice):
        self.today += timedelta(days=1)

    def _event_week(self, dice):
        self.today += timedelta(days=7)

    def _event_quarter(self, dice):
        self.today += timedelta(days=91)

    def test_seeded_sequences(self):
        for seed in range(12):
            dice = random.Random(seed)
            events = dice.choices(self.EVENTS, k=12)
            with self.subTest(seed=seed, events=events):
                self._play(events, seed)

    @unittest.skipUnless(given, "hypothesis is not installed")
    def test_any_sequence(self):
        @settings(
            max_examples=40,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(
            st.lists(st.sampled_from(self.EVENTS), max_size=8),
            st.integers(0, 1_000),
        )
        def play(events, seed):
            self._play(events, seed)

        play()
