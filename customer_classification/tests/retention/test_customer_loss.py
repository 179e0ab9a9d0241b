from datetime import date, timedelta

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestCustomerLoss(ClassificationCase):
    """Why a customer was lost, once for each time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.policy = cls._policy(cls.company)
        cls.gone = cls._regular("Gone", 100, until=AS_OF - timedelta(days=900))
        cls.here = cls._regular("Here", 100)
        cls._recompute(AS_OF - timedelta(days=890))
        cls._recompute()
        cls.price = cls.env.ref("customer_classification.customer_lost_reason_price")
        cls.seller = cls._user("loss-seller", "customer_classification.group_user")
        cls.other = cls._user("loss-other", "customer_classification.group_user")

    def _loss(self, partner, user=None, **values):
        model = self.env["customer.loss"].with_company(self.company)
        if user:
            model = model.with_user(user).with_context(
                allowed_company_ids=self.company.ids
            )
        return model.create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "reason_id": self.price.id,
                **values,
            }
        )

    def test_day_is_found_by_the_program(self):
        loss = self._loss(self.gone, self.seller)
        changes = self.env["classification.change"].search(
            [("partner_id", "=", self.gone.id), ("to_stage_id.code", "=", "lost")]
        )
        self.assertEqual(loss.lost_date, changes.valid_date)
        self.assertEqual(loss.user_id, self.seller)
        with self.assertRaises(AccessError):
            self._loss(self.gone, self.seller, lost_date=date(2001, 1, 1))

    def test_only_who_is_lost(self):
        with self.assertRaisesRegex(UserError, "Here is not lost"):
            self._loss(self.here)

    def test_contacts_stand_for_their_company(self):
        contact = self._customer("Contact", parent_id=self.gone.id)
        self.assertEqual(self._loss(contact).partner_id, self.gone)

    def test_filter_that_cannot_be_read(self):
        """Reasons are shown also where nobody knows what was bought since."""
        loss = self._loss(self.gone)
        self._purchase(self.gone, loss.lost_date + timedelta(days=9), 7)
        self.assertEqual(loss.recovered_revenue, 7)
        self.env.flush_all()
        query = "UPDATE classification_policy SET sale_domain = %s WHERE id = %s"
        self.env.cr.execute(SQL(query, "[('gone', '=', 1)]", self.policy.id))
        self.env.invalidate_all()
        self.assertFalse(loss.recovered_date)
        self.assertFalse(loss.recovered_revenue)

    def test_merged_customers_keep_all_reasons(self):
        """The one that both have once, and those that one has."""
        twin = self._customer("Twin")
        quality = self.env.ref("customer_classification.customer_lost_reason_quality")
        kept = self._loss(self.gone, note="Kept")
        earlier = kept.lost_date - timedelta(days=400)
        self._loss(twin, lost_date=kept.lost_date, reason_id=quality.id)
        other = self._loss(twin, lost_date=earlier, note="Also kept")
        merge = self.env["base.partner.merge.automatic.wizard"].create({})
        merge._merge([self.gone.id, twin.id], self.gone)
        found = self.env["customer.loss"].search([("partner_id", "=", self.gone.id)])
        self.assertEqual(found, kept | other)

    def test_customer_of_the_context(self):
        model = self.env["customer.loss"].with_user(self.seller)
        given = {"default_partner_id": self.gone.id}
        loss = model.with_context(**given).create({"reason_id": self.price.id})
        self.assertEqual(loss.partner_id, self.gone)

    def test_once(self):
        self._loss(self.gone)
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self._loss(self.gone)

    def test_others_may_not_change_it(self):
        loss = self._loss(self.gone, self.seller)
        loss.with_user(self.seller).note = "Too dear"
        for call in (lambda one: one.write({"note": "x"}), lambda one: one.unlink()):
            with self.assertRaises(AccessError):
                call(loss.with_user(self.other))
        for values in ({"lost_date": date(2001, 1, 1)}, {"user_id": self.other.id}):
            with self.assertRaises(AccessError):
                loss.with_user(self.seller).write(values)

    def test_recovered(self):
        loss = self._loss(self.gone)
        self.assertFalse(loss.recovered_date)
        self.assertEqual(loss.recovered_revenue, 0)
        when = loss.lost_date + timedelta(days=3)
        self._purchase(self.gone, when, 70)
        self._purchase(self.gone, when + timedelta(days=1), -20)
        loss.invalidate_recordset()
        self.assertEqual(loss.recovered_date, when)
        self.assertEqual(loss.recovered_revenue, 50)

    def test_reasons_count_those_below(self):
        reasons = self.env["customer.lost.reason"]
        above = reasons.create({"name": "Above"})
        below = reasons.create({"name": "Below", "parent_id": above.id})
        self._loss(self.gone, reason_id=below.id)
        self.assertEqual((above + below).mapped("loss_count"), [1, 1])
        self.assertEqual(below.complete_name, "Above / Below")
        action = above.action_open_losses()
        found = self.env["customer.loss"].search(action["domain"])
        self.assertEqual(found.partner_id, self.gone)
        with self.assertRaises(UserError):
            above.parent_id = below

    def test_button_of_the_customer(self):
        profile = self._profile(self.gone)
        self.assertTrue(profile.is_lost)
        self.assertFalse(self._profile(self.here).is_lost)
        action = profile.action_open_loss()
        self.assertFalse(action["res_id"])
        model = self.env["customer.loss"].with_context(**action["context"])
        with Form(model) as form:
            form.reason_id = self.price
        self.assertEqual(profile.action_open_loss()["res_id"], form.record.id)

    def test_reason_in_the_churn_rate(self):
        loss = self._loss(self.gone)
        rows = (
            self.env["classification.churn"]
            .with_company(self.company)
            .with_context(
                history_date=str(loss.lost_date), allowed_company_ids=self.company.ids
            )
            .search([("partner_id", "=", self.gone.id), ("is_lost", "=", True)])
        )
        self.assertEqual(rows.reason_id, self.price)

    def test_queries(self):
        losses = self._loss(self.gone)
        losses.invalidate_recordset()
        losses.mapped("partner_id.name")
        with self.assertQueryCount(5):
            losses.mapped("recovered_revenue")
