from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..common.access_groups import USER_GROUP
from ..common.called_records import check_one
from ..common.own_columns import OWN_PREFETCH
from .classification_withheld_row import ADDON

WITHHELD = "classification.withheld.row"
# Texts that the program writes or that identify a row: no free text, {model: fields}.
NOT_FREE = {
    "customer.code": {"code"},
    "customer.profile": {"rfm_code"},
    "classification.tag.change": {"origin_before"},
    WITHHELD: {"model", "reference_field"},
}


class ResPartner(models.Model):
    """The rights of a natural person: objection, access and erasure.

    An objection to profiling takes effect at once: rows that classify, list or count
    the person are withheld (:class:`ClassificationWithheldRow`), and no run makes new
    ones. Taken back, the rows are there again.
    """

    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_objects_profiling = fields.Boolean(
        string="Objects to Profiling",
        copy=False,
        tracking=True,
        groups=USER_GROUP,
        help="The person objects to automated profiling: no classes, no smart tags, no "
        "campaigns. What was known is kept apart until the objection is taken back.",
        prefetch=OWN_PREFETCH,
    )
    customer_objection_date = fields.Date(
        string="Objects Since",
        copy=False,
        groups=USER_GROUP,
        prefetch=OWN_PREFETCH,
    )
    customer_objection_note = fields.Char(
        string="Objection Note",
        copy=False,
        groups=USER_GROUP,
        help="How the objection came in: by letter, by telephone, in the portal …",
        prefetch=OWN_PREFETCH,
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
        """Withhold the rows of new objectors, and restore those of former ones.

        A fixed number of queries for any number of contacts.
        """
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
        """Return the values with the day of an objection.

        Day and note are emptied where the objection is withdrawn.
        """
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

        :raises ValidationError: it names the first of them, to users who may read it
        """
        # A constraint has superuser rights, whoever writes.
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

    # Access

    def action_open_held_data(self):
        """Open the data held about this person."""
        check_one(self)
        return {
            "type": "ir.actions.act_url",
            "url": f"/customer_classification/held/{self.id}",
            "target": "new",
        }

    # Erasure

    def _erase_free_text(self):
        """Erase the free text of all rows about these contacts.

        On the contacts also that of our addons. One query a model, and one for withheld
        rows.
        """
        self.env.flush_all()
        withheld = self.env[WITHHELD].sudo()
        references = [("res.partner", "id", True), *withheld._person_fields()]
        for name, field, is_own in references:
            names = self._free_text_fields(self.env[name]) if is_own else []
            if names:
                self._erase_rows(self.env[name], field, self.ids, names)
        self.env.invalidate_all()
        for row in withheld.search([("partner_id", "in", self.ids)]):
            row.content = self._erased(row)

    def _free_text_fields(self, model):
        """Return the names of the addon's free text fields."""
        own = model._original_module.startswith(ADDON)
        return [
            field.name
            for field in model._fields.values()
            if field.type in ("char", "text", "html")
            and field.store
            and not field.compute
            and not field.related
            and field.name not in NOT_FREE.get(model._name, ())
            and (own or (field._module or "").startswith(ADDON))
        ]

    def _erase_rows(self, model, field, ids, names):
        """Erase fields of the rows that refer to some ids by ``field``.

        One query. Not through the ORM, which keeps earlier versions of decisions.
        """
        erased = [
            SQL("%s = %s", SQL.identifier(name), self._erased_text(model, name))
            for name in names
        ]
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s WHERE %s = ANY(%s)",
                SQL.identifier(model._table),
                SQL(", ").join(erased),
                SQL.identifier(field),
                ids,
            )
        )

    def _erased_text(self, model, name):
        """Return the value of an erased field: nothing, where allowed."""
        return self.env._("Erased") if model._fields[name].required else None

    def _erased(self, row):
        """The content of a withheld row without its free text."""
        if row.model not in self.env:
            return row.content
        model = self.env[row.model]
        names = set(self._free_text_fields(model)) & set(row.content)
        return {
            **row.content,
            **{name: self._erased_text(model, name) for name in names},
        }
