from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

# {scale: (worst, best)}
SCALES = {"5": (1, 5), "10": (0, 10), "100": (0, 100), "3": (1, 3)}


class CustomerFeedbackAboutMixin(models.AbstractModel):
    """Whose feedback it is, and about what.

    Nobody is asked or counted who works for us, or who objects to profiling.
    """

    _name = "customer.feedback.about.mixin"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Feedback of a Customer About Something"
    _check_company_auto = True
    _fixed_fields = frozenset({"partner_id", "company_id"})
    _read_references = (
        *("partner_id", "contact_id", "order_id", "product_tmpl_id", "complaint_id"),
    )

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Who",
        ondelete="set null",
        index="btree_not_null",
        domain="[('commercial_partner_id', '=', partner_id)]",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="About Product",
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )
    order_id = fields.Many2one(
        "sale.order",
        string="About Order",
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
        domain="[('partner_id.commercial_partner_id', '=', partner_id)]",
    )
    complaint_id = fields.Many2one(
        "customer.complaint",
        string="About Complaint",
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
        domain="[('partner_id', '=', partner_id)]",
    )
    salesperson_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")

    @api.constrains("partner_id", "contact_id", "order_id", "complaint_id")
    def _check_customer(self):
        for one in self.sudo():
            whose = one.contact_id | one.order_id.partner_id
            whose |= one.complaint_id.partner_id
            if whose.commercial_partner_id - one.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "Contact, order and complaint of feedback are those of its "
                        "customer."
                    )
                )

    @api.model
    def _completed_for_create(self, vals_list):
        """Complete the values with the commercial partner: two queries."""
        names = ("partner_id", "contact_id")
        vals_list = self._with_context_values(
            super()._completed_for_create(vals_list), names
        )
        ids = {vals.get(name) for vals in vals_list for name in names}
        self._check_may_count(self.env["res.partner"].sudo().browse(filter(None, ids)))
        return [self._with_customer(vals) for vals in vals_list]

    @api.model
    def _with_customer(self, vals):
        """Put the commercial partner in the place of one of its contacts."""
        if not vals.get("partner_id"):
            return vals
        contact = self.env["res.partner"].sudo().browse(vals["partner_id"])
        customer = contact.commercial_partner_id
        who = vals.get("contact_id") or (contact != customer and contact.id)
        return {**vals, "partner_id": customer.id, "contact_id": who}

    @api.model
    def _our_people(self, persons):
        """Return our companies and users among these: two queries."""
        companies = self.env["res.company"].sudo()
        companies = companies.search([("partner_id", "in", persons.ids)])
        users = self.env["res.users"].sudo().with_context(active_test=False)
        users = users.search([("partner_id", "in", persons.ids), ("share", "=", False)])
        return companies.partner_id | users.partner_id

    @api.model
    def _check_may_count(self, partners):
        """Refuse people of our own companies, and who objects to profiling."""
        persons = partners | partners.commercial_partner_id
        ours = self._our_people(persons)
        for partner in persons:
            if partner in ours:
                raise UserError(
                    self.env._(
                        "%s belongs to us: only what customers say is counted.",
                        partner.display_name,
                    )
                )
            if partner.customer_objects_profiling:
                raise UserError(
                    self.env._(
                        "%s objects to profiling: no feedback is asked for or kept.",
                        partner.display_name,
                    )
                )
