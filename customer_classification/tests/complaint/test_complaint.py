from datetime import datetime, timedelta
from functools import partial
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ...models.common.own_context import with_own_context
from .common import FRIDAY, ComplaintCase

MAIL = """Return-Path: <{sender}>
From: {sender}
To: {to}
Subject: {subject}
Message-Id: <{number}@complains.example>
Date: Fri, 07 Feb 2025 12:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

It stops after ten pages.
"""


# What people write to each other.
TEXTS = {
    "note": "For us alone",
    "question": "Which model is it?",
    "answer": "Model ten",
    "colleagues": "Who knows it?",
}


@tagged("post_install", "-at_install")
class TestComplaint(ComplaintCase):
    """A complaint from its first word to its end."""

    # Who and what

    def test_customer_of_a_contact(self):
        complaint = self._complaint(partner_id=self.contact.id)
        self.assertEqual(complaint.partner_id, self.customer)
        self.assertEqual(complaint.contact_id, self.contact)
        self.assertIn(self.contact, complaint.message_partner_ids)
        self.assertFalse(self._complaint().contact_id)

    def test_owner_by_rule(self):
        policy = self.company._get_customer_policy()
        policy.responsible_id = self.officer
        self.assertEqual(self._complaint().user_id, self.officer)
        self.category.parent_id.user_id = self.other
        named = {"category_id": self.category.id}
        self.assertEqual(self._complaint(**named).user_id, self.other)
        self.customer.user_id = self.seller
        self.assertEqual(self._complaint(**named).user_id, self.seller)
        self.assertEqual(self._complaint(user_id=self.other.id).user_id, self.other)
        self.seller.active = False
        self.assertEqual(self._complaint(**named).user_id, self.other)

    def test_owner_is_of_the_company(self):
        elsewhere = self._company("Elsewhere Ltd")
        self.other.write(
            {"company_ids": [(6, 0, elsewhere.ids)], "company_id": elsewhere.id}
        )
        self.customer.user_id = self.other
        self.assertNotEqual(self._complaint().user_id, self.other)
        stranger = self._user("complaint-stranger", "base.group_user")
        for user in (self.other, stranger):
            with self.assertRaises(ValidationError):
                self._complaint(user_id=user.id)

    def test_others_contact_or_order(self):
        stranger = self._customer("Stranger")
        order = self._order(stranger, FRIDAY, 5)
        for values in ({"contact_id": stranger.id}, {"order_id": order.id}):
            with self.assertRaises(ValidationError):
                self._complaint(**values)
        own = self._order(self.contact, FRIDAY, 5)
        self.assertEqual(self._complaint(order_id=own.id).order_id, own)

    def test_values_of_the_context(self):
        """They are checked and completed as those that are written."""
        model = self.env["customer.complaint"].with_user(self.seller)
        values = {"name": "Broken"}
        given = {"default_partner_id": self.contact.id, "default_state": False}
        complaint = model.with_context(**given).create(values)
        self.assertEqual(complaint.partner_id, self.customer)
        self.assertEqual((complaint.contact_id, complaint.state), (self.contact, "new"))
        order = self._order(self.contact, FRIDAY, 5, user_id=self.other.id)
        self.assertFalse(order.with_user(self.seller).has_access("read"))
        with self.assertRaises(AccessError):
            model.with_context(default_order_id=order.id, **given).create(values)
        elsewhere = self._company("Elsewhere Ltd")
        with self.assertRaisesRegex(AccessError, "Switch on the company"):
            model.with_context(default_company_id=elsewhere.id, **given).create(values)

    def test_not_before_calendars(self):
        for day in ("0001-01-01 00:00:00", "1969-12-31 23:59:59"):
            with self.assertRaisesRegex(ValidationError, "before 1970"):
                self._complaint(self.seller, open_date=day)
        old = self._complaint(self.seller, open_date="1970-01-01 00:00:00")
        self.assertTrue(old.solution_deadline)

    def test_not_in_the_future(self):
        with self.assertRaises(ValidationError):
            self._complaint(open_date=datetime(2999, 1, 1))

    def test_service_of_product_or_category(self):
        kinds = self.env["product.service.type"].search([], limit=2)
        self.category.service_type_id = kinds[0]
        complaint = self._complaint(category_id=self.category.id)
        self.assertEqual(complaint.service_type_id, kinds[0])
        service = self.env["product.template"].create(
            {
                "name": "Course",
                "type": "service",
                "product_service_type_id": kinds[1].id,
            }
        )
        complaint.product_tmpl_id = service
        self.assertEqual(complaint.service_type_id, kinds[1])

    def test_form(self):
        model = self.env["customer.complaint"].with_user(self.seller)
        with Form(model) as form:
            form.name = "By hand"
            form.partner_id = self.customer
        self.assertEqual(form.record.state, "new")
        self.assertTrue(form.record.response_deadline)

    def test_classes_of_the_customer(self):
        vip = self._regular("Vip", 2_000)
        self._recompute()
        complaint = self._complaint(partner_id=vip.id)
        self.assertEqual(complaint.customer_value_tier_id, self._tier("vip"))
        groups = self.env["customer.complaint"]._read_group(
            [("id", "=", complaint.id)], ["customer_value_tier_id"], ["__count"]
        )
        self.assertEqual(groups, [(self._tier("vip"), 1)])

    # States and clock

    def test_answer_and_solution(self):
        with self._at():
            complaint = self._complaint()
            self.assertEqual(complaint.deadline_state, "running")
        with self._at(hours=1):
            complaint.action_answered()
        self.assertEqual(complaint.state, "in_progress")
        self.assertEqual(complaint.answered_date, FRIDAY + timedelta(hours=1))
        self.assertEqual(complaint.response_hours, 1)
        self.assertEqual(complaint.next_deadline, complaint.solution_deadline)
        with self.assertRaisesRegex(UserError, "Result"):
            complaint.action_solve()
        with self._at(days=3):  # Monday: 4 hours of Friday, 4 hours of Monday
            self._solved(complaint, cause_id=self.cause.id)
        self.assertEqual(complaint.solution_hours, 8)
        self.assertEqual(complaint.cause_kind, "quality")
        self.assertFalse(complaint.next_deadline)
        self.assertEqual(complaint.deadline_state, "done")
        self.assertEqual(complaint.late_count, 0)

    def test_clock_stands_while_the_customer_is_asked(self):
        with self._at():
            complaint = self._complaint()
        before = complaint.solution_deadline
        with self._at(hours=1):
            complaint.action_wait()
        self.assertEqual(complaint.deadline_state, "paused")
        self.assertEqual(complaint.response_hours, 1)
        self.assertFalse(complaint.next_deadline)
        with self._at(days=3, hours=1):  # eight working hours later
            complaint.action_start()
        self.assertAlmostEqual(complaint.paused_hours, 8)
        over_the_weekend = before + timedelta(days=3)
        self.assertEqual(complaint.solution_deadline, over_the_weekend)
        self.assertEqual(complaint.next_deadline, complaint.solution_deadline)
        with self._at(days=3, hours=2):
            self._solved(complaint)
        self.assertAlmostEqual(complaint.solution_hours, 2)

    def test_asking_does_not_save_who_is_late(self):
        with self._at():
            complaint = self._complaint()
        with self._at(days=30):
            complaint.action_wait()
        with self._at(days=60):
            complaint.action_start()
            self.assertEqual(complaint.deadline_state, "overdue")
            self._solved(complaint)
        self.assertEqual(complaint.late_count, 1)
        self.assertEqual(complaint.deadline_state, "late")

    def test_reopened(self):
        with self._at():
            complaint = self._complaint()
            self._solved(complaint)
        before = complaint.solution_deadline
        with self._at(days=3):
            complaint.action_close()
            self.assertEqual(complaint.solved_date, FRIDAY, "closing is no solution")
            self.assertTrue(complaint.closed_date)
            complaint.action_start()
        self.assertFalse(complaint.solved_date or complaint.closed_date)
        self.assertFalse(complaint.is_solved)
        over_the_weekend = before + timedelta(days=3)
        self.assertEqual(complaint.solution_deadline, over_the_weekend)

    def test_state_by_hand(self):
        """Dragging a card is pressing the button."""
        complaint = self._complaint(self.seller)
        complaint.with_user(self.seller).write({"state": "waiting"})
        self.assertTrue(complaint.stopped_date)
        with self.assertRaises(UserError):
            complaint.write({"state": "solved"})
        with self.assertRaises(UserError):
            self._complaint(state="solved")
        with self.assertRaises(ValidationError):
            complaint.write({"state": "nonsense"})
        solved = self._complaint(state="solved", result="explained")
        self.assertTrue(solved.solved_date)

    def test_clock_is_not_for_people(self):
        complaint = self._complaint(self.seller)
        for name in ("answered_date", "next_deadline", "paused_hours", "is_solved"):
            with self.assertRaises(AccessError):
                complaint.with_user(self.seller).write({name: False})
        with self.assertRaises(AccessError):
            self._complaint(self.seller, solved_date=FRIDAY)

    def test_copy_begins_anew(self):
        complaint = self._complaint()
        self._solved(complaint)
        copied = complaint.copy()
        self.assertEqual(copied.state, "new")
        self.assertFalse(copied.result or copied.solved_date or copied.answered_date)

    def test_means_count_what_is_known(self):
        with self._at():
            pair = self._complaint() | self._complaint()
        with self._at(hours=2):
            pair[0].action_answered()
        [[mean]] = self.env["customer.complaint"]._read_group(
            [("id", "in", pair.ids)], [], ["response_hours:avg"]
        )
        self.assertEqual(mean, 2)

    # Warning

    def _warn(self, moment):
        with self._at(moment):
            model = with_own_context(self.env["customer.complaint"])
            found = model.search([("warning_date", "<=", moment)])
            found._warn()
        return found

    def test_the_second_of_a_deadline(self):
        """In time until the very second that was promised, late from the next on."""
        for seconds, is_late in ((0, False), (1, True)):
            with self._at():
                complaint = self._complaint()
            later = timedelta(seconds=seconds)
            for field, act in (
                ("response_deadline", complaint.action_answered),
                ("solution_deadline", partial(self._solved, complaint)),
            ):
                with self.subTest(field, seconds=seconds):
                    with self._at(complaint[field] + later):
                        complaint.invalidate_recordset(["deadline_state"])
                        state = complaint.deadline_state
                        self.assertEqual(state == "overdue", is_late)
                        found = complaint.search(
                            [
                                ("id", "=", complaint.id),
                                ("deadline_state", "=", "overdue"),
                            ]
                        )
                        self.assertEqual(bool(found), is_late)
                        act()
                    self.assertEqual(bool(complaint.late_count), is_late)

    def test_the_second_of_a_warning(self):
        with self._at():
            complaint = self._complaint(user_id=self.seller.id)
        warning = complaint.warning_date
        self.assertNotIn(complaint, self._warn(warning - timedelta(seconds=1)))
        self.assertIn(complaint, self._warn(warning))

    def test_warning_before_the_deadline(self):
        with self._at():
            complaint = self._complaint(user_id=self.seller.id)
        near = complaint.response_deadline - timedelta(hours=1)
        self.assertNotIn(complaint, self._warn(near - timedelta(days=1)))
        self.assertIn(complaint, self._warn(near))
        activity = complaint.activity_ids
        self.assertEqual(activity.user_id, self.seller)
        self.assertIn("Answer the complaint until", activity.summary)
        with self._at(near):
            self.assertEqual(complaint.deadline_state, "soon")
        self.assertNotIn(complaint, self._warn(near), "once")
        with self._at(near):
            complaint.action_answered()
        self.assertFalse(complaint.activity_ids)
        self._warn(complaint.solution_deadline)
        self.assertIn("Solve the complaint until", complaint.activity_ids.summary)
        self._solved(complaint)
        self.assertFalse(complaint.activity_ids)

    def test_warning_without_an_owner(self):
        self.company._get_customer_policy().responsible_id = self.officer
        with self._at():
            complaint = self._complaint(user_id=self.seller.id)
        self.seller.active = False
        self._warn(complaint.response_deadline)
        self.assertEqual(complaint.activity_ids.user_id, self.officer)

    def test_warning_for_nobody(self):
        """A complaint that nobody may have keeps no other from its warning."""
        with self._at():
            lost, fine = self._complaint(), self._complaint(user_id=self.seller.id)
        lost.user_id = False
        model = type(self.env["customer.complaint"])
        with patch.object(model, "_responsible", lambda one, __: one.env["res.users"]):
            self._warn(fine.response_deadline)
        self.assertFalse(lost.activity_ids)
        self.assertTrue(fine.activity_ids)
        self.assertFalse((lost | fine).filtered("warning_date"))

    def test_cron(self):
        with self._at():
            own = {"user_id": self.seller.id}
            complaints = self._complaint(**own) | self._complaint(**own)
        with self.enter_registry_test_mode():
            self.env.ref(
                "customer_classification.ir_cron_complaint_deadlines"
            ).method_direct_trigger()
        self.assertEqual(len(complaints.activity_ids), 2)

    def test_queries(self):
        """Twenty complaints take hardly more queries than two.

        But for the activities: Odoo makes its own queries for each.
        """
        costs = {}
        for number in (2, 20):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with self._at():
                complaints = self.env["customer.complaint"].create(
                    [
                        {
                            "name": "Many",
                            "partner_id": self.customer.id,
                            "user_id": self.seller.id,
                        }
                        for __ in range(number)
                    ]
                )
                self.env.flush_all()
                costs["create", number] = self.env.cr.sql_log_count - before
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with_own_context(complaints)._warn()
            self.env.flush_all()
            costs["warn", number] = self.env.cr.sql_log_count - before
        self.assertLessEqual(costs["create", 20], costs["create", 2] + 6, costs)
        self.assertLessEqual(costs["warn", 20], costs["warn", 2] + 6 * 18, costs)

    # Messages

    def _mail(
        self, subject="Broken printer", sender=None, to="help@classified.example"
    ):
        text = MAIL.format(
            sender=sender or self.contact.email, to=to, subject=subject, number=subject
        )
        number = (
            self.env["mail.thread"]
            .with_context(mail_notify_author=False)
            .message_process(
                "customer.complaint",
                text,
                custom_values={"company_id": self.company.id},
            )
        )
        return self.env["customer.complaint"].browse(number)

    def test_from_mail_to_solved(self):
        complaint = self._mail()
        self.assertEqual(complaint.name, "Broken printer")
        self.assertEqual(complaint.partner_id, self.customer)
        self.assertEqual(complaint.contact_id, self.contact)
        self.assertEqual(complaint.channel, "mail")
        self.assertIn("ten pages", complaint.description)
        ours = complaint.with_user(self.officer)
        ours.message_post(body=TEXTS["note"], subtype_xmlid="mail.mt_note")
        self.assertFalse(complaint.answered_date)
        ours.message_post(
            body=TEXTS["question"],
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.contact.ids,
        )
        self.assertTrue(complaint.answered_date)
        self.assertEqual(complaint.state, "in_progress")
        ours.action_wait()
        complaint.message_post(
            body=TEXTS["answer"],
            author_id=self.contact.id,
            message_type="email",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertEqual(complaint.state, "in_progress")
        self._solved(ours)
        self.assertEqual(complaint.state, "solved")

    def test_mail_of_nobody_known(self):
        complaint = self._mail("New here", sender="new@nowhere.example")
        self.assertEqual(complaint.partner_id.email, "new@nowhere.example")

    def test_word_to_colleagues_is_no_answer(self):
        complaint = self._complaint()
        complaint.with_user(self.officer).message_post(
            body=TEXTS["colleagues"],
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            partner_ids=self.seller.partner_id.ids,
        )
        self.assertFalse(complaint.answered_date)

    # Rights

    def test_salespeople_see_their_own(self):
        own = self._complaint(user_id=self.seller.id)
        others = self._complaint(user_id=self.other.id)
        seen = self.env["customer.complaint"].with_user(self.seller)
        self.assertEqual(seen.search([]) & (own | others), own)
        for call in (
            lambda: others.with_user(self.seller).read(["name"]),
            lambda: others.with_user(self.seller).write({"name": "Mine"}),
            lambda: others.with_user(self.seller).action_close(),
        ):
            with self.assertRaises(AccessError):
                call()
        self.customer.user_id = self.seller
        self.assertIn(others, seen.search([]), "of the salesperson's customer")
        self.assertIn(others, others.with_user(self.officer).search([]))

    def test_only_officers_delete(self):
        complaint = self._complaint(self.seller)
        with self.assertRaises(AccessError):
            complaint.with_user(self.seller).unlink()
        complaint.with_user(self.officer).unlink()

    def test_references_are_readable(self):
        """The number of an unreadable order is not told through a complaint."""
        order = self._order(self.customer, FRIDAY, 5, user_id=self.other.id)
        complaint = self._complaint(self.seller)
        with self.assertRaises(AccessError):
            self._complaint(self.seller, order_id=order.id)
        with self.assertRaises(AccessError):
            complaint.with_user(self.seller).write({"order_id": order.id})

    def test_other_companies_never(self):
        elsewhere = self._company("Elsewhere Ltd")
        self.env.user.company_ids |= elsewhere
        there = self._complaint(company_id=elsewhere.id, user_id=False)
        self.assertFalse(
            self.env["customer.complaint"]
            .with_user(self.officer)
            .search([("id", "=", there.id)])
        )
        with self.assertRaises(AccessError):
            self._complaint(self.officer, company_id=elsewhere.id)

    # Counts

    def test_counts(self):
        self._complaint(product_tmpl_id=self.product.product_tmpl_id.id)
        self._complaint()
        self.assertEqual(self.customer.customer_complaint_count, 2)
        self.assertEqual(self.contact.customer_complaint_count, 2)
        template = self.product.product_tmpl_id
        self.assertEqual(template.product_complaint_count, 1)
        for action, number in (
            (self.contact.action_open_customer_complaints(), 2),
            (template.action_open_product_complaints(), 1),
        ):
            found = self.env["customer.complaint"].search_count(action["domain"])
            self.assertEqual(found, number)

    def test_deadline_states(self):
        """The database says of each complaint what its page says."""
        with self._at():
            complaints = {
                word: self._complaint(name=word)
                for word in ("done", "paused", "overdue", "soon", "running", "warned")
            }
            complaints["late"] = self._complaint(open_date=datetime(2025, 1, 1))
            complaints["none"] = self._complaint(company_id=self.company.id)
            self._solved(complaints["done"])
            self._solved(complaints["late"])
            complaints["paused"].action_wait()
        now = complaints["soon"].warning_date
        every = self.env["customer.complaint"].concat(*complaints.values())
        self.env.flush_all()
        with self._at(now):
            for name, moments in (
                ("overdue", {"next_deadline": now - timedelta(hours=1)}),
                ("running", {"warning_date": now + timedelta(hours=1)}),
                ("warned", {"warned_deadline": complaints["warned"].next_deadline}),
                ("none", {"solution_deadline": False}),
            ):
                complaints[name].write(moments)
            self.env.flush_all()
            expected = {one: one.deadline_state for one in every}
            self.assertEqual(
                {word: one.deadline_state for word, one in complaints.items()},
                {**{word: word for word in complaints}, "warned": "soon"},
            )
            model = self.env["customer.complaint"]
            domain = [("id", "in", every.ids)]
            groups = model._read_group(domain, ["deadline_state"], ["id:recordset"])
            found = {one: word for word, its in groups for one in its}
            self.assertEqual(found, expected)
            for word in set(expected.values()):
                self.assertEqual(
                    model.search([*domain, ("deadline_state", "=", word)]),
                    model.search(domain).filtered(
                        lambda one, word=word: one.deadline_state == word
                    ),
                )

    def test_filters(self):
        with self._at():
            late = self._complaint()
        fresh = self._complaint()
        domain = [("id", "in", (late | fresh).ids), ("next_deadline", "<", "now")]
        self.assertEqual(self.env["customer.complaint"].search(domain), late)

    def test_merged_contacts(self):
        twin = self._customer("Complains Limited", is_company=True)
        complaint = self._complaint(partner_id=twin.id)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.customer | twin).ids, self.customer)
        complaint.invalidate_recordset()
        self.assertEqual(complaint.partner_id, self.customer)

    def test_categories_are_a_tree(self):
        above = self.category.parent_id
        self.assertEqual(self.category.complete_name, "Complaint / Product Quality")
        with self.assertRaises(UserError):
            above.parent_id = self.category

    def test_objection_keeps_what_was_asked(self):
        person = self._customer("Ada")
        complaint = self._complaint(partner_id=person.id)
        person.customer_objects_profiling = True
        self.assertTrue(complaint.exists())
        self.assertFalse(complaint.customer_value_tier_id)

    def test_order_button(self):
        order = self._order(self.customer, fields.Date.today(), 5)
        complaint = self._complaint(order_id=order.id)
        self.assertEqual(complaint.action_open_order()["res_id"], order.id)
