from odoo import models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.called_records import check_one

ADDON = "customer_classification"
# Decisions explain past classes and are never deleted: their text is erased.
DECISIONS = ("classification.override", "product.class.override")


class PrivacyLookupWizard(models.TransientModel):
    """Find rows that belong to a contact and free text that names a person.

    Odoo leaves out the rows that go with a contact.
    """

    _inherit = "privacy.lookup.wizard"

    def _get_query(self):
        queries = [super()._get_query(), *self._classification_queries()]
        # A row may name the person in several ways.
        return SQL(
            "SELECT DISTINCT res_model_id, res_id, is_active FROM (%s) found",
            SQL(" UNION ALL ").join(queries),
        )

    def _classification_queries(self):
        """Yield a query for each model of ours with rows about persons."""
        for name, model in self.env.items():
            if conditions := self._classification_conditions(name, model):
                yield self._rows_query(model, conditions)

    def _rows_query(self, model, conditions):
        return SQL(
            "SELECT %s, id, %s FROM %s AS %s WHERE %s",
            self.env["ir.model"]._get_id(model._name),
            SQL("active") if "active" in model._fields else True,
            model._table_sql,  # of changes, with the first ones
            SQL.identifier(model._table),
            SQL(" OR ").join(conditions),
        )

    def _classification_conditions(self, name, model):
        """Return SQL conditions of the rows about the person.

        Rows of one of our models that are about the person, or name it.
        """
        if not model._original_module.startswith(ADDON):
            return []
        if not model._auto or model._transient or model._abstract:
            return []
        return [
            *self._reference_conditions(name),
            *self._text_conditions(model),
        ]

    def _reference_conditions(self, model):
        fields = self.env["classification.withheld.row"]._person_fields()
        return [
            SQL(
                "%s IN (SELECT id FROM indirect_references)",
                SQL.identifier(name),
            )
            for of, name, __ in fields
            if of == model
        ]

    def _text_conditions(self, model):
        words = [self.name.strip(), self.email.strip()]
        patterns = [f"%{_escaped(word)}%" for word in words if word]
        return [
            SQL("%s::text ILIKE ANY(%s)", SQL.identifier(field.name), patterns)
            for field in model._fields.values()
            if field.type in ("char", "text", "html", "json") and field.column_type
            if field.store and not field.translate
        ]


class PrivacyLookupWizardLine(models.TransientModel):
    """Erase free text with archived records, and where a row must stay."""

    _inherit = "privacy.lookup.wizard.line"

    def _onchange_is_active(self):
        result = super()._onchange_is_active()
        archived = self.filtered(
            lambda line: line.res_model == "res.partner" and not line.is_active
        )
        contacts = self.env["res.partner"].sudo().browse(archived.mapped("res_id"))
        contacts._erase_free_text()
        return result

    def action_unlink(self):
        """Erase the text of a decision, which is never deleted."""
        check_one(self)
        if self.res_model not in DECISIONS or self.is_unlinked:
            return super().action_unlink()
        self._erase_decision()
        self.execution_details = self.env._(
            "Text erased of %(model)s #%(number)s",
            model=self.res_model_id.name,
            number=self.res_id,
        )
        self.is_unlinked = True
        return None

    def _erase_decision(self):
        decision = self.env[self.res_model].sudo().browse(self.res_id)
        self.env.flush_all()
        contacts = self.env["res.partner"].sudo()
        contacts._erase_rows(decision, "id", decision.ids, ["reason"])
        decision.invalidate_recordset()


def _escaped(text):
    """The text in a pattern of LIKE."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
