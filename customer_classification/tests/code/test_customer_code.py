from datetime import date

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from ...engine.customers import customer_codes
from ..common import ClassificationCase


class CustomerCodeCase(ClassificationCase):
    """A scheme of tier, country and number, and three customers with classes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nl = cls.env.ref("base.nl")
        cls.vip = cls._regular("Zz Vip", 1_000, is_company=True, country_id=cls.nl.id)
        cls.small = cls._regular("Zz Small", 10)
        cls.buyer = cls._customer("Zz Buyer", parent_id=cls.vip.id)
        cls.stranger = cls._customer("Zz Stranger")
        cls._recompute()
        cls.codes = cls.env["customer.code"]
        cls.assignment = cls.env["customer.code.assignment"]

    @classmethod
    def _scheme(cls, *segments, **values):
        """A scheme of segments, each a kind or ``(kind, {values})``."""
        segments = segments or ("tier", "country", ("number", {"width": 4}))
        pairs = [one if isinstance(one, tuple) else (one, {}) for one in segments]
        return cls.env["customer.code.scheme"].create(
            {
                "name": "Codes",
                "company_id": cls.company.id,
                "segment_ids": [
                    fields.Command.create({"kind": kind, "sequence": place, **more})
                    for place, (kind, more) in enumerate(pairs)
                ],
                **values,
            }
        )

    def _assign(self, partners=None):
        return self.assignment._assign(self.company, partners and partners.ids)

    def _import(self, *rows):
        return self.codes.load(
            ["partner_id/.id", "code"],
            [[str(partner.id), code] for partner, code in rows],
        )

    def _picked(self, text, env=None):
        partners = (env or self.env)["res.partner"]
        return partners.browse(row[0] for row in partners.name_search(text)).sudo()


@tagged("post_install", "-at_install")
class TestCustomerCode(CustomerCodeCase):
    """Assigning codes, and finding customers by them."""

    def test_assign_all(self):
        scheme = self._scheme()
        self.assertEqual(self._assign(), (2, 0))
        self.assertEqual(self.vip.customer_code, "V-NL-0001")
        self.assertEqual(self.small.customer_code, "L-XX-0002")
        self.assertEqual(self.buyer.customer_code, "V-NL-0001")
        self.assertFalse(self.stranger.customer_code)
        self.assertEqual((scheme.next_number, scheme.code_count), (3, 2))
        self.assertEqual(self._assign(), (0, 0))

    def test_assign_some_with_their_company(self):
        self._scheme()
        self.assertEqual(self._assign(self.buyer + self.stranger), (2, 0))
        self.assertEqual(self.vip.customer_code_ids.code, "V-NL-0001")
        self.assertEqual(self.stranger.customer_code, "X-XX-0002")
        self.assertFalse(self.small.customer_code)

    def test_every_segment(self):
        industry = self.env["res.partner.industry"].create({"name": "Crème & Co."})
        texas = self.env.ref("base.state_us_44")
        self.vip.write(
            {
                "industry_id": industry.id,
                "customer_employee_count": 300,
                "country_id": texas.country_id.id,
                "state_id": texas.id,
            }
        )
        self._scheme(
            ("text", {"text": "ab"}),
            "tier",
            "stage",
            "type",
            "country",
            "state",
            "industry",
            "size",
            "number",
            separator=".",
        )
        self._assign()
        self.assertEqual(self.vip.customer_code, "AB.V.L.C.US.TXX.CRE.L.00001")
        industry.customer_code_letters = "77"
        self.assertEqual(self.assignment._words()["industry"][industry.id], "77")

    def test_check_character(self):
        self._scheme(has_check_character=True)
        self._assign()
        code = self.vip.customer_code
        self.assertEqual(code[:-1], "V-NL-0001-")
        self.assertTrue(customer_codes.is_checked(code))

    def test_number_that_outgrows_its_length(self):
        self._scheme(("number", {"width": 2}), next_number=100, separator=False)
        self._assign()
        self.assertEqual(self.vip.customer_code, "100")

    def test_scheme_by_kind_of_customer(self):
        self._scheme(
            ("text", {"text": "C"}), "number", applies_to="company", sequence=1
        )
        self._scheme(("text", {"text": "P"}), "number", applies_to="person", sequence=2)
        self._assign()
        self.assertEqual(self.vip.customer_code, "C-00001")
        self.assertEqual(self.small.customer_code, "P-00001")

    def test_assigned_once(self):
        self._scheme()
        self._assign()
        self.vip.country_id = self.env.ref("base.be")
        self.assertEqual(self._assign(), (0, 0))
        self.assertEqual(self.vip.customer_code, "V-NL-0001")

    def test_follows_the_classes_and_comes_back(self):
        self._scheme(policy="follow")
        self._assign()
        self.vip.country_id = self.env.ref("base.be")
        steps, first = self.assignment._plan(self.company)
        self.assertEqual((len(steps), first), (1, 0))
        self.assertEqual(self._assign(), (0, 1))
        self.assertEqual(self.vip.customer_code, "V-BE-0001")
        old = self.vip.customer_code_ids.filtered(lambda one: not one.is_current)
        self.assertEqual((old.code, old.until), ("V-NL-0001", fields.Date.today()))
        self.vip.country_id = self.nl
        self.assertEqual(self._assign(), (0, 1))
        self.assertEqual(self.vip.customer_code, "V-NL-0001")
        self.assertFalse(old.until)
        self.assertEqual(len(self.vip.customer_code_ids), 2)

    def test_codes_of_people_are_left_alone(self):
        self._scheme(policy="follow")
        self._import((self.vip, "own-7"))
        self.assertEqual(self._assign(), (1, 0))
        self.assertEqual(self.vip.customer_code, "OWN-7")

    def test_taken_numbers_are_skipped(self):
        self._scheme()
        self._import(*((self.stranger, f"V-NL-000{n}") for n in range(1, 6)))
        self.assertEqual(self._assign(self.vip), (1, 0))
        self.assertGreater(self.vip.customer_code, "V-NL-0005")
        self.assertEqual(self.stranger.customer_code, "V-NL-0005")

    def test_no_scheme_and_no_customers(self):
        self.assertEqual(self._assign(), (0, 0))
        self._scheme()
        self.assertEqual(self.assignment._assign(self.company, []), (0, 0))

    def test_archived_customers_get_none(self):
        self._scheme()
        self.small.active = False
        self.assertEqual(self._assign(), (1, 0))
        self.assertFalse(self.small.customer_code)

    def test_scheduled_action(self):
        self._scheme()
        self.assignment._cron_assign()
        self.assertEqual(self.vip.customer_code, "V-NL-0001")

    def test_queries_do_not_grow(self):
        self._scheme(policy="follow")
        customers = self.env["res.partner"].create(
            [{"name": f"Zz {n}"} for n in range(2_000)]
        )
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(16):
            self.assertEqual(self._assign(customers), (2_000, 0))
        customers.write({"country_id": self.nl.id})
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(15):
            self.assertEqual(self._assign(customers), (0, 2_000))
        self.env.invalidate_all()
        # One for the codes and one for the contacts, for each thousand that Odoo reads.
        with self.assertQueryCount(5):
            self.assertEqual(len(set(customers.mapped("customer_code"))), 2_000)


@tagged("post_install", "-at_install")
class TestCustomerCodeSearch(CustomerCodeCase):
    """Finding customers by current and old codes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._scheme(policy="follow")
        cls.assignment._assign(cls.company)
        cls.vip.country_id = cls.env.ref("base.be")
        cls.assignment._assign(cls.company)

    def test_picked_by_prefix(self):
        for text in ("V-BE-0001", "v-be", "V-NL-0001", "V-NL"):
            self.assertEqual(self._picked(text), self.vip, text)
        for text in ("BE-0001", "V_BE", "%-BE", "0001"):
            self.assertNotIn(self.vip, self._picked(text), text)

    def test_names_still_find(self):
        self.assertIn(self.small, self._picked("Zz Small"))
        self.assertEqual(
            self.env["res.partner"].search(
                [("display_name", "not ilike", "V-BE"), ("id", "=", self.vip.id)]
            ),
            self.vip,
        )

    def test_search_by_current_code(self):
        partners = self.env["res.partner"]
        both = self.vip + self.buyer
        everybody = both + self.small + self.stranger
        ours = [("id", "in", everybody.ids)]
        for domain, found in (
            ([("customer_code", "=", "v-be-0001")], both),
            ([("customer_code", "=ilike", "v-b%")], both),
            ([("customer_code", "ilike", "be-00")], both),
            ([("customer_code", "=", "V-NL-0001")], partners),
            ([("customer_code", "=", False)], self.stranger),
            ([("customer_code", "!=", False)], both + self.small),
            ([("customer_code", "not ilike", "be")], self.small + self.stranger),
            ([("customer_code_ids.code", "=ilike", "v-nl%")], self.vip),
        ):
            with self.subTest(domain):
                self.assertEqual(set(partners.search(ours + domain)), set(found))

    def test_sort(self):
        ours = (self.vip + self.small).ids
        self.assertEqual(
            self.env["res.partner"].search([("id", "in", ours)], order="customer_code"),
            self.small + self.vip,
        )

    def test_each_company_has_its_own_codes(self):
        other = self._company("Other Ltd")
        self.codes.create(
            {
                "partner_id": self.small.id,
                "company_id": other.id,
                "code": "V-BE-0001",
            }
        )
        seen = self.small.with_company(other)
        self.assertEqual(seen.customer_code, "V-BE-0001")
        self.assertFalse(self.vip.with_company(other).customer_code)
        self.assertEqual(self.small.customer_code, "L-XX-0002")
        self.assertEqual(self._picked("V-BE-0001"), self.vip)

    def test_who_reads(self):
        internal = self._user("code_reader", "base.group_user")
        seen = self.vip.with_user(internal)
        self.assertEqual(seen.customer_code, "V-BE-0001")
        self.assertEqual(self._picked("V-NL", seen.env), self.vip)
        with self.assertRaises(AccessError):
            seen.customer_code_ids.write({"code": "MINE"})
        portal = self._user("code_portal", "base.group_portal")
        portal.partner_id.parent_id = self.vip
        seen = self.vip.with_user(portal)
        for domain in (
            [("customer_code", "=", "V-BE-0001")],
            [("customer_code", "!=", False)],
            [("customer_code_ids.code", "=", "V-BE-0001")],
        ):
            with self.subTest(domain), self.assertRaises(AccessError):
                seen.search_count(domain)
        self.assertFalse(self._picked("V-BE-0001", seen.env))

    def test_merged_contact_leaves_its_codes(self):
        codes = self.vip.customer_code_ids + self.small.customer_code_ids
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.vip + self.small).ids, self.vip, extra_checks=False
        )
        self.assertEqual(codes.exists().partner_id, self.vip)
        self.assertEqual(self.vip.customer_code, "V-BE-0001")
        self.assertEqual(self._picked("L-XX-0002"), self.vip)
        old = codes.filtered(lambda one: one.code == "L-XX-0002")
        self.assertEqual((old.is_current, bool(old.until)), (False, True))

    def test_merged_into_a_contact_without_code(self):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.vip + self.small + self.stranger).ids,
            self.stranger,
            extra_checks=False,
        )
        self.assertEqual(self.stranger.customer_code, "V-BE-0001")
        self.assertEqual(self._picked("L-XX-0002"), self.stranger)

    def test_deleted_customer_frees_its_codes(self):
        self.stranger.customer_code_ids.create(
            {"partner_id": self.stranger.id, "code": "FREE"}
        )
        self.stranger.unlink()
        self.assertFalse(self.codes.search([("code", "=", "FREE")]))


@tagged("post_install", "-at_install")
class TestCustomerCodeImport(CustomerCodeCase):
    """Codes that people enter or import."""

    def test_import(self):
        result = self._import((self.vip, " old-1 "), (self.small, "old-2"))
        self.assertFalse(result["messages"])
        self.assertEqual(self.vip.customer_code, "OLD-1")
        self.assertEqual(self.small.customer_code, "OLD-2")

    def test_collisions_are_reported_by_line(self):
        self._import((self.vip, "TAKEN"))
        result = self._import(
            (self.small, "A-1"),
            (self.stranger, "taken"),
            (self.stranger, "a-1"),
        )
        self.assertFalse(result["ids"])
        messages = {
            message["rows"]["from"]: message["message"]
            for message in result["messages"]
        }
        # A repeated code is an error of the file: Odoo names its first line.
        self.assertEqual(set(messages), {0, 1})
        self.assertIn("TAKEN", messages[1])
        self.assertIn("Zz Vip has it", messages[1])
        self.assertIn("A-1 stands twice", messages[0])

    def test_old_code_is_taken_too(self):
        self._import((self.vip, "ONE"), (self.vip, "TWO"))
        self.assertEqual(self.vip.customer_code, "TWO")
        with self.assertRaises(ValidationError) as refused:
            self.codes.create({"partner_id": self.small.id, "code": "one"})
        self.assertIn("had it until", str(refused.exception))

    def test_twice_in_one_go(self):
        with self.assertRaises(ValidationError) as refused:
            self.codes.create(
                [
                    {"partner_id": self.small.id, "code": "x"},
                    {"partner_id": self.vip.id, "code": "X"},
                ]
            )
        self.assertIn("stands twice", str(refused.exception))

    def test_empty(self):
        with self.assertRaises(ValidationError):
            self.codes.create({"partner_id": self.small.id, "code": "  "})

    def test_change_by_hand(self):
        first = self.codes.create({"partner_id": self.vip.id, "code": "one"})
        second = self.codes.create({"partner_id": self.vip.id, "code": "two"})
        self.assertFalse(first.is_current)
        first.is_current = True
        self.assertFalse(second.is_current)
        self.assertTrue(second.until)
        self.assertFalse(first.until)
        first.code = "one"
        with self.assertRaises(ValidationError):
            first.code = "Two"

    def test_imported_old_code(self):
        self._import((self.vip, "NOW"))
        old = self.codes.create(
            {
                "partner_id": self.vip.id,
                "code": "THEN",
                "is_current": False,
                "since": date(2020, 1, 1),
                "until": date(2021, 1, 1),
            }
        )
        self.assertEqual(self.vip.customer_code, "NOW")
        self.assertEqual(old.until, date(2021, 1, 1))

    def test_many(self):
        customers = self.env["res.partner"].create(
            [{"name": f"Zz {n}"} for n in range(300)]
        )
        values = [{"partner_id": one.id, "code": f"M{one.id}"} for one in customers]
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(20):
            self.codes.create(values)
            self.env.flush_all()


@tagged("post_install", "-at_install")
class TestCustomerCodeScheme(CustomerCodeCase):
    """Schemes, their preview, and the wizard."""

    def test_preview(self):
        scheme = self._scheme()
        lines = scheme.preview.splitlines()
        self.assertEqual(lines[0], "V-NL-0001  Zz Vip")
        with Form(scheme) as form:
            form.separator = "/"
            self.assertEqual(form.preview.splitlines()[0], "V/NL/0001  Zz Vip")
            with form.segment_ids.edit(0) as segment:
                segment.width = 2
            self.assertEqual(form.preview.splitlines()[0], "VX/NL/0001  Zz Vip")
        self.assertEqual(scheme.next_number, 1)
        self.assertFalse(self.vip.customer_code)

    def test_new_scheme(self):
        with Form(self.env["customer.code.scheme"]) as form:
            form.name = "New"
            with form.segment_ids.new() as segment:
                segment.kind = "text"
                segment.text = "abc"
                self.assertEqual(segment.width, 3)
            with form.segment_ids.new() as segment:
                segment.kind = "number"
                self.assertEqual(segment.width, 5)
            self.assertIn("ABC-00001", form.preview)
        self.assertEqual(form.record.company_id, self.company)

    def test_refused(self):
        for segments, values, sentence in (
            (("tier",), {}, "one running number"),
            (("number", "number"), {}, "one running number"),
            (("number",), {"separator": "A"}, "separator"),
            (("number", ("text", {"text": "-"})), {}, "fixed text"),
            (("number", ("tier", {"width": 0})), {}, "from 1 to 20"),
            (("number", ("tier", {"padding": "-"})), {}, "filler"),
        ):
            with self.assertRaises(ValidationError) as refused:
                self._scheme(*segments, **values)
            self.assertIn(sentence, str(refused.exception))

    def test_scheme_without_segments(self):
        with self.assertRaises(ValidationError):
            self.env["customer.code.scheme"].create({"name": "Empty"})

    def test_wizard(self):
        self._scheme(policy="follow")
        officer = self._user("code_officer", "customer_classification.group_officer")
        wizards = self.env["customer.code.assign"].with_user(officer)
        wizard = wizards.create({})
        self.assertEqual((wizard.first_count, wizard.changed_count), (2, 0))
        selected = wizards.with_context(
            active_model="res.partner", active_ids=(self.buyer + self.stranger).ids
        ).create({})
        self.assertEqual(selected.first_count, 2)
        self.assertFalse(self.vip.customer_code)
        selected.action_assign()
        self.assertEqual(self.vip.customer_code, "V-NL-0001")
        self.vip.country_id = self.env.ref("base.be")
        wizard = wizards.create({})
        self.assertEqual((wizard.first_count, wizard.changed_count), (1, 1))

    def test_who_assigns_and_configures(self):
        scheme = self._scheme()
        seller = self._user("code_seller", "sales_team.group_sale_salesman")
        officer = self._user("code_officer", "customer_classification.group_officer")
        self.assertTrue(scheme.with_user(seller).preview)
        with self.assertRaises(AccessError):
            self.env["customer.code.assign"].with_user(seller).create({})
        with self.assertRaises(AccessError):
            scheme.with_user(officer).name = "Mine"
        other = self._company("Other Ltd")
        wizard = self.env["customer.code.assign"].create({"company_id": other.id})
        wizard = wizard.with_user(officer)
        with self.assertRaises(AccessError):
            wizard.action_assign()

    def test_buttons(self):
        scheme = self._scheme()
        action = scheme.action_assign()
        self.assertEqual(action["context"]["default_company_id"], self.company.id)
        self._assign()
        action = scheme.action_open_codes()
        self.assertEqual(self.codes.search_count(action["domain"]), 2)

    def test_deleted_scheme_leaves_codes(self):
        scheme = self._scheme()
        self._assign()
        scheme.unlink()
        self.assertEqual(self.vip.customer_code, "V-NL-0001")
