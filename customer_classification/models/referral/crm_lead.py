from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..common.access_groups import USER_GROUP


class CrmLead(models.Model):
    """Leads know who recommended us, and hand it on to their customer."""

    _name = "crm.lead"
    _inherit = ["crm.lead"]

    customer_referrer_id = fields.Many2one(
        "res.partner",
        string="Recommended By",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        copy=False,
        groups=USER_GROUP,
        help="The contact who recommended you. The customer gets it with the lead's "
        "conversion, unless somebody else is known or the customer had bought before.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        partners = self.env["res.partner"]
        given = [*vals_list, *partners._referrer_defaults(self._name)]
        partners._check_referrer_read(given)
        return super().create(vals_list)

    def write(self, vals):
        self.env["res.partner"]._check_referrer_read([vals])
        return super().write(vals)

    def _merge_get_fields(self):
        return [*super()._merge_get_fields(), "customer_referrer_id"]

    def _handle_partner_assignment(self, *args, **kwargs):
        result = super()._handle_partner_assignment(*args, **kwargs)
        self._hand_on_referrer()
        return result

    def _hand_on_referrer(self):
        """Tell customers who recommended us, where nobody is known yet.

        Of somebody who had bought before the lead, nobody brought us the customer. One
        query for the profiles; a refused recommendation does not stop the conversion.
        """
        leads = self.filtered(lambda one: one.customer_referrer_id and one.partner_id)
        customers = leads.partner_id.commercial_partner_id
        profiles = self.env["customer.profile"].sudo()
        bought = dict(
            profiles._read_group(
                [("partner_id", "in", customers.ids)],
                ["partner_id"],
                ["first_purchase_date:min"],
            )
        )
        for lead in leads:
            customer = lead.partner_id.commercial_partner_id
            first = bought.get(customer)
            is_known = customer.customer_referrer_id or (
                first and first < lead.create_date.date()
            )
            if not is_known and customer.has_access("write"):
                lead._tell_referrer(customer)

    def _tell_referrer(self, customer):
        try:
            with self.env.cr.savepoint():
                customer.customer_referrer_id = self.customer_referrer_id
        except ValidationError:
            customer.invalidate_recordset(["customer_referrer_id"])
