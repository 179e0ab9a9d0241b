from odoo.fields import Command
from odoo.tests import tagged

from .common import ImportCase

COLUMNS = ("Customer", "Date", "Amount", "Currency")


@tagged("post_install", "-at_install")
class TestImportCurrencies(ImportCase):
    """The currency of each line: the file's, else the company's.

    As the file says, in any writing, else that of the line's company.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.usd = cls._rate("USD", "2025-01-01", 2)
        cls.eur = cls.company.currency_id
        cls.dollars = cls.env["res.currency"].search(
            [("symbol", "=", "$"), ("name", "!=", "USD")]
        )
        cls.dollars.active = False

    def _currencies(self, *cells, amount="5.00", **options):
        rows = [("Case Customer", "2026-03-14", amount, cell) for cell in cells]
        purchases = self._imported(self._csv(COLUMNS, *rows), **options)
        return purchases.mapped(lambda one: one.currency_id.name)

    def test_codes_signs_and_names(self):
        """The case ``currency_in_small_letters``."""
        cells = (
            "usd",
            "Usd",
            "USD",
            "$",
            "US$",
            "EUR",
            "eur",
            "€",
            "Euro",
            "euros",
            "",
        )
        self.assertEqual(self._currencies_of_lines(*cells), ["USD"] * 5 + ["EUR"] * 6)

    def _currencies_of_lines(self, *cells):
        rows = [("Case Customer", "2026-03-14", "5.00", cell) for cell in cells]
        purchases = self._imported(self._csv(COLUMNS, *rows))
        return [purchase.currency_id.name for purchase in purchases]

    def test_sign_in_the_amount(self):
        """A currency sign counts in any place, with or without a column.

        The case ``currency_sign_ignored``.
        """
        cells = ("$ 5.00", "5.00 $", "5.00 usd", "USD 5.00", "-$5.00", "€5.00", "5.00")
        rows = [("Case Customer", "2026-03-14", cell) for cell in cells]
        purchases = self._imported(self._csv(COLUMNS[:3], *rows))
        self.assertEqual(
            [one.currency_id.name for one in purchases], ["USD"] * 5 + ["EUR"] * 2
        )
        self.assertEqual(purchases[0].company_amount, 2.5)

    def test_sign_against_the_column(self):
        sentences = self._refused(
            self._csv(
                COLUMNS,
                ("Case Customer", "2026-03-14", "$5.00", "USD"),
                ("Case Customer", "2026-03-14", "€5.00", "USD"),
                ("Case Customer", "2026-03-14", "5.00 EUR", "$"),
            )
        )
        self.assertLines(sentences, 3, 4)
        for part in ("€5.00", "USD"):
            self.assertIn(part, sentences[0])

    def test_sign_of_the_margin_against_the_amount(self):
        sentences = self._refused(
            self._csv(
                ("Customer", "Date", "Amount", "Margin"),
                ("Case Customer", "2026-03-14", "$5.00", "$1.00"),
                ("Case Customer", "2026-03-14", "$5.00", "€1.00"),
            )
        )
        self.assertLines(sentences, 3)

    def test_sign_of_several_currencies(self):
        """A sign of several currencies means the company's, or is asked for.

        The company's if it is one of them; else the file must give their codes.
        """
        cad = self.env.ref("base.CAD")
        cad.active = True
        text = self._csv(COLUMNS[:3], ("Case Customer", "2026-03-14", "$5.00"))
        [sentence] = self._refused(text)
        self.assertIn("CAD, USD", sentence)
        self.assertEqual(self._currencies("CAD", amount="$5.00"), ["CAD"])
        self.assertEqual(self._currencies("", amount="US$5.00"), ["USD"])
        self.company.currency_id = cad
        self.assertEqual(self._imported(text).currency_id, cad)

    def test_unknown_and_inactive_currencies(self):
        self.env.ref("base.GBP").active = False
        sentences = self._refused(
            self._csv(
                COLUMNS,
                ("Case Customer", "2026-03-14", "5.00", "XXQ"),
                ("Case Customer", "2026-03-14", "5.00", "gbp"),
                ("Case Customer", "2026-03-14", "£5.00", ""),
                ("Case Customer", "2026-03-14", "5 apples", ""),
            )
        )
        self.assertLines(sentences, 2, 3, 4, 5)
        for cell, sentence in zip(
            ("XXQ", "GBP", "£5.00", "5 apples"), sentences, strict=True
        ):
            self.assertIn(cell, sentence)

    def test_company_of_the_line(self):
        """The case ``currency_of_row_company``, with a column of currencies too."""
        other = self._company("American Branch", "USD")
        self.env.user.company_ids |= other
        self.env = self.env(
            context={
                **self.env.context,
                "allowed_company_ids": [self.company.id, other.id],
            }
        )
        rows = (
            ("Case Customer", "2026-03-14", "10.00", "american branch", ""),
            ("Case Customer", "2026-03-14", "10.00", "", ""),
            ("Case Customer", "2026-03-14", "10.00", "American Branch", "€"),
        )
        header = ("Customer", "Date", "Amount", "Company", "Currency")
        purchases = self._imported(self._csv(header, *rows))
        self.assertEqual(
            [(one.company_id, one.currency_id) for one in purchases],
            [
                (other, self.usd),
                (self.company, self.eur),
                (other, self.eur),
            ],
        )
        self.assertEqual(purchases[0].company_amount, 10)
        without = [row[:4] for row in rows]
        purchases = self._imported(self._csv(header[:4], *without))
        self.assertEqual(purchases[0].currency_id, self.usd)

    def test_company_that_is_unknown_or_switched_off(self):
        other = self._company("American Branch", "USD")
        self.env.user.company_ids = [Command.link(other.id)]
        sentences = self._refused(
            self._csv(
                ("Customer", "Date", "Amount", "Company"),
                ("Case Customer", "2026-03-14", "10.00", "American Branch"),
                ("Case Customer", "2026-03-14", "10.00", "No such company"),
            )
        )
        self.assertLines(sentences, 2, 3)

    def test_programs_create_in_the_currency_of_the_company(self):
        other = self._company("American Branch", "USD")
        purchases = self.purchases.sudo().create(
            [
                {
                    "partner_id": self.case.id,
                    "date": "2026-03-14",
                    "amount": 10,
                    "company_id": company.id,
                }
                for company in (other, self.company)
            ]
        )
        self.assertEqual(purchases.mapped("currency_id"), self.usd + self.eur)

    def test_currency_in_the_title(self):
        for title in ("Amount (USD)", "Amount $", "Net, USD"):
            text = self._csv(
                ("Customer", "Date", title), ("Case Customer", "2026-03-14", "5.00")
            )
            with self.subTest(title):
                self.assertEqual(self._titled(text).currency_id, self.usd)
        text = self._csv(
            ("Customer", "Date", "Amount (USD)"), ("Case Customer", "2026-03-14", "€5")
        )
        answer = self._titled(text, refused=True)
        self.assertIn("Line 2", answer["messages"][0]["message"])

    def _titled(self, text, refused=False):
        wizard, preview = self._preview(text)
        answer = wizard.execute_import(
            ["partner_id", "date", "amount"], preview["headers"], preview["options"]
        )
        self.assertEqual(bool(answer["messages"]), refused)
        return answer if refused else self.purchases.browse(answer["ids"])

    def test_currency_in_the_format_of_a_cell(self):
        content = self._xlsx(
            ("Customer", "Date", "Amount"),
            ("Case Customer", "2026-03-14", 5),
            ("Case Customer", "2026-03-14", 6),
            ("Case Customer", "2026-03-14", 7),
            formats={"C2": "#,##0.00 [$$-409]", "C3": '#,##0.00 "€"'},
        )
        purchases = self._imported(content)
        self.assertEqual(
            [one.currency_id for one in purchases], [self.usd, self.eur, self.eur]
        )
