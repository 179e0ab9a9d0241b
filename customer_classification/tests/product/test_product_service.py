from psycopg2 import Error as DatabaseError

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ProductCase


@tagged("post_install", "-at_install")
class TestProductService(ProductCase):
    """Service type and delivery mode belong to services alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.training = cls.env.ref(
            "customer_classification.product_service_type_training"
        )
        cls.service = cls._product(
            "Course",
            type="service",
            product_service_type_id=cls.training.id,
            product_delivery_mode="remote",
        )

    def test_shown_for_services_only(self):
        form = Form(self.env["product.template"])
        form.name = "New"
        form.type = "service"
        form.product_service_type_id = self.training
        form.product_delivery_mode = "hybrid"
        product = form.save()
        self.assertEqual(product.product_service_type_id, self.training)

    def test_becomes_a_good(self):
        self.service.type = "consu"
        self.assertFalse(self.service.product_service_type_id)
        self.assertFalse(self.service.product_delivery_mode)

    def test_goods_have_none(self):
        with self.assertRaisesRegex(ValidationError, "no service"):
            self._product("Chair", product_delivery_mode="remote")

    def test_types_are_counted_and_opened(self):
        self.assertEqual(self.training.product_count, 1)
        action = self.training.action_open_products()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, self.service)

    def test_used_type_is_not_deleted(self):
        with (
            self.assertRaises(DatabaseError),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            self.training.unlink()

    def test_rights(self):
        user = self._user("service_reader", "base.group_user")
        self.assertEqual(self.training.with_user(user).name, "Training")
        with self.assertRaises(AccessError):
            self.training.with_user(user).name = "Other"
        officer = self._user("service_officer", "customer_classification.group_officer")
        self.training.with_user(officer).name = "Schooling"
