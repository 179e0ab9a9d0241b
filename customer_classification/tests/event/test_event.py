from datetime import timedelta
from unittest.mock import patch

from psycopg2 import DataError
from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase

DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestEvent(ClassificationCase):
    """Changes that runs write by SQL are passed on to Odoo."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.env["classification.event"]
        cls.big = cls._regular("Big", 300)
        cls.small = cls._regular("Small", 10)
        cls.company.customer_notes_moves = True

    def _waiting(self):
        return self.events.search([("company_id", "=", self.company.id)])

    def _move(self):
        """The first run, and one in which the big one becomes VIP."""
        self._recompute()
        self._purchase(self.big, AS_OF, 50_000)
        return self._recompute()

    def _notes(self, partner):
        return partner.message_ids.filtered(lambda one: "→" in (one.body or ""))

    def _deliver(self):
        """Deliver as the scheduled action does, without its commits."""
        while batch := self.events._next_batch():
            batch._deliver_or_keep()

    # Changes that become events

    def test_a_move_waits_to_be_passed_on(self):
        run = self._move()
        event = self._waiting()
        self.assertEqual((event.partner_id, event.run_id), (self.big, run))
        self.assertEqual(event.classes_before["value_tier_id"], self._tier("medium").id)
        self.assertFalse(event.is_new)
        changes = self.env["classification.change"].browse(event.change_ids)
        self.assertEqual(changes, run.change_ids)

    def test_a_new_customer_is_new(self):
        self._recompute()
        new = self._regular("New", 10)
        self._recompute()
        event = self._waiting()
        self.assertEqual((event.partner_id, event.is_new), (new, True))

    def test_the_first_run_is_silent(self):
        self._recompute()
        self.assertFalse(self._waiting())

    def test_previews_are_silent(self):
        self._recompute()
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute(kind="preview")
        self.assertFalse(self._waiting())

    def test_corrections_of_the_past_are_silent(self):
        """A late document that corrects the past causes no event.

        A change valid today is queued, a change valid on a past day is not.
        """
        self._recompute(as_of_date=AS_OF - 30 * DAY)
        self._purchase(self.big, AS_OF - 40 * DAY, 50_000)
        run = self._recompute()
        told = self.env["classification.change"].browse(
            [one for event in self._waiting() for one in event.change_ids]
        )
        self.assertTrue(run.change_ids.filtered("is_correction"))
        self.assertFalse(told.filtered("is_correction"))

    def test_nothing_is_kept_where_nobody_listens(self):
        self.company.customer_notes_moves = False
        self._move()
        self.assertFalse(self._waiting())

    def test_the_scheduled_action_is_woken(self):
        cron = self.env.ref("customer_classification.ir_cron_events")
        with patch.object(type(cron), "_trigger") as trigger:
            self._move()
        trigger.assert_called_once()

    # Passing on

    def test_moves_are_noted_on_the_contact(self):
        self._move()
        self._deliver()
        self.assertIn("Medium → VIP", self._notes(self.big).body)
        self.assertFalse(self._notes(self.small))
        self.assertFalse(self._waiting())

    def test_nothing_is_passed_on_twice(self):
        self._move()
        self._deliver()
        self._deliver()
        self.assertEqual(len(self._notes(self.big)), 1)

    def test_two_moves_of_a_customer_go_one_after_the_other(self):
        self._move()
        self._regular("Other", 90_000)
        self.env["classification.override"].create(
            {
                "partner_id": self.big.id,
                "company_id": self.company.id,
                "axis": "value_tier",
                "tier_id": self._tier("low").id,
                "reason": "Known",
            }
        )
        own = self._waiting().filtered(lambda event: event.partner_id == self.big)
        self.assertEqual(len(own), 2)
        self._deliver()
        bodies = self._notes(self.big).sorted("id").mapped("body")
        self.assertIn("Medium → VIP", bodies[0])
        self.assertIn("VIP → Low", bodies[1])

    def test_one_that_fails_stops_nobody(self):
        self._recompute()
        for customer in (self.big, self.small):
            self._purchase(customer, AS_OF, 50_000)
        self._recompute()
        deliver = type(self.events)._deliver

        def poisoned(events):
            if self.big in events.partner_id:
                raise ValueError("The other system is away.")
            deliver(events)

        with patch.object(type(self.events), "_deliver", poisoned):
            self._deliver()
        [event] = self._waiting()
        self.assertEqual(event.partner_id, self.big)
        self.assertIn("(ValueError: The other system is away.)", event.error)
        self.assertTrue(self._notes(self.small))
        row = self.env["classification.to.fix"].search([("kind", "=", "event")])
        self.assertEqual((row.partner_id, row.reason), (self.big, event.error))
        manager = self._user("event_manager", "customer_classification.group_manager")
        event.with_user(manager).action_try_again()
        self._deliver()
        self.assertTrue(self._notes(self.big))

    def test_batches(self):
        """There are as many transactions as batches, with the same queries each."""
        self._recompute()
        for number in range(5):
            self._regular(f"New {number}", 10)
        self._recompute()
        with patch(
            "odoo.addons.customer_classification.models.event"
            ".classification_event.BATCH",
            2,
        ):
            sizes = []
            while batch := self.events._next_batch():
                sizes.append(len(batch))
                batch._deliver_or_keep()
        self.assertEqual(sizes, [2, 2, 1])

    # Rights

    def test_clients_cannot_make_or_change_events(self):
        self._move()
        event = self._waiting()
        for group in ("group_user", "group_officer", "group_manager"):
            user = self._user(f"event_{group}", f"customer_classification.{group}")
            own = event.with_user(user)
            with self.assertRaises(AccessError):
                own.create({"partner_id": self.small.id})
            with self.assertRaises(AccessError):
                own.write({"is_new": True})
            with self.assertRaises(AccessError):
                own.unlink()
        officer = self._user("event_officer_2", "customer_classification.group_officer")
        with self.assertRaises(AccessError):
            event.with_user(officer).action_try_again()

    # Failures

    def test_conflicts_reach_odoo(self):
        """Odoo does it again; nothing is kept as a failure of the change."""
        self._move()
        conflict = SerializationFailure("could not serialize access")
        with (
            patch.object(type(self.events), "_deliver", side_effect=conflict),
            self.assertRaises(SerializationFailure),
        ):
            self._deliver()
        self.assertFalse(self._waiting().error)

    def test_reason_quotes_no_statement(self):
        self._move()
        error = DataError("syntax error in SELECT secret")
        with patch.object(type(self.events), "_deliver", side_effect=error):
            self._deliver()
        self.assertIn("(DataError)", self._waiting().error)
        self.assertNotIn("secret", self._waiting().error)
