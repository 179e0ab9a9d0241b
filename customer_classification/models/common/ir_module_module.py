from odoo import models


class IrModuleModule(models.Model):
    _inherit = "ir.module.module"

    def _leaving_names(self):
        """Names of the modules that are being uninstalled: one query."""
        return set(self.search([("state", "=", "to remove")]).mapped("name"))
