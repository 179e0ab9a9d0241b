from odoo import api, models
from odoo.tools import formatLang

from ..common.access_groups import MONEY_GROUP


class ReportSheetMixin(models.AbstractModel):
    """Report of sheets, each a title, sentences and tables of texts.

    The texts are in the language of the environment, so that the same sheet is printed
    and mailed. Amounts are left out for readers who may not see all sales.
    """

    _name = "report.sheet.mixin"
    _inherit = ["report.handover.mixin"]
    _description = "Report of Sheets"

    @api.model
    def _values(self, records):
        return {"sheets": self._sheets(records)}

    @api.model
    def _sheets(self, records):
        """Return a list of sheets.

        A sheet is a dict of ``title``, ``company``, ``lines`` (sentences), ``tables``
        and ``url`` (where the records behind the numbers are).
        """
        raise NotImplementedError

    @api.model
    def _sheet_table(self, title, columns, rows, empty=""):
        """Return a table of texts.

        :param columns: list of ``(label, whether it is a number)``
        :param empty: what is said instead of a table without rows
        """
        return {"title": title, "columns": columns, "rows": rows, "empty": empty}

    @api.model
    def _sees_money(self):
        return self.env.user.has_group(MONEY_GROUP)

    @api.model
    def _money(self, value, currency):
        return formatLang(self.env, value or 0, currency_obj=currency)

    @api.model
    def _count(self, value):
        return formatLang(self.env, value or 0, digits=0)

    @api.model
    def _percent(self, part, whole):
        """Return a share of 100 as text, a dash of nothing."""
        if not whole:
            return "-"
        return self.env._("%s %%", formatLang(self.env, 100 * part / whole, digits=1))

    @api.model
    def _label(self, model, name):
        return self.env[model]._fields[name]._description_string(self.env)

    @api.model
    def _url(self, record):
        return f"{record.get_base_url()}/odoo/{record._name}/{record.id}"
