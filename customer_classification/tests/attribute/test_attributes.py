from datetime import date, datetime

from dateutil.relativedelta import relativedelta

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import Form, freeze_time, tagged

from ..common import ClassificationCase

ATTRIBUTES = (
    "customer_employee_count",
    "customer_turnover",
    "customer_company_size",
    "birthdate_date",
    "customer_age",
    "gender",
    "customer_market",
    "customer_country_group_ids",
    "customer_region_id",
    "customer_preferred_channel",
    "customer_seen_channel",
    "customer_first_source_id",
    "customer_first_medium_id",
    "customer_origin",
)


class AttributesCase(ClassificationCase):
    def _found(self, partners, *domain):
        return self.env["res.partner"].search(
            [("id", "in", partners.ids), *domain], order="id"
        )

    def _grouped(self, partners, name):
        return dict(
            self.env["res.partner"]._read_group(
                [("id", "in", partners.ids)], [name], ["__count"]
            )
        )


@tagged("post_install", "-at_install")
class TestAttributes(AttributesCase):
    """Values of the attributes, and access to them."""

    def test_age(self):
        leapling = self._customer("Leapling", birthdate_date=date(2000, 2, 29))
        unknown = self._customer("Unknown")
        both = leapling + unknown
        for today, age in (
            ("2025-02-28", 24),
            ("2025-03-01", 25),
            ("2024-02-28", 23),
            ("2024-02-29", 24),
        ):
            with self.subTest(today=today), freeze_time(today):
                self.env.invalidate_all()
                self.assertEqual(leapling.customer_age, age)
                for domain in (
                    [("customer_age", "=", age)],
                    [("customer_age", ">=", age)],
                    [("customer_age", "<", age + 1)],
                ):
                    self.assertEqual(self._found(both, *domain), leapling)
                self.assertEqual(
                    self._found(both, ("customer_age", "!=", age)), unknown
                )
                self.assertEqual(
                    self._found(both, ("customer_age", "=", False)), unknown
                )
                self.assertEqual(
                    self._grouped(both, "customer_age"), {age: 1, False: 1}
                )

    def test_gender_and_channel(self):
        one = self._customer("One", gender="female", customer_preferred_channel="phone")
        two = self._customer("Two", parent_id=one.id)
        both = one + two
        self.assertFalse(two.gender)
        for name, value in (
            ("gender", "female"),
            ("customer_preferred_channel", "phone"),
        ):
            self.assertEqual(self._found(both, (name, "=", value)), one)
            self.assertEqual(self._grouped(both, name), {value: 1, False: 1})

    def test_form(self):
        with Form(self.env["res.partner"]) as form:
            form.name = "Newcomer"
            form.birthdate_date = fields.Date.today() - relativedelta(years=30)
            self.assertEqual(form.customer_age, 30)
            form.customer_employee_count = 12
            self.assertEqual(form.customer_company_size, "small")
        self.assertEqual(form.record.customer_company_size, "small")

    def test_internal_users_see_and_strangers_do_not(self):
        customer = self._customer("Seen", customer_employee_count=3)
        internal = self._user("attributes_reader", "base.group_user")
        self.env.invalidate_all()
        values = customer.with_user(internal).read(ATTRIBUTES)[0]
        self.assertEqual(values["customer_company_size"], "micro")
        portal = self._user("attributes_portal", "base.group_portal")
        portal.partner_id.parent_id = customer
        seen = customer.with_user(portal)
        self.assertEqual(seen.name, "Seen")
        for name in ATTRIBUTES:
            with self.subTest(name), self.assertRaises(AccessError):
                seen.read([name])
            with self.subTest(name), self.assertRaises(AccessError):
                seen.search_count([(name, "!=", False)])

    def test_internal_users_search_and_group(self):
        """Internal users without any group of ours search by each attribute."""
        internal = self._user("attributes_searcher", "base.group_user")
        partners = self.env["res.partner"].with_user(internal)
        for name in ATTRIBUTES:
            with self.subTest(name):
                partners.search_count([(name, "!=", False)])
                partners.search_count([(name, "=", False)])
                if name != "customer_country_group_ids":
                    info = partners.fields_get([name], ["searchable", "groupable"])
                    self.assertTrue(info[name]["groupable"])
                    self.assertTrue(info[name]["searchable"])

    def test_queries_do_not_grow(self):
        customers = self.env["res.partner"].create(
            [{"name": f"C{n}"} for n in range(100)]
        )
        self.env.flush_all()
        for name, queries in (
            ("customer_market", 6),
            ("customer_seen_channel", 3),
            ("customer_origin", 3),
        ):
            self.env.invalidate_all()
            with self.subTest(name), self.assertQueryCount(queries):
                customers.mapped(name)


@tagged("post_install", "-at_install")
class TestMarket(AttributesCase):
    """Local, domestic or international, seen from each company."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.us, cls.nl = cls.env.ref("base.us"), cls.env.ref("base.nl")
        cls.texas, cls.ohio = (
            cls.env.ref("base.state_us_44"),
            cls.env.ref("base.state_us_30"),
        )
        cls.company.partner_id.write(
            {"country_id": cls.us.id, "state_id": cls.texas.id, "city": "Austin"}
        )
        cls.customers = cls.env["res.partner"].create(
            [
                {"name": "A", "country_id": cls.us.id, "state_id": cls.texas.id},
                {"name": "B", "country_id": cls.us.id, "city": " austin "},
                {"name": "C", "country_id": cls.us.id, "state_id": cls.ohio.id},
                {"name": "D", "country_id": cls.us.id},
                {"name": "E", "country_id": cls.nl.id, "city": "Austin"},
                {"name": "F"},
            ]
        )
        cls.local, cls.domestic = cls.customers[:2], cls.customers[2:4]
        cls.foreign, cls.nowhere = cls.customers[4], cls.customers[5]

    def test_read_search_group(self):
        for market, expected in (
            ("local", self.local),
            ("domestic", self.domestic),
            ("international", self.foreign),
            (False, self.nowhere),
        ):
            with self.subTest(market):
                self.assertEqual(set(expected.mapped("customer_market")), {market})
                self.assertEqual(
                    self._found(self.customers, ("customer_market", "=", market)),
                    expected,
                )
                self.assertEqual(
                    self._found(self.customers, ("customer_market", "!=", market)),
                    self.customers - expected,
                )
        self.assertEqual(
            self._grouped(self.customers, "customer_market"),
            {"local": 2, "domestic": 2, "international": 1, False: 1},
        )
        self.assertEqual(
            self.customers.search(
                [("id", "in", self.customers.ids)], order="customer_market, id"
            )[:2],
            self.domestic,
        )

    def test_filter_in_memory(self):
        self.assertEqual(
            self.customers.filtered_domain([("customer_market", "=", "local")]),
            self.local,
        )

    def test_contact_is_in_the_market_of_its_company(self):
        contact = self._customer(
            "Abroad", parent_id=self.local[0].id, type="delivery", country_id=self.nl.id
        )
        self.assertEqual(contact.customer_market, "local")
        self.assertEqual(
            self._found(contact, ("customer_market", "=", "local")), contact
        )

    def test_another_company(self):
        dutch = self._company("Dutch")
        dutch.partner_id.country_id = self.nl
        seen = self.foreign.with_company(dutch)
        self.assertEqual(seen.customer_market, "domestic")
        self.assertEqual(
            seen.search([("id", "=", seen.id), ("customer_market", "=", "domestic")]),
            seen,
        )

    def test_company_without_country(self):
        nowhere = self._company("Nowhere")
        seen = self.customers.with_company(nowhere)
        self.assertEqual(set(seen.mapped("customer_market")), {False})
        self.assertFalse(
            seen.search([("id", "in", seen.ids), ("customer_market", "!=", False)])
        )

    def test_region(self):
        europe = self.env["res.country.group"].create(
            {"name": "Zz West", "country_ids": [Command.set(self.nl.ids)]}
        )
        contact = self._customer("Buyer", parent_id=self.foreign.id)
        both = self.foreign + contact
        self.assertIn(europe, contact.customer_country_group_ids)
        for domain in (
            [("customer_country_group_ids", "in", europe.ids)],
            [("customer_country_group_ids", "ilike", "zz west")],
            [("customer_country_group_ids.name", "=", "Zz West")],
        ):
            self.assertEqual(self._found(self.customers + contact, *domain), both)

    def test_one_region_a_country(self):
        """The first of overlapping groups by sequence counts, then the oldest."""
        first, second = self.env["res.country.group"].create(
            [
                {
                    "name": name,
                    "customer_region_sequence": -1,
                    "country_ids": [Command.set((self.nl + self.us).ids)],
                }
                for name in ("Zz First", "Zz Second")
            ]
        )
        self.assertEqual(self.customers[:5].customer_region_id, first)
        self.assertFalse(self.nowhere.customer_region_id)
        self.assertEqual(
            self._grouped(self.customers, "customer_region_id"),
            {first: 5, first.browse(): 1},
        )
        second.customer_region_sequence = -2
        self.assertEqual(self.foreign.customer_region_id, second)
        self.assertEqual(
            self._found(self.customers, ("customer_region_id", "=", second.id)),
            self.customers - self.nowhere,
        )
        self.assertEqual(
            self._found(self.customers, ("customer_region_id", "=", False)),
            self.nowhere,
        )


@tagged("post_install", "-at_install")
class TestSeenChannel(AttributesCase):
    """The channel by which a customer is in touch most."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Maker", is_company=True)
        cls.buyer = cls._customer("Buyer", parent_id=cls.customer.id)
        cls.quiet = cls._customer("Quiet")
        cls.all = cls.customer + cls.buyer + cls.quiet

    def _email(self, author, **values):
        return self.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": author.id,
                "message_type": "email",
                "author_id": author.id,
                **values,
            }
        )

    def _call(self, record):
        activity = self.env["mail.activity"].create(
            {
                "res_model_id": self.env["ir.model"]._get_id(record._name),
                "res_id": record.id,
                "activity_type_id": self.env.ref("mail.mail_activity_data_call").id,
            }
        )
        activity.action_done()

    def test_nothing_seen(self):
        self.assertFalse(self.customer.customer_seen_channel)

    def test_most_frequent_of_all_contacts(self):
        self._email(self.buyer)
        self.assertEqual(self.customer.customer_seen_channel, "email")
        self._call(self.customer)
        self._call(self._opportunity(self.buyer))
        self.env.invalidate_all()
        self.assertEqual(self.customer.customer_seen_channel, "phone")
        self.assertEqual(self.buyer.customer_seen_channel, "phone")
        self.assertEqual(
            self._found(self.all, ("customer_seen_channel", "=", "phone")),
            self.customer + self.buyer,
        )
        self.assertEqual(
            self._grouped(self.all, "customer_seen_channel"), {"phone": 2, False: 1}
        )

    def test_meetings_that_took_place(self):
        now = datetime.now()
        for days in (-3, 3):
            start = now + relativedelta(days=days)
            self.env["calendar.event"].create(
                {
                    "name": "Visit",
                    "start": start,
                    "stop": start + relativedelta(hours=1),
                    "partner_ids": [
                        Command.set((self.buyer if days < 0 else self.quiet).ids)
                    ],
                }
            )
        self.assertEqual(self.customer.customer_seen_channel, "in_person")
        self.assertFalse(self.quiet.customer_seen_channel)

    def test_what_does_not_count(self):
        self._email(self.buyer, date=datetime.now() - relativedelta(years=2))
        self._email(self.buyer, message_type="comment")
        self.assertFalse(self.customer.customer_seen_channel)


@tagged("post_install", "-at_install")
class TestAcquisition(AttributesCase):
    """Source, medium and origin of the first contact."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.phone = cls.env.ref("utm.utm_medium_phone")
        cls.web = cls.env.ref("utm.utm_medium_website")
        cls.fair = cls.env["utm.source"].create({"name": "Zz Fair"})
        cls.ad = cls.env["utm.source"].create({"name": "Zz Advert"})
        cls.customer = cls._customer("Maker", is_company=True)
        cls.buyer = cls._customer("Buyer", parent_id=cls.customer.id)
        cls.other = cls._customer("Other")
        cls.all = cls.customer + cls.buyer + cls.other
        cls._order(cls.customer, date(2025, 3, 1), 10, medium_id=cls.web.id)
        cls._opportunity(cls.buyer, created=date(2025, 1, 1))
        cls._opportunity(
            cls.buyer,
            created=date(2025, 2, 1),
            source_id=cls.fair.id,
            medium_id=cls.phone.id,
        )
        cls._opportunity(cls.customer, created=date(2025, 4, 1), source_id=cls.ad.id)

    def test_first_contact_that_says_where_from(self):
        for partner in self.customer + self.buyer:
            self.assertEqual(partner.customer_first_source_id, self.fair)
            self.assertEqual(partner.customer_first_medium_id, self.phone)
            self.assertEqual(partner.customer_origin, "offline")
        self.assertFalse(self.other.customer_first_source_id)
        self.assertFalse(self.other.customer_origin)

    def test_search(self):
        won = self.customer + self.buyer
        for domain in (
            [("customer_first_source_id", "=", self.fair.id)],
            [("customer_first_source_id", "in", (self.fair + self.ad).ids)],
            [("customer_first_source_id", "ilike", "zz fair")],
            [("customer_first_source_id.name", "=", "Zz Fair")],
            [("customer_first_source_id", "!=", False)],
            [("customer_first_medium_id", "=", self.phone.id)],
            [("customer_origin", "=", "offline")],
            [("customer_origin", "in", ("offline", "online"))],
        ):
            with self.subTest(domain):
                self.assertEqual(self._found(self.all, *domain), won)
        for domain in (
            [("customer_first_source_id", "=", False)],
            [("customer_first_medium_id", "!=", self.phone.id)],
            [("customer_origin", "!=", "offline")],
            [("customer_origin", "=", False)],
        ):
            with self.subTest(domain):
                self.assertEqual(self._found(self.all, *domain), self.other)

    def test_group(self):
        for name, value in (
            ("customer_first_source_id", self.fair),
            ("customer_first_medium_id", self.phone),
        ):
            none = value.browse()
            self.assertEqual(self._grouped(self.all, name), {value: 2, none: 1})
        self.assertEqual(
            self._grouped(self.all, "customer_origin"), {"offline": 2, False: 1}
        )

    def test_contacts_of_another_company_do_not_count(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        seen = self.customer.with_company(other)
        self.assertFalse(seen.customer_first_source_id)
        self.assertFalse(
            seen.search([("id", "=", seen.id), ("customer_origin", "!=", False)])
        )

    def test_origin_is_yours_to_change(self):
        self.phone.customer_origin = "referral"
        self.assertEqual(self.customer.customer_origin, "referral")
        self.env["utm.medium"]._set_customer_origins()
        self.assertEqual(self.phone.customer_origin, "referral")
