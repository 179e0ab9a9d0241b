from odoo import models

from .import_file import imported_file


class IrFieldsConverter(models.AbstractModel):
    """Take the records of imported purchases as found for all lines at once.

    Odoo asks the database again for each of them.
    """

    _inherit = "ir.fields.converter"

    def db_id_for(self, model, field, subfield, value, savepoint):
        found = subfield == ".id" and imported_file(self.env)
        if found and model._name == "customer.purchase" and field.name in found.known:
            return int(value), []
        return super().db_id_for(model, field, subfield, value, savepoint)
