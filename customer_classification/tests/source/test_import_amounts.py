from odoo.tests import tagged

from .common import ImportCase


@tagged("post_install", "-at_install")
class TestImportAmounts(ImportCase):
    """Amounts as tills, shops and banks of all countries write them.

    Each column in one way, or refused by its lines.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rate("USD", "2025-01-01", 1.25)
        dollars = cls.env["res.currency"].search(
            [("symbol", "=", "$"), ("name", "!=", "USD")]
        )
        dollars.active = False

    def test_decimal_comma(self):
        """The case ``decimal_comma``."""
        text = self._csv(
            ("Customer", "Date", "Amount", "Reference"),
            ("Case Customer", "14.03.2026", "12,50", "DC-1"),
            ("Case Customer", "15.03.2026", "249,90", "DC-2"),
            ("Case Customer", "16.03.2026", "1.234,56", "DC-3"),
            separator=";",
        )
        purchases = self._imported(text)
        self.assertEqual(purchases.mapped("amount"), [12.5, 249.9, 1234.56])
        self.assertEqual(str(purchases[2].date), "2026-03-16")

    def test_sign_behind(self):
        """The case ``amount_with_sign_behind``."""
        cells = ("249.90 €", "12.5 €", "5.00 $", "249.90\u00a0€")
        amounts = [249.9, 12.5, 5, 249.9]
        self.assertEqual(self._amounts(*cells), amounts)
        usual = {"float_thousand_separator": ",", "float_decimal_separator": "."}
        self.assertEqual(self._amounts(*cells, chosen=usual), amounts)

    def test_sign_behind_with_thousands_and_brackets(self):
        self.assertEqual(
            self._amounts("1.249,90 €", "(1.000,00) €", "-12,50 €", "3,00- €"),
            [1249.9, -1000, -12.5, -3],
        )
        chosen = {"float_thousand_separator": ".", "float_decimal_separator": ","}
        self.assertEqual(
            self._amounts("1.249 €", "(1.000) €", "5 €", chosen=chosen),
            [1249, -1000, 5],
        )

    def test_all_minuses(self):
        """The case ``unicode_minus``, and its neighbours."""
        cells = ("\u221249.90", "\u2212100.00", "\u20135", "5.00-", "(6.00)", "$(6.00)")
        self.assertEqual(
            self._amounts(*cells, "-$5.00", "($7.00)", "-3"),
            [-49.9, -100, -5, -5, -6, -6, -5, -7, -3],
        )

    def test_digits_of_other_writings(self):
        self.assertEqual(
            self._amounts("١٢٣٫٤٥", "１２．５０", "（６）", "７"),
            [123.45, 12.5, -6, 7],
        )

    def test_thousands(self):
        for cells in (
            ("1,234.50", "1,234,567.00"),
            ("1.234,50", "1.234.567,00"),
            ("1 234,50", "1\u202f234\u202f567,00"),
            ("1'234.50", "1\u2019234\u2019567.00"),
            ("1234.50", "12,34,567.00"),
        ):
            with self.subTest(cells):
                self.assertEqual(self._amounts(*cells), [1234.5, 1234567])

    def test_one_cell_decides_a_column_of_doubts(self):
        """Ten thousands that may be fractions, and one cell with cents."""
        cells = ["1.234"] * 10
        self.assertEqual(self._amounts(*cells, "0,5"), [1234] * 10 + [0.5])
        self.assertEqual(self._amounts(*cells, "0.5"), [1.23] * 10 + [0.5])

    def test_mixed_separators_of_all_kinds_are_refused(self):
        """Thousands by point and by comma, in any order, with the cells named."""
        for cells, lines in (
            (("1.234,50", "1,234.50", "2.000,00"), [3]),
            (("1,234.50", "1.234,50", "2,000.00"), [3]),
            (("12,50", "1,234.50", "7,25"), [3]),
            (("1.234.567", "1,234,567", "1,000,000"), [2]),
            (("1'234.50", "1.234,50", "9.99"), [3]),
        ):
            with self.subTest(cells):
                self.assertLines(self._refused_amounts(*cells), *lines)

    def test_two_readings_in_one_column_are_refused(self):
        sentences = self._refused_amounts("12.50", "249,90", "3.75", "1,5")
        self.assertLines(sentences, 3, 5)
        for part in ("249,90", "12.50", "line 2", "decimal point"):
            self.assertIn(part, sentences[0])
        sentences = self._refused_amounts("1.234", "2,345")
        self.assertLines(sentences, 3)

    def test_what_can_be_either_is_taken_for_thousands_and_told(self):
        for cell in ("1,234", "1.234"):
            text = self._csv(
                ("Customer", "Date", "Amount"),
                ("Case Customer", "2026-03-14", cell),
                separator=";",
            )
            wizard, preview = self._preview(text)
            note = preview["readings"]["2"]["number"]
            self.assertIn(cell, note)
            self.assertIn("1234", note)
            self.assertEqual(self._imported(text).amount, 1234)

    def test_what_is_chosen_holds(self):
        point = {"float_thousand_separator": ",", "float_decimal_separator": "."}
        comma = {"float_thousand_separator": ".", "float_decimal_separator": ","}
        self.assertEqual(self._amounts("1.234", chosen=point), [1.23])
        self.assertEqual(self._amounts("1,234", chosen=comma), [1.23])
        sentences = self._refused_amounts("12,50", "249,90", chosen=point)
        self.assertLines(sentences, 2, 3)
        self.assertIn("decimal point", sentences[0])
        # Changing only one of the two signs leaves both the same.
        half = {"float_thousand_separator": ",", "float_decimal_separator": ","}
        self.assertEqual(self._amounts("1.234,50", chosen=half), [1234.5])

    def test_a_column_that_says_nothing_is_read_as_the_others(self):
        text = self._csv(
            ("Customer", "Date", "Amount", "Margin"),
            ("Case Customer", "2026-03-14", "1.234", "12,50"),
            ("Case Customer", "2026-03-14", "12", "0,5"),
            separator=";",
        )
        purchases = self._imported(text)
        self.assertEqual(purchases.mapped("amount"), [1234, 12])
        self.assertEqual(purchases.mapped("margin"), [12.5, 0.5])

    def test_margin_has_a_reading_of_its_own(self):
        text = self._csv(
            ("Customer", "Date", "Amount", "Margin"),
            ("Case Customer", "2026-03-14", "1.234,50", "100.25"),
            separator=";",
        )
        purchase = self._imported(text)
        self.assertEqual((purchase.amount, purchase.margin), (1234.5, 100.25))

    def test_a_percentage_is_no_amount(self):
        sentences = self._refused_amounts("12,50", "12,5 %", "7%")
        self.assertLines(sentences, 3, 4)
        self.assertIn("12,5 %", sentences[0])

    def test_percentages_of_other_languages(self):
        """With the sign before, with a space that does not break, in Arabic."""
        wizard = self._wizard(
            "Name;Approval Above (% of customers)\nOne;%12,5\nTwo;7,5\u00a0%\n"
            "Three;٢٠٪\nFour;3,25\n",
            model="classification.policy",
        )
        data, __ = wizard._convert_import_data(
            ["name", "approval_customer_percent"], dict(SCREEN_OPTIONS)
        )
        self.assertEqual([cell for __, cell in data], ["12.5", "7.5", "20", "3.25"])

    def test_percentages_of_other_models(self):
        """Percentages are read in the language of the file, in any model.

        Any model of the addon.
        """
        wizard = self._wizard(
            "Name;Approval Above (% of customers)\nOne;12,5 %\nTwo;7 %\n",
            model="classification.policy",
        )
        data, __ = wizard._convert_import_data(
            ["name", "approval_customer_percent"], dict(SCREEN_OPTIONS)
        )
        self.assertEqual(data, [["One", "12.5"], ["Two", "7"]])

    def test_problems_of_other_models_name_their_lines(self):
        wizard = self._wizard(
            "Name;Share\nOne;12,5 %\n\nTwo;7.5 %\nThree;much\n",
            model="classification.policy",
        )
        answer = wizard.execute_import(
            ["name", "approval_customer_percent"],
            ["name", "share"],
            dict(SCREEN_OPTIONS),
        )
        [message] = answer["messages"]
        self.assertIn("Line 2: “12,5 %”", message["message"])
        self.assertIn("Line 5: “much”", message["message"])

    def test_numbers_of_a_spreadsheet_are_no_texts(self):
        """Numbers of a spreadsheet are not read as texts.

        A value that looks like thousands is not one if the spreadsheet knows the
        number.
        """
        content = self._xlsx(
            ("Customer", "Date", "Amount", "Currency"),
            ("Case Customer", "2026-03-14", 1.234, "EUR"),
            ("Case Customer", "2026-03-14", 1250, "EUR"),
            ("Case Customer", "2026-03-14", "1.249,90", "EUR"),
            ("Case Customer", "2026-03-14", 1e-7, "EUR"),
            ("Case Customer", "2026-03-14", 12345678.25, "EUR"),
        )
        self.assertEqual(
            self._imported(content).mapped("amount"),
            [1.23, 1250, 1249.9, 0, 12345678.25],
        )

    def test_a_day_is_no_amount(self):
        content = self._xlsx(
            ("Customer", "Date", "Amount"),
            ("Case Customer", "2026-03-14", 5),
            ("Case Customer", "2026-03-14", self.case.create_date.date()),
        )
        self.assertLines(self._refused(content), 3)

    def test_a_comma_within_a_cell_moves_no_cells(self):
        """A decimal comma in a file that is separated by commas, without quotes."""
        sentences = self._refused(
            "Customer,Date,Amount,Reference\n"
            "Case Customer,2026-03-14,5,A-1\n"
            "Case Customer,2026-03-15,12,50,A-2\n"
        )
        self.assertLines(sentences, 3)
        self.assertIn("A-2", sentences[0])

    def test_programs_load_text_and_zero(self):
        """Programs load text and zero as into Odoo's own fields.

        The case ``numbers_from_programs``.
        """
        for amount, expected in ((0, 0), ("0", 0), (12.5, 12.5), ("12.50", 12.5)):
            answer = self.purchases.load(
                ["partner_id", "date", "amount"],
                [["Case Customer", "2026-03-14", amount]],
            )
            self.assertFalse(answer["messages"])
            self.assertEqual(self.purchases.browse(answer["ids"]).amount, expected)


SCREEN_OPTIONS = {"has_headers": True, "quoting": '"', "separator": ";", "encoding": ""}
