from datetime import date, datetime, time

from odoo.tests import tagged

from .common import SCREEN, ImportCase


@tagged("post_install", "-at_install")
class TestImportDays(ImportCase):
    """Days as shops and spreadsheets write them, each column in one order."""

    def _refused_days(self, *cells, chosen=None):
        rows = [("Case Customer", cell, "1") for cell in cells]
        text = self._csv(("Customer", "Date", "Amount"), *rows, separator=";")
        return self._refused(text, chosen)

    def test_the_order_is_found_from_all_lines(self):
        first = ["03/04/2026"] * 12  # Odoo looks at ten
        self.assertEqual(self._days(*first, "25/03/2026")[0], "2026-04-03")
        self.assertEqual(self._days(*first, "03/25/2026")[0], "2026-03-04")

    def test_two_orders_in_one_column_are_refused(self):
        sentences = self._refused_days("14/03/2026", "03/25/2026", "15/03/2026")
        self.assertLines(sentences, 3)
        for part in ("03/25/2026", "14/03/2026", "line 2", "day first"):
            self.assertIn(part, sentences[0])
        self.assertLines(self._refused_days("2026-03-14", "2026-03-15", "3.4.2026"), 4)

    def test_what_can_be_either_is_told_and_can_be_changed(self):
        text = self._csv(
            ("Customer", "Date", "Amount"), ("Case Customer", "03/04/2026", "1")
        )
        __, preview = self._preview(text)
        self.assertIn("03/04/2026", preview["readings"]["1"]["date"])
        self.assertEqual(preview["options"]["date_format"], "%m/%d/%Y")
        self.assertEqual(str(self._imported(text).date), "2026-03-04")
        chosen = {"date_format": "%d/%m/%Y"}
        self.assertEqual(str(self._imported(text, chosen).date), "2026-04-03")

    def test_a_chosen_format_holds(self):
        chosen = {"date_format": "%m/%d/%Y"}
        sentences = self._refused_days("03/04/2026", "25/03/2026", chosen=chosen)
        self.assertLines(sentences, 3)
        self.assertIn("month first", sentences[0])

    def test_months_of_other_languages(self):
        self.assertEqual(
            self._days("14. März 2026", "1. Dez. 2025"), ["2026-03-14", "2025-12-01"]
        )
        self.assertEqual(self._days("1 août 2026"), ["2026-08-01"])
        self.assertEqual(self._days("2026年3月14日"), ["2026-03-14"])

    def test_time_and_zone(self):
        """The case ``timestamp_in_date_column``: the day by the policy's clock."""
        cells = (
            "2026-03-14 23:30:00 -0500",
            "2026-03-14T23:30:00-05:00",
            "2026-03-14 23:30:00",
            "2026-03-14T23:30:00Z",
        )
        self.assertEqual(
            self._days(*cells), ["2026-03-15", "2026-03-15", "2026-03-14", "2026-03-14"]
        )
        self.policy.sudo().with_context(install_mode=True).env.cr.execute(
            "UPDATE classification_policy SET tz = 'Europe/Brussels' WHERE id = %s",
            [self.policy.id],
        )
        self.policy.invalidate_recordset(["tz"])
        self.assertEqual(
            self._days(*cells), ["2026-03-15", "2026-03-15", "2026-03-14", "2026-03-15"]
        )

    def test_the_day_of_a_zone_at_both_ends_of_the_world(self):
        """One second before and at midnight by the clock of the rules."""
        for tz, last, first, days in (
            (
                *("Pacific/Kiritimati", "2026-03-14T09:59:59Z", "2026-03-14T10:00:00Z"),
                ["2026-03-14", "2026-03-15"],
            ),
            (
                *("Pacific/Honolulu", "2026-03-15T09:59:59Z", "2026-03-15T10:00:00Z"),
                ["2026-03-14", "2026-03-15"],
            ),
            # The clocks change on the 29th of March at 01:00 UTC.
            (
                *(
                    "Europe/Berlin",
                    "2026-03-28T22:59:59+00",
                    "2026-03-28 23:00:00+0000",
                ),
                ["2026-03-28", "2026-03-29"],
            ),
            (
                *("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"),
                ["2026-03-29", "2026-03-30"],
            ),
        ):
            self._policy(self.company, tz=tz)
            with self.subTest(tz):
                self.assertEqual(self._days(last, first), days)

    def test_programs_load_moments(self):
        answer = self.purchases.load(
            ["partner_id", "date", "amount"],
            [
                ["Case Customer", "2026-03-14T23:30:00-05:00", 1],
                ["Case Customer", "2026-03-14 23:30:00", 1],
                ["Case Customer", "2026-03-14", 1],
            ],
        )
        self.assertFalse(answer["messages"])
        days = self.purchases.browse(answer["ids"]).mapped("date")
        self.assertEqual(
            days, [date(2026, 3, 15), date(2026, 3, 14), date(2026, 3, 14)]
        )

    def test_days_and_moments_of_a_spreadsheet(self):
        content = self._xlsx(
            ("Customer", "Date", "Amount", "Clock"),
            ("Case Customer", date(2026, 3, 14), 1, time(23, 30)),
            ("Case Customer", datetime(2026, 3, 14, 23, 30), 2, time(8, 0)),
            ("Case Customer", "2026-03-15", 3, None),
        )
        days = self._imported(content).mapped("date")
        self.assertEqual(
            days, [date(2026, 3, 14), date(2026, 3, 14), date(2026, 3, 15)]
        )

    def test_columns_of_moments_are_left_to_odoo(self):
        wizard = self._wizard("Name,Moment\nOne,2026-03-14 23:30:00\n", "res.partner")
        data = wizard._parse_import_data(
            [["2026-03-14 23:30:00"]],
            ["create_date"],
            {"datetime_format": "%Y-%m-%d %H:%M:%S"},
        )
        self.assertEqual(data, [["2026-03-14 23:30:00"]])
        wizard.res_model = "classification.run"
        data = [["2026-03-14 23:30:00"]]
        wizard._read_columns(data, ["create_date"], {}, None)
        self.assertEqual(data, [["2026-03-14 23:30:00"]])

    def test_formats_of_moments_are_found_by_odoo(self):
        """A column of moments with days alone needs the format that Odoo finds."""
        wizard = self._wizard("Name;Since\nOne;14.03.2026\n", "classification.policy")
        preview = wizard.parse_preview(dict(SCREEN))
        self.assertEqual(preview["options"]["date_format"], "%d.%m.%Y")

    def test_no_days(self):
        cells = ("2026-03-14", "2026-02-30", "46095", "tomorrow", "2062-01-01")
        sentences = self._refused_days(*cells, "1899-12-30")
        self.assertLines(sentences, 3, 4, 5, 6, 7)
        for cell, sentence in zip(cells[1:], sentences, strict=False):
            self.assertIn(cell, sentence)
