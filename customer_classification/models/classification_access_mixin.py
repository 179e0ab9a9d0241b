from odoo import models


class ClassificationAccessMixin(models.AbstractModel):
    """Rows that people write, and that stay within the record rules.

    Odoo asks the rules before it writes, about the row as it was: a client could move
    a row into a company, or to a contact, that the client may not see.
    """

    _name = "classification.access.mixin"
    _description = "Row That Stays Within the Record Rules"

    def write(self, vals):
        result = super().write(vals)
        names = self._fields.keys() & vals
        if any(self._fields[name].type == "many2one" for name in names):
            self.check_access("write")
        return result
