from odoo import api, fields, models
from odoo.tools import format_date, format_datetime, formatLang

from ..common.access_groups import MONEY_GROUP
from .classification_withheld_row import ADDON

# Fields without data about a person.
TECHNICAL = {
    *("id", "display_name", "create_uid", "create_date", "write_uid", "write_date"),
    *("content_hash", "partner_id"),
}
SHOWN_TYPES = {
    *("char", "text", "integer", "float", "monetary", "boolean", "date", "datetime"),
    *("selection", "many2one"),
}
WITHHELD = "classification.withheld.row"
# Its rows are shown as changes.
FIRST_CLASSES = "classification.first.class"


class CustomerHeldData(models.AbstractModel):
    """All that is held about a person, for the person's right of access.

    *How it works*: the models are those of the registry that refer to a contact, so
    that no list has to be kept up; of each, the stored fields and the sentences. Rows
    are read with superuser rights, because nobody reads all models: the caller has
    checked that the reader may see the contact. Rows of other companies are left out,
    and so are fields of groups that the reader does not have, as amounts; to the
    person, everything is shown.

    *Query budget*: a few for each model, whatever the number of rows.
    """

    _name = "customer.held.data"
    _description = "Data Held About a Person"

    @api.model
    def _held(self, partner):
        """Return ``{"contact": name, "date": day, "sections": [...]}``.

        Fit for JSON. A section is ``{"model": name, "title": text, "is_withheld": bool,
        "rows": [...]}``; a row is a list of ``{"name", "label", "value", "text"}`` of
        the fields that are not empty or zero.
        """
        is_subject = self.env.user.partner_id == partner
        contact = partner.sudo()
        sections = [self._section(contact, self._contact_fields(is_subject))]
        for name, records in self._records(contact, is_subject):
            if name == WITHHELD:
                sections += self._withheld_sections(records, is_subject)
            else:
                names = self._field_names(records, is_subject)
                sections.append(self._section(records, names))
        return {
            "contact": contact.display_name,
            "contact_id": contact.id,
            "date": fields.Date.to_string(fields.Date.context_today(self)),
            "sections": [section for section in sections if section["rows"]],
        }

    # Display

    @api.model
    def _records(self, contact, is_subject):
        """Return the records about a contact by model.

        ``[(name of the model, records)]``: a search a reference.
        """
        found = {}
        for name, field, __ in self.env[WITHHELD]._person_fields():
            model = self.env[name].sudo().with_context(active_test=False)
            if name == FIRST_CLASSES:
                continue
            domain = [(field, "=", contact.id)]
            if "company_id" in model._fields and not is_subject:
                domain.append(("company_id", "in", [False, *self.env.companies.ids]))
            found[name] = found.get(name, model) | model.search(domain)
        return found.items()

    @api.model
    def _withheld_sections(self, rows, is_subject):
        """The rows kept apart while the person objects, as they were."""
        sections = []
        for name, its in rows.grouped("model").items():
            if name not in self.env:
                continue
            model = self.env[name].sudo()
            names = self._field_names(model, is_subject, with_sentences=False)
            records = model.browse()
            for content in its.filtered(lambda row: not row.reference_field).mapped(
                "content"
            ):
                if self._is_visible(content, is_subject):
                    records += model.new({one: content.get(one) for one in names})
            sections.append({**self._section(records, names), "is_withheld": True})
        return sections

    @api.model
    def _is_visible(self, content, is_subject):
        company = content.get("company_id")
        return is_subject or not company or company in self.env.companies.ids

    @api.model
    def _contact_fields(self, is_subject):
        """Names of the stored fields of the addon on contacts, and the tags."""
        model = self.env["res.partner"]
        own = [
            field.name
            for field in model._fields.values()
            if field.store
            and (field._module or "").startswith(ADDON)
            and self._is_shown(model, field, is_subject)
        ]
        return [*own, "category_id"]

    @api.model
    def _field_names(self, model, is_subject, with_sentences=True):
        """Return the names of a model's fields with data about a person."""
        return [
            field.name
            for field in model._fields.values()
            if self._is_shown(model, field, is_subject)
            and (field.store or with_sentences and self._is_sentence(field))
        ]

    @api.model
    def _is_shown(self, model, field, is_subject):
        if field.name in TECHNICAL or field.type not in SHOWN_TYPES:
            return False
        if field.comodel_name == "res.currency":
            return False
        if is_subject:
            return True
        groups = MONEY_GROUP if field.type == "monetary" else field.groups
        return not groups or self.env.user.has_groups(groups)

    @api.model
    def _is_sentence(self, field):
        return field.type == "char" and field.compute and not field.related

    # How it is shown

    @api.model
    def _section(self, records, names):
        return {
            "model": records._name,
            "title": self.env["ir.model"]._get(records._name).sudo().name,
            "is_withheld": False,
            "rows": [self._row(record, names) for record in records],
        }

    @api.model
    def _row(self, record, names):
        return [
            {
                "name": name,
                "label": record._fields[name]._description_string(self.env),
                "value": self._value(record[name]),
                "text": self._text(record, record._fields[name]),
            }
            for name in names
            if record[name]
        ]

    @api.model
    def _value(self, value):
        """The value as JSON has it."""
        if isinstance(value, models.BaseModel):
            return value.mapped("display_name")
        if hasattr(value, "isoformat"):
            return value.isoformat()
        return value

    @api.model
    def _text(self, record, field):
        """The value as the reader reads it."""
        value = record[field.name]
        if isinstance(value, models.BaseModel):
            return ", ".join(value.mapped("display_name"))
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, value)
        if field.type == "boolean":
            return self.env._("Yes")
        if field.type == "date":
            return format_date(self.env, value)
        if field.type == "datetime":
            return format_datetime(self.env, value)
        if field.type == "monetary":
            currency = record[field.get_currency_field(record)]
            return formatLang(self.env, value, currency_obj=currency)
        if field.type == "float":
            return formatLang(self.env, value)
        return str(value)
