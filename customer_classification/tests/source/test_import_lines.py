from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ImportCase

MODULE = ".".join(
    (*__name__.split(".")[:3], "models", "source", "customer_purchase_import_mixin")
)
COLUMNS = ("Customer", "Date", "Amount", "Reference")


@tagged("post_install", "-at_install")
class TestImportLines(ImportCase):
    """Each refused line is named by its number in the spreadsheet.

    Nothing is imported then; lines left out are named as well.
    """

    def _line(self, ref, day="2026-03-14", amount="5.00", who="Case Customer"):
        return (who, day, amount, ref)

    def test_lines_are_counted_as_the_spreadsheet_does(self):
        """The case ``refusal_without_line``: the title and empty lines count."""
        sentences = self._refused(
            "Customer,Date,Amount,Reference\n"
            "Case Customer,2026-03-14,5.00,RW-1\n"
            "\n"
            "Case Customer,2026-03-15,,RW-2\n"
            "Case Customer,,8.00,RW-3\n"
            "Case Customer,2026-03-17,,RW-4\n"
        )
        self.assertLines(sentences, 4, 5, 6)
        self.assertIn("Amount", sentences[0])
        self.assertIn("Date", sentences[1])

    def test_a_cell_that_is_no_number(self):
        [sentence] = self._refused(
            "Customer,Date,Amount,Reference\n"
            "Case Customer,2026-03-14,5.00,RW-5\n"
            "\n"
            "Case Customer,2026-03-15,6.00,RW-6\n"
            "Case Customer,2026-03-16,seven,RW-7\n"
        )
        self.assertLines([sentence], 5)
        self.assertIn("“seven”", sentence)

    def test_lines_of_a_spreadsheet(self):
        content = self._xlsx(
            COLUMNS,
            (),
            self._line("X-1"),
            (None, None, None, None),
            self._line("X-2", amount="six"),
            self._line("X-3", who="Nobody"),
        )
        self.assertLines(self._refused(content), 5, 6)

    def test_every_message_has_another_text(self):
        """Odoo's screen puts messages of one text together."""
        lines = [self._line(f"M-{n}", amount="") for n in range(7)]
        sentences = self._refused(self._csv(COLUMNS, *lines))
        self.assertEqual(len(set(sentences)), 7)

    def test_several_kinds_at_once(self):
        sentences = self._refused(
            self._csv(
                COLUMNS,
                self._line("K-1", amount="much"),
                self._line("K-2", day="someday"),
                self._line("K-3", who="Nobody"),
                self._line("K-4", amount="5 apples"),
                self._line("K-1"),
                self._line("K-6", amount="7 %"),
                self._line("K-7"),
            )
        )
        self.assertLines(sentences, 2, 3, 4, 5, 6, 7)

    def test_lines_of_totals(self):
        for word in ("Total", "Gesamt", "合计", "SUMME:", "Grand total", "Итого"):
            for line in (
                (word, "", "10.00", ""),
                ("", word, "10.00", ""),
                ("", "", "10.00", word),
            ):
                with self.subTest(line):
                    sentences = self._refused(
                        self._csv(COLUMNS, self._line("T-1"), self._line("T-2"), line)
                    )
                    self.assertLines(sentences, 4)
                    self.assertIn(word, sentences[0])
                    self.assertIn("total", sentences[0])

    def test_lines_of_totals_of_other_shapes(self):
        """With a count, a currency, or the word behind; in any case."""
        for line in (
            ("TOTAL (2 orders)", "", "10.00", ""),
            ("Total EUR", "", "10.00", ""),
            ("2026 Total", "", "10.00", ""),
            ("", "Total", "10.00", "2"),
            ("Total général", "", "10,00 €", ""),
        ):
            with self.subTest(line):
                sentences = self._refused(
                    self._csv(COLUMNS, self._line("T-1"), self._line("T-2"), line)
                )
                self.assertLines(sentences, 4)
                self.assertIn("total", sentences[0].lower())

    def test_totals_between_and_empty_lines_at_the_end(self):
        sentences = self._refused(
            self._csv(
                COLUMNS,
                self._line("T-1"),
                ("Subtotal", "", "5.00", ""),
                ("", "", "", ""),
                self._line("T-2"),
                ("Zwischensumme", "", "5.00", ""),
                ("Total", "", "10.00", ""),
                ("", "", "", ""),
            )
        )
        self.assertLines(sentences, 3, 6, 7)

    def test_a_sum_without_a_word(self):
        sentences = self._refused(
            self._csv(COLUMNS, self._line("T-1"), ("", "", "5.00", ""))
        )
        self.assertLines(sentences, 3)
        self.assertIn("total", sentences[0])

    def test_a_customer_called_total(self):
        total = self._customer("Total")
        purchase = self._imported(self._csv(COLUMNS, self._line("T-1", who="Total")))
        self.assertEqual(purchase.partner_id, total)

    def test_empty_lines_are_told(self):
        answer = self._import(
            "Customer,Date,Amount,Note\n"
            "Case Customer,2026-03-14,5.00,\n"
            " , , ,\n"
            "Case Customer,2026-03-15,6.00,\n"
            ",,,exported by the till\n"
        )
        self.assertEqual(len(answer["ids"]), 2)
        [note] = [note for note in answer["notes"] if "empty" in note]
        self.assertIn("3, 5", note)

    def test_a_semicolon_with_an_empty_line(self):
        text = "Customer;Date;Amount\n\nCase Customer;14.03.2026;12,50\n"
        self.assertEqual(self._imported(text).amount, 12.5)

    def test_encodings(self):
        text = "Customer;Date;Amount\nCase Customer;14.03.2026;−12,50 €\n"
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            wizard = self._wizard(text)
            wizard.file = text.encode(encoding)
            options = {"has_headers": True, "quoting": '"', "separator": ";"}
            answer = wizard.execute_import(
                ["partner_id", "date", "amount"],
                ["customer", "date", "amount"],
                options,
            )
            self.assertEqual(answer["messages"], [])
            self.assertEqual(self.purchases.browse(answer["ids"]).amount, -12.5)

    def test_encodings_of_spreadsheets(self):
        """Excel writes no UTF-8: what it writes in Europe and China is guessed."""
        names = {
            "windows-1252": ("Müller & Söhne", "Café Noël", "Größmann"),
            "gb18030": ("上海镕喆贸易有限公司", "深圳市科技股份有限公司"),
        }
        for encoding, some in names.items():
            customers = [self._customer(name) for name in some]
            lines = [f"{name};{n + 1}.03.2026;12,50" for n, name in enumerate(some)]
            wizard = self._wizard("")
            wizard.file = "\n".join(["Kunde;Tag;Betrag", *lines]).encode(encoding)
            answer = wizard.execute_import(
                ["partner_id", "date", "amount"],
                ["kunde", "tag", "betrag"],
                {"has_headers": True, "quoting": '"', "separator": ""},
            )
            self.assertEqual(answer["messages"], [], encoding)
            found = self.purchases.browse(answer["ids"])
            self.assertEqual([one.partner_id for one in found], customers)

    def test_start_at_a_line(self):
        text = self._csv(
            COLUMNS,
            self._line("S-1", amount="much"),
            self._line("S-2", amount="6,50"),
            self._line("S-3", amount="7,50"),
        )
        purchases = self._imported(text, {"skip": 1})
        self.assertEqual(purchases.mapped("amount"), [6.5, 7.5])
        text = self._csv(
            COLUMNS, self._line("S-5"), self._line("S-6"), self._line("S-7", amount="x")
        )
        self.assertLines(self._refused(text, {"skip": 1}), 4)

    def test_programs_are_told_the_place_in_what_they_gave(self):
        answer = self.purchases.load(
            ["partner_id", "date", "amount"],
            [["Case Customer", "2026-03-14", 1], ["Nobody", "2026-03-14", 1]],
        )
        self.assertFalse(answer["ids"])
        [message] = answer["messages"]
        self.assertEqual(message["rows"], {"from": 1, "to": 1})
        self.assertIn("Line 2", message["message"])

    @mute_logger("odoo.sql_db")
    def test_all_or_nothing_across_parts(self):
        """A refusal by Odoo in a later part takes the earlier ones back."""
        fields = ["partner_id", "date", "amount", "reference", "has_margin"]
        data = [["Case Customer", "2026-03-14", 1, f"P-{n}", "1"] for n in range(6)]
        data[4][4] = "perhaps"
        with self.patch_part(MODULE, 2):
            answer = self.purchases.load(fields, data)
        self.assertFalse(answer["ids"])
        self.assertIn("Line 5", answer["messages"][0]["message"])
        self.assertFalse(self.purchases.search([("reference", "like", "P-")]))

    def patch_part(self, module, size):
        from unittest.mock import patch

        return patch(f"{module}.PART", size)

    def test_in_parts_and_still_in_order(self):
        data = [["Case Customer", "2026-03-14", n, f"O-{n}"] for n in range(7)]
        with self.patch_part(MODULE, 3):
            answer = self.purchases.load(
                ["partner_id", "date", "amount", "reference"], data
            )
        found = self.purchases.browse(answer["ids"])
        self.assertEqual(found.mapped("amount"), [0, 1, 2, 3, 4, 5, 6])
        self.assertEqual(answer["counts"], {"new": 7, "changed": 0, "unchanged": 0})

    def test_rights(self):
        user = self._user("import_reader", "customer_classification.group_user")
        with self.assertRaises(AccessError):
            self.purchases.with_user(user).load(
                ["partner_id", "date", "amount"], [["Case Customer", "2026-03-14", 1]]
            )

    def test_a_context_of_clients_is_no_file(self):
        for hostile in ("x", 1, ["x"], {"replace": True}):
            answer = self.purchases.with_context(
                customer_purchase_file=hostile, replace_purchases=False
            ).load(
                ["partner_id", "date", "amount"], [["Case Customer", "2026-03-14", 1]]
            )
            self.assertFalse(answer["messages"])
