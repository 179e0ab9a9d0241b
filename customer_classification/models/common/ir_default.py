from odoo import api, models

from ...schema import is_of_addons


class IrDefault(models.Model):
    """Default values of users are values of clients.

    Each internal user may keep default values for any field, and Odoo takes them for
    new records, also for those that the program creates on behalf of that user. They
    count only for fields that the user may set.
    """

    _inherit = "ir.default"

    @api.model
    def _get_model_defaults(self, model_name, condition=False):
        found = super()._get_model_defaults(model_name, condition)
        if not found:
            return found
        model = self.env[model_name]
        closed = getattr(model, "_protected_fields", ())
        if is_of_addons(model._original_module) and not hasattr(model, "_bounds"):
            closed = found  # only the program writes this model
        return {name: found[name] for name in found if name not in closed}
