from odoo import models

from odoo.addons.base_import.models.base_import import ImportValidationError


class BaseImportImport(models.TransientModel):
    """Names the lines of a file of purchases whose amount is no number."""

    _inherit = "base_import.import"

    def _parse_float_from_data(self, data, index, name, options):
        """Odoo refuses the whole column and leaves it to people to find the cell."""
        if self.res_model != "customer.purchase":
            return super()._parse_float_from_data(data, index, name, options)
        cells = [line[index] for line in data]
        try:
            return super()._parse_float_from_data(data, index, name, options)
        except ImportValidationError as error:
            raise self._number_error(cells, name, options) from error

    def _number_error(self, cells, name, options):
        """The error that names the first line with something else than a number."""
        for number, cell in enumerate(cells, 1):
            try:
                super()._parse_float_from_data([[cell]], 0, name, options)
            except ImportValidationError:
                label = self.env[self.res_model]._fields[name]
                return ImportValidationError(
                    self.env._(
                        "Line %(line)s: “%(value)s” in the column %(column)s is not "
                        "a number.",
                        line=number,
                        value=cell,
                        column=label._description_string(self.env),
                    ),
                    field=name,
                    field_type=label.type,
                )
