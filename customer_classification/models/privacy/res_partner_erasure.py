from odoo import models
from odoo.tools import SQL

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
    """Erases what people wrote about a person, for a contact that is anonymised."""

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    def _erase_free_text(self):
        """Erase the free text of all rows about these contacts, and on the contacts
        that of the addon: one query a model, and one for what is withheld."""
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
        """Names of the fields of the addon in which people write what they like."""
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
        """Erase fields of the rows in whose ``field`` one of some ids stands: one
        query. Not through the ORM, which keeps what decisions said before."""
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
        """What stands in a field afterwards: nothing, where it may be empty."""
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
