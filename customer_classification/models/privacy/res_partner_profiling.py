from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..customer.res_partner import USER_GROUP


class ResPartner(models.Model):
    """The objection of a natural person to profiling.

    It takes effect at once: rows that classify, list or count the person are withheld
    (:class:`ClassificationWithheldRow`), and no run makes new ones. Taken back, the
    rows are there again.
    """

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    customer_objects_profiling = fields.Boolean(
        string="Objects to Profiling",
        copy=False,
        tracking=True,
        groups=USER_GROUP,
        help="The person objects to automated profiling: no classes, no smart tags, no "
        "campaigns. What was known is kept apart until the objection is taken back.",
    )
    customer_objection_date = fields.Date(
        string="Objects Since", copy=False, groups=USER_GROUP
    )
    customer_objection_note = fields.Char(
        string="Objection Note",
        copy=False,
        groups=USER_GROUP,
        help="How the objection came in: by letter, by telephone, in the portal …",
    )

    _customer_objection_index = models.Index(
        "(id) WHERE customer_objects_profiling IS TRUE"
    )

    @api.constrains("customer_objects_profiling", "is_company")
    def _check_customer_objection(self):
        for partner in self.sudo():
            if partner.customer_objects_profiling and partner.is_company:
                raise ValidationError(
                    self.env._(
                        "%s is a company: only a natural person can object to "
                        "profiling.",
                        partner.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_objection_day(vals) for vals in vals_list])

    def write(self, vals):
        """Withhold the rows of who objects now, and give back those of who does no
        more: a fixed number of queries, whatever the number of contacts."""
        if "customer_objects_profiling" not in vals:
            return super().write(vals)
        objected = self.sudo().filtered("customer_objects_profiling")
        result = super().write(self._with_objection_day(vals))
        withheld = self.env["classification.withheld.row"].sudo()
        if vals["customer_objects_profiling"]:
            withheld._withhold(self - objected)
        else:
            withheld._give_back(objected)
        return result

    @api.model
    def _with_objection_day(self, vals):
        """The values with today where somebody objects, and without day and note where
        the objection is taken back."""
        if "customer_objects_profiling" not in vals:
            return vals
        if not vals["customer_objects_profiling"]:
            gone = ("customer_objection_date", "customer_objection_note")
            return {**vals, **dict.fromkeys(gone, False)}
        if vals.get("customer_objection_date"):
            return vals
        return {**vals, "customer_objection_date": fields.Date.context_today(self)}

    def _check_may_be_profiled(self):
        """Raise where one of the contacts, or the customer behind it, objects.

        :raises ValidationError: it names the first of them, to who may read it
        """
        # A constraint has superuser rights, whoever wrote.
        reader = self.env(su=False)
        for partner in (self | self.commercial_partner_id).sudo():
            if partner.customer_objects_profiling:
                is_seen = partner.with_env(reader).has_access("read")
                raise ValidationError(
                    self.env._(
                        "%s objects to profiling: nobody can be classified or put in "
                        "a campaign against that.",
                        partner.display_name if is_seen else self.env._("A contact"),
                    )
                )


class ClassificationOverride(models.Model):
    _inherit = "classification.override"

    @api.constrains("partner_id")
    def _check_objection(self):
        self.partner_id._check_may_be_profiled()


class CampaignParticipant(models.Model):
    _inherit = "campaign.participant"

    @api.constrains("partner_id", "contact_id")
    def _check_objection(self):
        (self.partner_id | self.contact_id)._check_may_be_profiled()
