from odoo import api, fields, models

PLACE = 14


class ClassificationToFix(models.Model):
    _name = "classification.to.fix"
    _inherit = ["classification.to.fix"]

    kind = fields.Selection(selection_add=[("report", "Scheduled Report")])

    @api.model
    def _queries(self):
        reports = self._error_query(PLACE, "report", "customer.report.schedule")
        return [*super()._queries(), reports]
