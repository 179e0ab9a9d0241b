import csv
import io

from openpyxl import Workbook

from ..common import ClassificationCase

COLUMNS = {
    "Customer": "partner_id",
    "Date": "date",
    "Amount": "amount",
    "Currency": "currency_id",
    "Reference": "reference",
    "Channel": "channel",
    "Margin": "margin",
    "Company": "company_id",
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Options that Odoo's screen sends before any choice.
SCREEN = {
    "has_headers": True,
    "quoting": '"',
    "separator": "",
    "encoding": "",
    "date_format": "",
    "datetime_format": "",
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
    "advanced": True,
    "keep_matches": False,
    "limit": 2000,
    "sheets": [],
    "sheet": "",
    "skip": 0,
    "tracking_disable": True,
}


class ImportCase(ClassificationCase):
    """Files of purchases, previewed and imported as Odoo's screen does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case = cls._customer("Case Customer", email="case@example.com")
        cls.purchases = cls.env["customer.purchase"]

    def _csv(self, *rows, separator=","):
        text = io.StringIO()
        csv.writer(text, delimiter=separator).writerows(rows)
        return text.getvalue()

    def _xlsx(self, *rows, formats=()):
        book = Workbook()
        for row in rows:
            book.active.append(row)
        for cell, number_format in dict(formats).items():
            book.active[cell].number_format = number_format
        content = io.BytesIO()
        book.save(content)
        return content.getvalue()

    def _wizard(self, content, model="customer.purchase"):
        is_text = isinstance(content, str)
        return self.env["base_import.import"].create(
            {
                "res_model": model,
                "file": content.encode() if is_text else content,
                "file_type": "text/csv" if is_text else XLSX,
                "file_name": "file.csv" if is_text else "file.xlsx",
            }
        )

    def _preview(self, content, **options):
        wizard = self._wizard(content)
        preview = wizard.parse_preview({**SCREEN, **options})
        self.assertNotIn("error", preview, preview.get("error"))
        return wizard, preview

    def _import(self, content, chosen=None, dryrun=False, **options):
        """Upload a file, choose options, import it and return Odoo's answer."""
        wizard, preview = self._preview(content, **options)
        fields = [COLUMNS.get(title, False) for title in preview["headers"]]
        return wizard.execute_import(
            fields,
            [title.lower() for title in preview["headers"]],
            {**SCREEN, **preview["options"], **options, **(chosen or {})},
            dryrun=dryrun,
        )

    def _imported(self, content, chosen=None, **options):
        answer = self._import(content, chosen, **options)
        self.assertEqual(answer["messages"], [])
        return self.purchases.browse(answer["ids"])

    def _amounts(self, *cells, chosen=None, separator=";"):
        """The amounts of a file with these cells, or its sentences."""
        rows = [("Case Customer", "2026-03-14", cell) for cell in cells]
        text = self._csv(("Customer", "Date", "Amount"), *rows, separator=separator)
        return self._imported(text, chosen).mapped("amount")

    def _days(self, *cells, chosen=None):
        rows = [("Case Customer", cell, "1") for cell in cells]
        text = self._csv(("Customer", "Date", "Amount"), *rows, separator=";")
        return [str(day) for day in self._imported(text, chosen).mapped("date")]

    def _refused(self, content, chosen=None, **options):
        """The sentences of a file that is refused as a whole."""
        before = self.purchases.search([])
        answer = self._import(content, chosen, **options)
        self.assertFalse(answer.get("ids"))
        self.assertEqual(self.purchases.search([]), before)
        sentences = [message["message"] for message in answer["messages"]]
        self.assertTrue(sentences)
        return sentences

    def _refused_amounts(self, *cells, chosen=None):
        rows = [("Case Customer", "2026-03-14", cell) for cell in cells]
        text = self._csv(("Customer", "Date", "Amount"), *rows, separator=";")
        return self._refused(text, chosen)

    def assertLines(self, sentences, *lines):
        """Each sentence names its line, and each line is named."""
        found = [sentence.split(":")[0] for sentence in sentences]
        self.assertEqual(found, [f"Line {line}" for line in lines], sentences)
