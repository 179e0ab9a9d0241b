from odoo.tests import tagged

from .common import ImportCase


@tagged("post_install", "-at_install")
class TestImportCustomers(ImportCase):
    """Customers by name, e-mail, reference, tax number or code.

    In any letter case; never the first of several.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.acme = cls._customer(
            "ACME Imports",
            is_company=True,
            email="Info <info@acme.example>",
            ref="K-100",
            vat="DE123456788",
        )
        cls.buyer = cls._customer(
            "Bea Buyer", parent_id=cls.acme.id, email="b@acme.example"
        )
        cls.env["customer.code"].create(
            {"partner_id": cls.acme.id, "company_id": cls.company.id, "code": "C-77"}
        )

    def _customers(self, *cells):
        rows = [(cell, "2026-03-14", "1") for cell in cells]
        text = self._csv(("Customer", "Date", "Amount"), *rows)
        return [one.partner_id for one in self._imported(text)]

    def _refused_customers(self, *cells):
        rows = [(cell, "2026-03-14", "1") for cell in cells]
        return self._refused(self._csv(("Customer", "Date", "Amount"), *rows))

    def test_all_that_a_customer_is_called_by(self):
        cells = (
            *("ACME Imports", "acme imports", " Acme  Imports "),
            *("info@acme.example", "INFO@ACME.example", "Info <info@acme.example>"),
            *("K-100", "k-100", "de123456788", "C-77", "c-77"),
        )
        self.assertEqual(self._customers(*cells), [self.acme] * len(cells))

    def test_spaces_that_nobody_sees(self):
        """Names are kept with two spaces, or with one that does not break."""
        for name in ("Two  Spaces", "No\u00a0Break", " Around ", "Tab\tStop"):
            customer = self._customer(name, ref=f" R {name}")
            shown = " ".join(name.split())
            cells = (name, shown, shown.upper(), f"r {shown}")
            with self.subTest(name):
                self.assertEqual(self._customers(*cells), [customer] * len(cells))

    def test_two_of_one_name_with_other_spaces(self):
        twins = [self._customer(name) for name in ("Odd Twin", "Odd  Twin")]
        sentences = self._refused_customers("Odd Twin", "odd  twin")
        self.assertLines(sentences, 2, 3)
        for twin in twins:
            self.assertIn(f"ID {twin.id}", sentences[0])

    def test_letters_beyond_ascii(self):
        customer = self._customer("ÄRZTE Öl Çelik")
        self.assertEqual(
            self._customers("Ärzte öl ÇELİK".replace("İ", "I")), [customer]
        )

    def test_contacts_of_a_company(self):
        cells = ("Bea Buyer", "ACME Imports, Bea Buyer", "B@acme.example")
        self.assertEqual(self._customers(*cells), [self.buyer] * 3)

    def test_two_of_one_name(self):
        """The case ``same_name_customers``."""
        twins = [self._customer("Case Twin", email=f"{n}@twin.example") for n in "ab"]
        sentences = self._refused_customers("Case Customer", "case twin", "Case Twin")
        self.assertLines(sentences, 3, 4)
        for twin in twins:
            self.assertIn(twin.email, sentences[0])
            self.assertIn(f"ID {twin.id}", sentences[0])
        self.assertEqual(self._customers("B@twin.example"), [twins[1]])

    def test_one_address_of_two(self):
        for name in ("One", "Two"):
            self._customer(name, email="both@example.com")
        self.assertLines(self._refused_customers("Both@Example.com"), 2)

    def test_reference_of_one_and_code_of_another(self):
        self._customer("Other", ref="C-77")
        self.assertLines(self._refused_customers("c-77"), 2)

    def test_one_company_and_its_contact_are_one_customer(self):
        self.buyer.email = "info@acme.example"
        self.assertEqual(self._customers("info@acme.example"), [self.acme])

    def test_twin_in_another_company(self):
        """A contact of another company is not the line's customer."""
        other = self._company("Other Ltd")
        self._customer("Case Customer", company_id=other.id)
        self.assertEqual(self._customers("Case Customer"), [self.case])
        lone = self._customer("Lone Customer", company_id=other.id)
        sentences = self._refused_customers("Lone Customer")
        self.assertLines(sentences, 2)
        self.assertTrue(lone)

    def test_unknown_and_archived(self):
        self._customer("Gone Customer", active=False)
        sentences = self._refused_customers("Case Customer", "Nobody", "Gone Customer")
        self.assertLines(sentences, 3, 4)
        self.assertIn("Nobody", sentences[0])

    def test_new_contacts_where_a_person_chose_so(self):
        text = self._csv(
            ("Customer", "Date", "Amount"),
            *[("Brand New", "2026-03-14", "1")] * 2,
        )
        chosen = {"name_create_enabled_fields": {"partner_id": True}}
        purchases = self._imported(text, chosen)
        self.assertEqual(purchases.partner_id.mapped("name"), ["Brand New"])
        self.assertEqual(len(purchases), 2)

    def test_nothing_stays_of_a_refused_file(self):
        """Not even the contacts that were made for it."""
        text = self._csv(
            ("Customer", "Date", "Amount"),
            ("Brand Newer", "2026-03-14", "1"),
            ("", "2026-03-14", "1"),
        )
        self._refused(text, {"name_create_enabled_fields": {"partner_id": True}})
        self.assertFalse(self.env["res.partner"].search([("name", "=", "Brand Newer")]))

    def test_by_ids(self):
        self.env["ir.model.data"].create(
            {
                "module": "shop",
                "name": "acme",
                "model": "res.partner",
                "res_id": self.acme.id,
            }
        )
        for field, cell, bad in (
            ("partner_id/.id", str(self.acme.id), "999999999"),
            ("partner_id/id", "shop.acme", "shop.nobody"),
        ):
            answer = self.purchases.load(
                [field, "date", "amount"], [[cell, "2026-03-14", 1]]
            )
            self.assertFalse(answer["messages"])
            found = self.purchases.browse(answer["ids"]).partner_id
            self.assertEqual(found, self.acme)
            answer = self.purchases.load(
                [field, "date", "amount"], [[bad, "2026-03-14", 1]]
            )
            self.assertFalse(answer["ids"])
            self.assertIn(bad, answer["messages"][0]["message"])

    def test_queries_do_not_grow_with_the_customers(self):
        def count(number, word):
            names = [f"{word} {n}" for n in range(number)]
            self.env["res.partner"].create([{"name": name} for name in names])
            data = [[name, "2026-03-14", 1] for name in names]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            answer = self.purchases.load(["partner_id", "date", "amount"], data)
            self.assertFalse(answer["messages"])
            return self.env.cr.sql_log_count - before

        count(3, "Warm")
        few = count(10, "Few")
        self.assertLessEqual(count(90, "Many"), few)
