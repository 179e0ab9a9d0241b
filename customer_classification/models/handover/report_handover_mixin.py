from odoo import api, models
from odoo.exceptions import AccessError

from ..common.access_groups import INSIGHT_GROUP
from ..common.called_records import check_records


class ReportHandoverMixin(models.AbstractModel):
    """Print records for users of this addon who may read them.

    Odoo's own route of reports asks for a login only, so that each report checks who
    reads it.
    """

    _name = "report.handover.mixin"
    _description = "Report to Hand Over"
    _printed_model = None

    @api.model
    def _get_report_values(self, docids, data=None):
        """Return the values of the template.

        :raises AccessError: the reader is no user of this addon, or may not read one
            of the records
        """
        if not self.env.user.has_group(INSIGHT_GROUP):
            raise AccessError(self.env._("You may not print this."))
        records = self.env[self._printed_model].browse(docids)
        check_records(records)
        return {"docs": records, **self._values(records)}

    @api.model
    def _values(self, records):
        """Return further values of the template for checked records."""
        raise NotImplementedError
