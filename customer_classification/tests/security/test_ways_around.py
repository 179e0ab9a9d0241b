"""Odoo's other ways to write: they are checked as ``create``, ``write``, ``unlink``.

Any user may send a context with a flag of uninstalling, keep default values for fields,
and translate them.
"""

from odoo import fields
from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..playbook_common import PlaybookCase

AS_UNINSTALLING = {MODULE_UNINSTALL_FLAG: True}
ALL_GROUPS = "sales_team.group_sale_manager,base.group_partner_manager"


class WaysAroundCase(PlaybookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._user("around_manager", ALL_GROUPS)
        cls.officer = cls._user(
            "around_officer", "customer_classification.group_officer"
        )


@tagged("post_install", "-at_install")
class TestFlagOfUninstalling(WaysAroundCase):
    """The context of a client does not switch off what refuses a deletion."""

    def _kept(self):
        """Records that nobody may delete."""
        customer = self._regular("Kept", 100)
        run = self._recompute()
        own = {"partner_id": customer.id, "company_id": self.company.id}
        decision = self.env["classification.override"].create(
            {**own, "axis": "value_tier", "tier_id": self._tier("vip").id}
            | {"reason": "Known better"}
        )
        code = self.env["customer.code"].create({**own, "code": "K-1"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE customer_code SET create_date = '2020-01-01' WHERE id = %s",
            [code.id],
        )
        self.env.invalidate_all()
        tag = self.env["res.partner.category"].create({"name": "Kept"})
        tag.create({"name": "Below", "parent_id": tag.id})
        segment = self.policy.segment_ids.segment_id[:1]
        return [
            *(self.policy, self.policy.customer_rules_id, self.policy.tier_ids[0]),
            *(run, decision, code, tag, segment, self._tier("vip")),
            self.env.ref("customer_classification.customer_lifecycle_stage_new"),
        ]

    def test_nothing_that_is_kept_is_deleted(self):
        for record in self._kept():
            for context in ({}, AS_UNINSTALLING):
                own = record.with_user(self.manager).with_context(**context)
                with self.subTest(record._name, context=context):
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        own.unlink()
                    self.assertTrue(record.exists())

    def test_methods_that_delete_with_more_rights(self):
        """Superuser rights keep the context, and whose it is."""
        own = self.policy.with_user(self.manager).with_context(**AS_UNINSTALLING)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            own.sudo().unlink()

    def test_uninstalling_deletes(self):
        tag = self.env["res.partner.category"].create({"name": "Gone"})
        tag.create({"name": "Below", "parent_id": tag.id})
        root = self.env(user=self.env.ref("base.user_root").id)
        tag.with_env(root).with_context(**AS_UNINSTALLING).unlink()
        self.assertFalse(tag.exists())
