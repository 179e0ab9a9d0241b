import io
import json

from werkzeug.exceptions import BadRequest, Forbidden

from odoo import http
from odoo.http import content_disposition, request

from ..models.common.arguments import as_ids
from ..models.overview.overview_sheets import BLOCKS, COLUMNS, sheets

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class OverviewController(http.Controller):
    """The numbers of the overview as a file."""

    @http.route(
        "/customer_classification/overview.xlsx",
        type="http",
        auth="user",
        readonly=True,
    )
    def overview_xlsx(self, filters="{}", companies="[]"):
        """Return a sheet for each block, for who may export.

        :param filters: JSON of the filters of ``customer.overview.get_blocks``
        :param companies: JSON of the ids of the companies that are switched on
        :raises Forbidden: the user may not export
        :raises BadRequest: this is no JSON
        """
        if not request.env.user.has_group("base.group_allow_export"):
            raise Forbidden()
        if own := as_ids(request.env, "res.company", _read(companies)):
            request.update_context(allowed_company_ids=own)
        filters = _read(filters)
        answer = request.env["customer.overview"].get_blocks(list(BLOCKS), filters)
        name = f"overview {answer['filters']['to_date']}.xlsx"
        return request.make_response(
            _workbook(sheets(answer["blocks"])),
            headers=[
                ("Content-Type", XLSX),
                ("Content-Disposition", content_disposition(name)),
            ],
        )


def _read(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadRequest() from error


def _workbook(tables):
    """Return the file of ``{sheet: rows}``.

    Names are written as text: none of them is taken for a formula or a link.
    """
    import xlsxwriter

    output = io.BytesIO()
    as_text = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(output, {"in_memory": True, **as_text}) as book:
        bold = book.add_format({"bold": True})
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, COLUMNS[name], bold)
            for place, row in enumerate(rows, 1):
                sheet.write_row(place, 0, row)
    return output.getvalue()
