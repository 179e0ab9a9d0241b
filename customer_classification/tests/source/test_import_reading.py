import contextlib

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..rights_matrix import HOSTILE
from .common import SCREEN, ImportCase


@tagged("post_install", "-at_install")
class TestImportReading(ImportCase):
    """The reading of a file is shown before the import, and can be changed."""

    def test_the_preview_says_how_each_column_is_read(self):
        text = self._csv(
            ("Customer", "Date", "Amount"),
            ("Case Customer", "14.03.2026", "1.234,50 €"),
            ("Case Customer", "15.03.2026", "12,50 €"),
            separator=";",
        )
        __, preview = self._preview(text)
        readings = preview["readings"]
        self.assertEqual(readings["0"], {})
        self.assertEqual(readings["1"]["date"], "Read as day first.")
        self.assertIn("decimal comma", readings["2"]["number"])
        self.assertIn("€", readings["2"]["number"])
        options = preview["options"]
        self.assertEqual(options["float_decimal_separator"], ",")
        self.assertEqual(options["float_thousand_separator"], ".")
        self.assertEqual(options["date_format"], "%d.%m.%Y")
        self.assertEqual(options["separator"], ";")

    def test_the_test_says_how_each_column_is_read(self):
        text = self._csv(
            ("Customer", "Date", "Amount"), ("Case Customer", "14.03.2026", "12,50 €")
        )
        notes = " ".join(self._import(text, dryrun=True)["notes"])
        for part in (
            "1 new",
            "Date: Read as day first",
            "Amount: Read with a decimal comma",
            "EUR (1)",
        ):
            self.assertIn(part, notes)

    def test_options_that_the_preview_filled_in_are_no_choice(self):
        """Options filled in by the preview are not a person's choice."""
        text = self._csv(
            ("Customer", "Date", "Amount", "Margin"),
            ("Case Customer", "14.03.2026", "12,50", "1.25"),
            separator=";",
        )
        wizard, preview = self._preview(text)
        again = wizard.parse_preview({**SCREEN, **preview["options"]})
        self.assertEqual(again["options"], preview["options"])
        answer = wizard.execute_import(
            ["partner_id", "date", "amount", "margin"],
            ["customer", "date", "amount", "margin"],
            {**SCREEN, **again["options"]},
        )
        self.assertEqual(answer["messages"], [])
        purchase = self.purchases.browse(answer["ids"])
        self.assertEqual((purchase.amount, purchase.margin), (12.5, 1.25))

    def test_a_choice_survives_another_preview(self):
        text = self._csv(
            ("Customer", "Date", "Amount"), ("Case Customer", "03/04/2026", "1,234")
        )
        wizard, preview = self._preview(text)
        chosen = {
            "date_format": "%d/%m/%Y",
            "float_decimal_separator": ",",
            "float_thousand_separator": ".",
        }
        again = wizard.parse_preview({**SCREEN, **preview["options"], **chosen})
        self.assertEqual({**again["options"], **chosen}, again["options"])
        self.assertIn("as chosen", again["readings"]["1"]["date"])
        answer = wizard.execute_import(
            ["partner_id", "date", "amount"],
            ["customer", "date", "amount"],
            {**SCREEN, **again["options"]},
        )
        purchase = self.purchases.browse(answer["ids"])
        self.assertEqual((str(purchase.date), purchase.amount), ("2026-04-03", 1.23))

    def test_a_format_that_is_none(self):
        text = self._csv(
            ("Customer", "Date", "Amount"), ("Case Customer", "03/04/2026", "1")
        )
        [sentence] = self._refused(text, {"date_format": "%Y-%j"})
        self.assertIn("%Y-%j", sentence)

    def test_a_preview_of_a_file_with_short_lines(self):
        text = "Customer,Date,Amount\nCase Customer,2026-03-14\nCase Customer\n"
        __, preview = self._preview(text)
        self.assertEqual(preview["num_rows"], 3)
        self.assertLines(self._refused(text), 2, 3, 3)

    def test_an_empty_file(self):
        for content in ("", "Customer,Date,Amount\n"):
            wizard = self._wizard(content)
            preview = wizard.parse_preview(dict(SCREEN))
            self.assertTrue(preview.get("error") or preview["num_rows"] <= 1)

    def test_hostile_calls(self):
        """Hostile calls are answered with a result or a sentence."""
        text = self._csv(
            ("Customer", "Date", "Amount"), ("Case Customer", "2026-03-14", "1")
        )
        wizard = self._wizard(text)
        fields = ["partner_id", "date", "amount"]
        for value in (*HOSTILE, ["x", "date", "amount"], [[1], "date", "amount"]):
            for call in (
                lambda value=value: wizard.parse_preview(value),
                lambda value=value: wizard.parse_preview(dict(SCREEN), value),
                lambda value=value: wizard.execute_import(value, fields, dict(SCREEN)),
                lambda value=value: wizard.execute_import(fields, value, dict(SCREEN)),
                lambda value=value: wizard.execute_import(fields, fields, value),
                lambda value=value: wizard.execute_import(
                    fields, fields, {**SCREEN, "limit": value, "skip": value}
                ),
            ):
                with self.subTest(value=value), contextlib.suppress(UserError):
                    with self.env.cr.savepoint():
                        call()
        for nobody in (wizard.browse(), wizard.browse(2**31 - 1), wizard.create({})):
            with self.assertRaises(UserError):
                nobody.parse_preview(dict(SCREEN))

    def test_files_of_other_models_are_odoos(self):
        wizard = self._wizard("Name,Email\nNew Name,new@example.com\n", "res.partner")
        preview = wizard.parse_preview(dict(SCREEN))
        self.assertNotIn("readings", preview)
        self.assertFalse(wizard.customer_reading)

    def test_purchases_come_in_one_part(self):
        text = self._csv(
            ("Customer", "Date", "Amount"),
            *[("Case Customer", "2026-03-14", n) for n in range(30)],
        )
        answer = self._import(text, {"limit": 10})
        self.assertEqual((len(answer["ids"]), answer["nextrow"]), (30, 0))
