import csv
import io
from datetime import date

from openpyxl import Workbook

from odoo.tests import tagged
from odoo.tools import file_open, mute_logger

from ..common import AS_OF, ClassificationCase

HEADER = ("Customer", "Date", "Amount", "Reference", "Channel")
FIELDS = ("partner_id", "date", "amount", "reference", "channel")
OPTIONS = {
    "has_headers": True,
    "quoting": '"',
    "separator": ",",
    "encoding": "utf-8",
    "date_format": "%Y-%m-%d",
    "datetime_format": "%Y-%m-%d %H:%M:%S",
    "float_thousand_separator": ",",
    "float_decimal_separator": ".",
}


@tagged("post_install", "-at_install")
class TestPurchaseImport(ClassificationCase):
    """Odoo's own import screen with files of purchases."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jane = cls._customer("Jane Importer")
        cls.acme = cls._customer("Acme Importing", is_company=True)

    # Files

    def _csv(self, rows):
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        return text.getvalue().encode(), "text/csv"

    def _xlsx(self, rows):
        book = Workbook()
        for row in rows:
            book.active.append(row)
        content = io.BytesIO()
        book.save(content)
        return (
            content.getvalue(),
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )

    def _wizard(self, content, file_type):
        return self.env["base_import.import"].create(
            {
                "res_model": "customer.purchase",
                "file": content,
                "file_type": file_type,
                "file_name": "purchases",
            }
        )

    def _import(self, *rows, fields=FIELDS, header=HEADER, make=None, **options):
        """Import lines as the screen does; return Odoo's answer."""
        content, file_type = (make or self._csv)([header, *rows])
        wizard = self._wizard(content, file_type)
        return wizard.execute_import(list(fields), list(header), {**OPTIONS, **options})

    def _imported(self, *rows, **options):
        """Import lines that must not be refused; return the purchases."""
        answer = self._import(*rows, **options)
        self.assertFalse(answer["messages"])
        return self.env["customer.purchase"].browse(answer["ids"])

    def _refused(self, *rows, **options):
        """Import lines that must be refused as a whole; return the messages."""
        before = self.env["customer.purchase"].search([])
        answer = self._import(*rows, **options)
        self.assertFalse(answer.get("ids"))
        self.assertEqual(self.env["customer.purchase"].search([]), before)
        self.assertTrue(answer["messages"])
        for message in answer["messages"]:
            self.assertEqual(message["type"], "error")
        return answer["messages"]

    # Accepted

    def test_lines_become_purchases(self):
        purchases = self._imported(
            ("Jane Importer", "2025-03-14", "249.90", "W-1", "shop"),
            ("Acme Importing", "2025-03-15", "1,250.00", "W-2", "shop"),
            ("Jane Importer", "2025-03-16", "-49.90", "W-3", "shop"),
        )
        self.assertEqual(purchases.mapped("amount"), [249.9, 1250, -49.9])
        self.assertEqual(purchases.partner_id, self.jane + self.acme)
        self.assertEqual(purchases[0].date, date(2025, 3, 14))
        self.assertEqual(purchases.company_id, self.company)
        self.assertEqual(purchases.currency_id, self.company.currency_id)
        self._recompute()
        self.assertEqual(self._profile(self.jane).revenue, 200)

    def test_currencies_and_accounting_style(self):
        usd = self._rate("USD", "2025-01-01", 2)
        header = (*HEADER, "Currency")
        purchases = self._imported(
            ("Jane Importer", "2025-03-14", "$ 100", "W-1", "shop", "USD"),
            ("Jane Importer", "2025-03-15", "(40.00)", "W-2", "shop", "EUR"),
            header=header,
            fields=(*FIELDS, "currency_id"),
        )
        self.assertEqual(purchases[0].currency_id, usd)
        self.assertEqual(purchases.mapped("company_amount"), [50, -40])

    def test_xlsx(self):
        purchases = self._imported(
            ("Jane Importer", date(2025, 3, 14), 249.9, "W-1", "shop"),
            ("Acme Importing", date(2025, 3, 15), 1250, "W-2", "shop"),
            make=self._xlsx,
        )
        self.assertEqual(purchases.mapped("amount"), [249.9, 1250])
        self.assertEqual(purchases[1].date, date(2025, 3, 15))

    def test_template_is_understood_as_it_is(self):
        """The filled-in template needs no manual mapping of columns."""
        [template] = self.env["customer.purchase"].get_import_templates()
        self.assertTrue(template["label"])
        with file_open(template["template"].removeprefix("/"), "rb") as file:
            content = file.read()
        file_type = self._xlsx([])[1]
        self._rate("USD", "2025-01-01", 2)
        self._customer("Azure Interior Of The Template")
        preview = self._wizard(content, file_type).parse_preview(dict(OPTIONS))
        self.assertNotIn("error", preview)
        fields = [
            preview["matches"][number][0] for number in range(len(preview["headers"]))
        ]
        self.assertEqual(
            fields,
            [
                *("partner_id", "date", "amount", "currency_id", "reference"),
                *("channel", "margin"),
            ],
        )
        wizard = self._wizard(content, file_type)
        names = [row[0] for row in self._rows(content)[1:]]
        for name in set(names):
            if not self.env["res.partner"].search([("name", "=", name)]):
                self._customer(name)
        answer = wizard.execute_import(fields, preview["headers"], dict(OPTIONS))
        self.assertFalse(answer["messages"])
        purchases = self.env["customer.purchase"].browse(answer["ids"])
        self.assertEqual(len(purchases), len(names))
        self.assertEqual(purchases.mapped("has_margin"), [True, False])

    def _rows(self, content):
        from openpyxl import load_workbook

        sheet = load_workbook(io.BytesIO(content)).active
        return list(sheet.iter_rows(values_only=True))

    def test_margin_left_empty_is_unknown(self):
        purchases = self._imported(
            ("Jane Importer", "2025-03-14", "100", "W-1", "shop", "30"),
            ("Jane Importer", "2025-03-15", "100", "W-2", "shop", ""),
            ("Jane Importer", "2025-03-16", "100", "W-3", "shop", "0"),
            header=(*HEADER, "Margin"),
            fields=(*FIELDS, "margin"),
        )
        self.assertEqual(purchases.mapped("has_margin"), [True, False, True])

    def test_dry_run_writes_nothing(self):
        content, file_type = self._csv(
            [HEADER, ("Jane Importer", "2025-03-14", "1", "W-1", "shop")]
        )
        before = self.env["customer.purchase"].search_count([])
        answer = self._wizard(content, file_type).execute_import(
            list(FIELDS), list(HEADER), dict(OPTIONS), dryrun=True
        )
        self.assertFalse(answer["messages"])
        self.assertEqual(self.env["customer.purchase"].search_count([]), before)

    # Refused

    @mute_logger("odoo.sql_db")
    def test_unknown_customer(self):
        messages = self._refused(
            ("Jane Importer", "2025-03-14", "1", "W-1", "shop"),
            ("Nobody of that name", "2025-03-14", "1", "W-2", "shop"),
        )
        self.assertIn("Nobody of that name", messages[0]["message"])
        for message in messages:
            self.assertEqual(message["rows"], {"from": 1, "to": 1})

    def test_no_customer(self):
        [message] = self._refused(
            ("Jane Importer", "2025-03-14", "1", "W-1", "shop"),
            ("", "2025-03-14", "1", "W-2", "shop"),
        )
        self.assertEqual(message["rows"], {"from": 1, "to": 1})
        self.assertIn("Customer", message["message"])

    def test_no_date(self):
        [message] = self._refused(
            ("Jane Importer", "2025-03-14", "1", "W-1", "shop"),
            ("Jane Importer", "2025-03-14", "1", "W-2", "shop"),
            ("Jane Importer", "", "1", "W-3", "shop"),
        )
        self.assertEqual(message["rows"], {"from": 2, "to": 2})
        self.assertIn("Date", message["message"])

    def test_no_day_of_the_calendar(self):
        for day in ("2025-02-30", "yesterday", "31.12.2024"):
            with self.subTest(day):
                [message] = self._refused(
                    ("Jane Importer", "2025-03-14", "1", "W-1", "shop"),
                    ("Jane Importer", day, "1", "W-2", "shop"),
                )
                self.assertIn("Line 3", message["message"])

    def test_no_amount(self):
        [message] = self._refused(
            ("Jane Importer", "2025-03-14", "1", "W-1", "shop"),
            ("Jane Importer", "2025-03-14", "", "W-2", "shop"),
        )
        self.assertEqual(message["rows"], {"from": 1, "to": 1})
        self.assertIn("Amount", message["message"])

    def test_amount_is_no_number(self):
        for amount in ("many", "12 apples", "1-2", "nan", "inf", "NaN"):
            with self.subTest(amount):
                [message] = self._refused(
                    ("Jane Importer", "2025-03-14", "1,000.50", "W-1", "shop"),
                    ("Jane Importer", "2025-03-14", amount, "W-2", "shop"),
                )
                self.assertIn("Line 3", message["message"])
                self.assertIn(amount, message["message"])

    def test_no_column_of_amounts(self):
        messages = self._refused(
            ("Jane Importer", "2025-03-14"),
            header=HEADER[:2],
            fields=FIELDS[:2],
        )
        self.assertIn("Amount", messages[0]["message"])

    def test_empty_lines_are_skipped(self):
        purchases = self._imported(
            ("Jane Importer", "2025-03-14", "1", "W-1", "shop"),
            ("", "", "", "", ""),
            ("Jane Importer", "2025-03-14", "1", "W-2", "shop"),
        )
        self.assertEqual(len(purchases), 2)

    def test_margin_is_no_number(self):
        [message] = self._refused(
            ("Jane Importer", "2025-03-14", "1", "W-1", "shop", "2"),
            ("Jane Importer", "2025-03-14", "1", "W-2", "shop", ""),
            ("Jane Importer", "2025-03-14", "1", "W-3", "shop", "some"),
            header=(*HEADER, "Margin"),
            fields=(*FIELDS, "margin"),
        )
        self.assertIn("Line 4", message["message"])

    def test_unknown_currency(self):
        [message] = self._refused(
            ("Jane Importer", "2025-03-14", "1", "W-1", "shop", "XXQ"),
            header=(*HEADER, "Currency"),
            fields=(*FIELDS, "currency_id"),
        )
        self.assertIn("XXQ", message["message"])
        self.assertEqual(message["rows"], {"from": 0, "to": 0})

    @mute_logger("odoo.sql_db")
    def test_each_bad_line_is_named(self):
        messages = self._refused(
            ("Nobody", "2025-03-14", "1", "W-1", "shop"),
            ("Jane Importer", "2025-03-14", "1", "W-2", "shop"),
            ("No one", "2025-03-14", "1", "W-3", "shop"),
        )
        self.assertEqual({m["rows"]["from"] for m in messages}, {0, 2})

    # Twice

    def test_reference_twice_in_one_file(self):
        [message] = self._refused(
            ("Jane Importer", "2025-03-14", "1", "W-1", "shop"),
            ("Jane Importer", "2025-03-14", "1", "W-2", "shop"),
            ("Jane Importer", "2025-03-15", "2", "W-1", "shop"),
        )
        self.assertEqual(message["rows"], {"from": 2, "to": 2})
        self.assertIn("W-1", message["message"])

    def test_same_reference_of_two_channels(self):
        purchases = self._imported(
            ("Jane Importer", "2025-03-14", "1", "1", "shop"),
            ("Jane Importer", "2025-03-14", "1", "1", "till"),
            ("Jane Importer", "2025-03-14", "1", "1", ""),
        )
        self.assertEqual(len(purchases), 3)

    def test_lines_without_a_reference_all_count(self):
        lines = [("Jane Importer", "2025-03-14", "10", "", "shop")] * 3
        self.assertEqual(len(self._imported(*lines)), 3)

    def test_same_file_again_changes_nothing(self):
        lines = [
            ("Jane Importer", "2025-03-14", "100", "W-1", "shop"),
            ("Jane Importer", "2025-03-15", "200", "W-2", "shop"),
        ]
        first = self._imported(*lines)
        self._recompute()
        write_dates = first.mapped("write_date")
        again = self._imported(*lines)
        self.assertEqual(again, first)
        self.assertEqual(again.mapped("write_date"), write_dates)
        self.assertEqual(self._recompute().written_count, 0)
        self.assertEqual(self._profile(self.jane).revenue, 300)

    def test_corrected_file_corrects(self):
        first = self._imported(
            ("Jane Importer", "2025-03-14", "100", "W-1", "shop"),
            ("Jane Importer", "2025-03-15", "200", "W-2", "shop"),
        )
        again = self._imported(
            ("Jane Importer", "2025-03-14", "150", "W-1", "shop"),
            ("Acme Importing", "2025-03-15", "200", "W-2", "shop"),
            ("Jane Importer", "2025-03-16", "1", "W-3", "shop"),
            replace_purchases=True,
        )
        self.assertEqual(again[:2], first)
        self.assertEqual(first.mapped("amount"), [150, 200])
        self.assertEqual(first[1].partner_id, self.acme)
        self._recompute()
        self.assertEqual(self._profile(self.jane).revenue, 151)
        self.assertEqual(self._profile(self.acme).revenue, 200)

    def test_corrected_by_id(self):
        purchase = self._imported(("Jane Importer", "2025-03-14", "1", "W-1", "shop"))
        self._imported(
            (str(purchase.id), "5"), header=("ID", "Amount"), fields=(".id", "amount")
        )
        self.assertEqual(purchase.amount, 5)
        self.assertEqual(purchase.partner_id, self.jane)

    def test_in_batches_as_the_screen_does(self):
        """A reference that comes back in a later part of a file is found.

        Odoo's screen sends long files in parts.
        """
        lines = [
            ("Jane Importer", "2025-03-14", "1", f"W-{number}", "shop")
            for number in range(10)
        ]
        content, file_type = self._csv([HEADER, *lines])
        ids, skip = [], 0
        while True:
            answer = self._wizard(content, file_type).execute_import(
                list(FIELDS), list(HEADER), {**OPTIONS, "limit": 4, "skip": skip}
            )
            self.assertFalse(answer["messages"])
            ids += answer["ids"]
            skip = answer["nextrow"]
            if not skip:
                break
        self.assertEqual(len(set(ids)), 10)
        self._refused(*lines, lines[0], limit=4)

    def test_queries_do_not_grow_with_the_file(self):
        """The queries for a file do not grow, beside Odoo's own.

        Odoo looks up each customer's name.
        """
        purchases = self.env["customer.purchase"].with_context(import_file=True)

        def lines(name, number):
            return [
                {
                    "partner_id": self.jane.id,
                    "date": AS_OF,
                    "amount": 1,
                    "reference": f"{name}-{n}",
                }
                for n in range(number)
            ]

        purchases.create(lines("warm", 3))
        self.env.flush_all()
        counts = []
        for name, number in (("a", 10), ("b", 90), ("b", 90)):
            before = self.env.cr.sql_log_count
            purchases.create(lines(name, number))
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[2], counts[1])

    def test_imported_and_classified_as_of_a_day(self):
        self._imported(
            *(
                ("Acme Importing", day, "1200", f"W-{day}", "shop")
                for day in ("2025-03-30", "2025-04-30", "2025-05-30", "2025-06-29")
            )
        )
        self._recompute(as_of_date=AS_OF)
        profile = self._profile(self.acme)
        self.assertEqual(profile.value_tier_id, self._tier("medium"))
        self.assertEqual(profile.order_count, 4)
