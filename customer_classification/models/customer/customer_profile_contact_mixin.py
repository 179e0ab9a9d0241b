from odoo import api, fields, models
from odoo.exceptions import UserError

from ..classified.profile_fields import ProfileChar, ProfileMany2one
from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one, check_records

_WINDOW = "ir.actions.act_window"


class CustomerProfileContactMixin(models.AbstractModel):
    """Shows the contact of a customer, and does what people do with contacts.

    What is done is done by Odoo's own screens on the contacts, with the rights of the
    reader. The fields are the contact's, sorted and grouped through it; who may not
    read a contact does not read its profile either (``ir.rule``).
    """

    _name = "customer.profile.contact.mixin"
    _description = "Contact of a Customer"

    partner_id = fields.Many2one("res.partner")
    phone = ProfileChar(related="partner_id.phone")
    email = ProfileChar(related="partner_id.email")
    user_id = ProfileMany2one(related="partner_id.user_id", string="Salesperson")
    team_id = ProfileMany2one(
        related="partner_id.user_id.sale_team_id", string="Sales Team"
    )
    country_id = ProfileMany2one(related="partner_id.country_id")
    # A customer of two tags is in both groups: below such groups the list has no total,
    # and pivots count each customer once.
    category_ids = fields.Many2many(related="partner_id.category_id", string="Tags")

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Without the button of an app that is not there."""
        arch, view = super()._get_view(view_id, view_type, **options)
        if "sms.composer" not in self.env:
            for node in arch.xpath("//button[@name='action_sms']"):
                node.getparent().remove(node)
        return arch, view

    # The list of customers

    @api.model
    def action_open_customers(self):
        """Open the customers; a salesperson's own ones, where she has some."""
        action = self.env[_WINDOW]._for_xml_id(
            "customer_classification.customer_profile_action"
        )
        # Whoever loads the page again is to come here again.
        action.pop("path", None)
        action["context"] = {"search_default_buyers": 1}
        if self._opens_on_own():
            action["context"]["search_default_my_customers"] = 1
        return action

    @api.model
    def _opens_on_own(self):
        """Return whether the reader looks after customers of her own only.

        At most one query.
        """
        if self.env.user.has_group(MONEY_GROUP):
            return False
        own = [("partner_id.user_id", "=", self.env.uid)]
        return bool(self.env["customer.profile"].search_count(own, limit=1))

    # Actions on the contacts

    def action_tag(self):
        """Give these customers tags, or take some away."""
        return self._on_contacts(
            "customer_classification.classification_tag_wizard_action_partner"
        )

    def action_email(self):
        """Write an email to these customers: one together, or one to each."""
        check_records(self)
        ids = self.partner_id.ids
        one = {"default_composition_mode": "comment", "default_partner_ids": ids}
        many = {
            "default_composition_mode": "mass_mail",
            "default_partner_to": "{{ object.id or '' }}",
            "default_reply_to_force_new": True,
        }
        return self._on_contacts(
            "mail.action_partner_mass_mail",
            default_model="res.partner",
            default_res_ids=ids,
            default_subtype_xmlid="mail.mt_comment",
            **(one if len(ids) == 1 else many),
        )

    def action_sms(self):
        """Write an SMS to these customers."""
        check_records(self)
        if "sms.composer" not in self.env:
            raise UserError(self.env._("The app SMS is not installed."))
        ids = self.partner_id.ids
        one = {
            "default_composition_mode": "comment",
            "default_res_id": self[:1].partner_id.id,
        }
        many = {
            "default_composition_mode": "mass",
            "default_mass_keep_log": True,
            "default_res_ids": ids,
        }
        return self._on_contacts(
            "sms.res_partner_act_window_sms_composer_multi",
            default_res_model="res.partner",
            **(one if len(ids) == 1 else many),
        )

    def action_assign_salesperson(self):
        """Choose who looks after these customers."""
        return self._on_contacts(
            "customer_classification.customer_salesperson_assign_action"
        )

    def action_schedule_activity(self):
        """Schedule an activity, or a plan of several, on these customers."""
        check_records(self)
        most = self.env["mail.activity.schedule"]._batch_size
        if len(self.partner_id) > most:
            raise UserError(
                self.env._("Choose %s customers at most: each gets an activity.", most)
            )
        return self._on_contacts(
            "customer_classification.customer_profile_action_schedule_activity",
            dialog_size="large",
        )

    def action_call(self):
        """Call this customer by the telephone of the reader's device."""
        check_one(self)
        if not self.phone:
            raise UserError(self.env._("This customer has no phone number."))
        number = "".join(one for one in self.phone if one.isdigit() or one == "+")
        return {"type": "ir.actions.act_url", "url": f"tel:{number}", "target": "self"}

    def action_new_quotation(self):
        """Open a new quotation for this customer."""
        check_one(self)
        self.env["sale.order"].check_access("create")
        return {
            "type": _WINDOW,
            "name": self.env._("New Quotation"),
            "res_model": "sale.order",
            "views": [(False, "form")],
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
            },
        }

    def _on_contacts(self, xmlid, **context):
        """Return an action as it would open on the contacts of these customers."""
        check_records(self)
        contacts = self.partner_id
        contacts.check_access("read")
        action = self.env[_WINDOW]._for_xml_id(xmlid)
        action["context"] = {
            **context,
            "active_model": "res.partner",
            "active_ids": contacts.ids,
            "active_id": contacts.ids[:1] and contacts.ids[0],
        }
        return action
