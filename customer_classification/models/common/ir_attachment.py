from odoo import api, models
from odoo.fields import Domain


class IrAttachment(models.Model):
    """Conditions on what files refer to are read with the reader's rights.

    Odoo looks at them as superuser, so that a condition on the revenue of whoever made
    a file would tell it to any user.
    """

    _inherit = "ir.attachment"

    @api.model
    def _search(self, domain, *args, bypass_access=False, **kwargs):
        if not (self.env.su or bypass_access):
            domain = Domain(domain).map_conditions(self._as_seen)
        return super()._search(domain, *args, bypass_access=bypass_access, **kwargs)

    @api.model
    def _as_seen(self, condition):
        """Return a condition on other records as one on those that are found."""
        name, __, path = condition.field_expr.partition(".")
        field, value = self._fields.get(name), condition.value
        if not (field and field.comodel_name):
            return condition
        if path:
            records = Domain(path, condition.operator, value)
        elif condition.operator in ("any", "not any"):
            records = value
        else:
            return condition
        if not isinstance(records, Domain | list | tuple):
            return condition  # a query of the program
        model = self.env[field.comodel_name].with_context(active_test=False)
        operator = "not in" if condition.operator == "not any" else "in"
        return Domain(name, operator, model._search(records))
