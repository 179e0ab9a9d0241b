from odoo.tests import tagged

from .common import ImportCase

COLUMNS = ("Customer", "Date", "Amount", "Reference", "Channel")


@tagged("post_install", "-at_install")
class TestImportReferences(ImportCase):
    """One reference of one channel is one sale, and one refund.

    A line that would replace another purchase is asked about.
    """

    def _line(self, day="2026-01-14", amount="100.00", who="Case Customer", ref="G-1"):
        return (who, day, amount, ref, "Shopify")

    def _text(self, *lines):
        return self._csv(COLUMNS, *lines)

    def test_refund_under_the_number_of_its_sale(self):
        """A refund under the number of its sale is kept beside the sale.

        The case ``refund_same_reference``.
        """
        sale = self._imported(self._text(self._line()))
        refund = self._imported(self._text(self._line("2026-02-14", "-30.00")))
        self.assertEqual((sale.amount, refund.amount), (100, -30))
        both = (self._line(), self._line("2026-02-14", "-30.00"))
        self.assertEqual(self._imported(self._text(*both)), sale + refund)

    def test_sale_and_refund_in_one_file(self):
        both = (self._line(), self._line("2026-01-14", "(100.00)"))
        self.assertEqual(
            self._imported(self._text(*both)).mapped("amount"), [100, -100]
        )

    def test_numbers_that_restart_each_year(self):
        first = self._imported(self._text(self._line("2025-01-14")))
        text = self._text(self._line("2026-01-14"), self._line(ref="G-2"))
        [sentence] = self._refused(text)
        self.assertLines([sentence], 2)
        for part in ("G-1", "2025-01-14", "Case Customer"):
            self.assertIn(part, sentence)
        self.assertEqual(str(first.date), "2025-01-14")

    def test_second_refund_of_one_sale(self):
        self._imported(self._text(self._line("2026-02-14", "-30.00")))
        self.assertLines(self._refused(self._text(self._line("2026-03-01", "-20"))), 2)

    def test_reference_of_another_customer(self):
        self._customer("Other Customer")
        self._imported(self._text(self._line()))
        self.assertLines(self._refused(self._text(self._line(who="Other Customer"))), 2)

    def test_another_contact_of_the_same_customer(self):
        self._customer("Contact", parent_id=self.case.id, type="contact")
        sale = self._imported(self._text(self._line()))
        line = self._line(who="Case Customer, Contact")
        self.assertEqual(self._imported(self._text(line)), sale)

    def test_replaced_where_a_person_chose_so(self):
        other = self._customer("Other Customer")
        sale = self._imported(self._text(self._line()))
        line = self._line("2026-01-20", "90.00", "Other Customer")
        again = self._imported(self._text(line), {"replace_purchases": True})
        self.assertEqual(again, sale)
        self.assertEqual((sale.partner_id, sale.amount), (other, 90))
        self.assertEqual(str(sale.date), "2026-01-20")
        answer = self.purchases.with_context(replace_purchases=True).load(
            ["partner_id", "date", "amount", "reference", "channel"],
            [["Case Customer", "2026-01-21", 80, "G-1", "Shopify"]],
        )
        self.assertEqual(answer["ids"], sale.ids)

    def test_new_changed_and_unchanged_are_told(self):
        lines = [self._line(ref=f"N-{n}") for n in range(5)]
        answer = self._import(self._text(*lines))
        self.assertEqual(answer["counts"], {"new": 5, "changed": 0, "unchanged": 0})
        lines[0] = self._line(ref="N-0", amount="120.00")
        lines.append(self._line(ref="N-9"))
        for dryrun in (True, False):
            answer = self._import(self._text(*lines), dryrun=dryrun)
            self.assertEqual(answer["counts"], {"new": 1, "changed": 1, "unchanged": 4})
            for part in ("1 new", "1 ", "4 unchanged"):
                self.assertIn(part, answer["notes"][0])
        answer = self._import(self._text(*lines))
        self.assertEqual(answer["counts"], {"new": 0, "changed": 0, "unchanged": 6})

    def test_unchanged_in_cents_and_in_spaces(self):
        """Differences that the currency rounds away are not changes."""
        first = self._imported(self._text(self._line(amount="1000.006")))
        written = first.write_date
        answer = self._import(self._text(self._line(amount="1000.01")))
        self.assertEqual(answer["counts"]["unchanged"], 1)
        self.assertEqual(first.write_date, written)

    def test_amounts_that_are_rounded_to_nothing(self):
        """Less than half a cent given back is nothing, and no other purchase."""
        for amount in ("-0.004", "0.004", "-0", "(0.00)"):
            with self.subTest(amount):
                line = self._line(amount=amount, ref=f"Z {amount}")
                purchase = self._imported(self._text(line))
                self.assertEqual(purchase.amount, 0)
                answer = self._import(self._text(line))
                self.assertEqual(
                    answer["counts"], {"new": 0, "changed": 0, "unchanged": 1}
                )
                self.assertEqual(answer["ids"], purchase.ids)

    def test_references_differ_by_their_letters_alone(self):
        """Spaces around a reference are none of it."""
        first = self._imported(self._text(self._line(ref="G-7")))
        self.assertEqual(self._imported(self._text(self._line(ref=" G-7 "))), first)
        other = self._imported(self._text(self._line(ref="g-7")))
        self.assertNotEqual(other, first)

    def test_references_that_stand_twice(self):
        """Each repeated reference is named, also two pairs in one file."""
        lines = [self._line(ref=ref) for ref in ("A", "B", "A", "C", "B")]
        sentences = self._refused(self._text(*lines))
        self.assertLines(sentences, 4, 6)
        self.assertIn("line 2", sentences[0])
        self.assertIn("line 3", sentences[1])
        channels = [(*self._line(ref="D")[:4], c) for c in ("web", "till", "")]
        self.assertEqual(len(self._imported(self._text(*channels))), 3)

    def test_queries_of_known_lines_do_not_grow(self):
        fields = ["partner_id", "date", "amount", "reference", "channel"]

        def count(number, amount):
            data = [
                ["Case Customer", "2026-03-14", amount, f"Q-{n}", "web"]
                for n in range(number)
            ]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertFalse(self.purchases.load(fields, data)["messages"])
            return self.env.cr.sql_log_count - before

        count(300, 1)
        few, many = count(20, 1), count(300, 1)
        self.assertEqual(few, many)
        self.assertLessEqual(count(300, 2), count(20, 3) + 5)
