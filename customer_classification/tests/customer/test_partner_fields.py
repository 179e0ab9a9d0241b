from odoo.exceptions import AccessError
from odoo.tests import Form, tagged, users

from ..common import AS_OF, ClassificationCase

# Three of our columns on contacts, of several types.
OURS = ("customer_company_size", "customer_referrer_id", "customer_objects_profiling")


@tagged("post_install", "-at_install")
class TestPartnerFields(ClassificationCase):
    """Profile fields on the contact: read, searched, sorted, grouped."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls._regular("Very Important", 1_000, is_company=True)
        cls.small = cls._regular("Small", 10)
        cls.contact = cls._customer("Her Buyer", parent_id=cls.vip.id)
        cls.stranger = cls._customer("Stranger")
        cls._recompute()
        cls.partners = cls.vip + cls.small + cls.contact + cls.stranger
        cls._user("seller", "sales_team.group_sale_salesman")
        cls.env.invalidate_all()

    def _search(self, *domain):
        return self.env["res.partner"].search(
            [("id", "in", self.partners.ids), *domain]
        )

    def test_read(self):
        self.assertEqual(self.vip.customer_value_tier_id, self._tier("vip"))
        self.assertEqual(self.vip.customer_lifecycle_stage_id, self._stage("loyal"))
        self.assertEqual(self.vip.customer_churn_risk, "low")
        self.assertEqual(self.vip.customer_revenue, 12_000)
        self.assertFalse(self.stranger.customer_profile_id)
        self.assertFalse(self.stranger.customer_value_tier_id)

    def test_our_columns_are_read_when_asked_for(self):
        """Odoo reads a contact often: with ours only where one of them is needed."""
        self.env.invalidate_all()
        self.vip.mapped("name")
        with self.assertQueryCount(1):
            for name in OURS:
                self.vip.mapped(name)

    def test_contact_shows_its_company(self):
        self.assertEqual(self.contact.customer_profile_id, self._profile(self.vip))
        self.assertEqual(self.contact.customer_value_tier_id, self._tier("vip"))

    def test_read_queries(self):
        self.env.invalidate_all()
        with self.assertQueryCount(4):
            self.partners.mapped("customer_value_tier_id.id")

    def test_search_tier(self):
        tier = self._tier("vip")
        for domain in (
            [("customer_value_tier_id", "=", tier.id)],
            [("customer_value_tier_id", "in", tier.ids)],
            [("customer_value_tier_id.code", "=", "vip")],
            [("customer_profile_id.revenue", ">", 1_000)],
        ):
            self.assertEqual(self._search(*domain), self.contact | self.vip, domain)

    def test_search_nothing(self):
        for domain in (
            [("customer_value_tier_id", "=", False)],
            [("customer_profile_id", "=", False)],
            [("customer_churn_risk", "=", False)],
        ):
            self.assertEqual(self._search(*domain), self.stranger, domain)

    def test_search_something(self):
        known = self.partners - self.stranger
        for domain in (
            [("customer_value_tier_id", "!=", False)],
            [("customer_profile_id", "!=", False)],
            [("customer_churn_risk", "=", "low")],
        ):
            self.assertEqual(set(self._search(*domain)), set(known), domain)

    def test_search_not(self):
        tier = self._tier("vip")
        self.assertEqual(
            set(self._search(("customer_value_tier_id", "!=", tier.id))),
            set(self.small + self.stranger),
        )
        self.assertEqual(
            set(self._search(("customer_value_tier_id", "not in", tier.ids))),
            set(self.small + self.stranger),
        )
        self.assertEqual(
            set(self._search("!", ("customer_value_tier_id", "=", tier.id))),
            set(self.small + self.stranger),
        )

    def test_search_profile_by_id_and_combined(self):
        profile = self._profile(self.small)
        self.assertEqual(
            self._search(("customer_profile_id", "=", profile.id)), self.small
        )
        self.assertEqual(
            set(
                self._search(
                    "|",
                    ("customer_value_tier_id", "=", False),
                    ("customer_rfm_code", "=", profile.rfm_code),
                )
            )
            & set(self.small + self.stranger),
            set(self.small + self.stranger),
        )

    def test_filtered_domain_agrees_with_search(self):
        domain = [("customer_value_tier_id", "=", self._tier("vip").id)]
        self.assertEqual(
            set(self.partners.filtered_domain(domain)), set(self._search(*domain))
        )

    def test_group(self):
        groups = self.env["res.partner"]._read_group(
            [("id", "in", self.partners.ids)],
            ["customer_value_tier_id"],
            ["__count", "customer_revenue:sum"],
        )
        counts = {tier.code: (count, revenue) for tier, count, revenue in groups}
        self.assertEqual(counts["vip"], (2, 12_000))  # of one customer
        self.assertEqual(counts["low"], (1, 120))
        self.assertEqual(counts[False][0], 1)

    def test_group_is_offered(self):
        fields = self.env["res.partner"].fields_get(
            ["customer_value_tier_id", "customer_lifecycle_stage_id"],
            ["groupable", "sortable", "searchable"],
        )
        for name, description in fields.items():
            self.assertTrue(all(description.values()), name)

    def test_sort(self):
        ordered = self.env["res.partner"].search(
            [("id", "in", (self.vip + self.small).ids)],
            order="customer_value_score desc, id",
        )
        self.assertEqual(ordered.ids[-1], self.small.id)
        ordered = self.env["res.partner"].search(
            [("id", "in", (self.vip + self.small).ids)],
            order="customer_value_tier_id, id",
        )
        self.assertEqual(ordered.ids, [self.vip.id, self.small.id])

    def _shown_fields(self):
        """Fields of contacts that the database can search by, with their values."""
        return {
            name: field
            for name, field in self.env["res.partner"]._fields.items()
            if (field.related or "").startswith("customer_profile_id.") and field.search
        }

    def test_every_field_is_searched_as_it_is_read(self):
        """For each field: with a value, without one, and by each value found."""
        for name, field in self._shown_fields().items():
            related = self.env["customer.profile"]._fields[field.related.split(".")[1]]
            if not (related.store or related.search):
                continue
            read = {partner: partner[name] for partner in self.partners}
            empty = [partner for partner, value in read.items() if not value]
            with self.subTest(name):
                self.assertEqual(set(self._search((name, "=", False))), set(empty))
                self.assertEqual(
                    set(self._search((name, "!=", False))),
                    set(self.partners) - set(empty),
                )
                for value in filter(None, read.values()):
                    if field.type == "float" or field.type == "monetary":
                        continue
                    asked = value.id if field.type == "many2one" else value
                    self.assertEqual(
                        set(self._search((name, "=", asked))),
                        {partner for partner in read if read[partner] == value},
                    )

    def test_numbers_and_days_are_compared(self):
        known = self.partners - self.stranger
        for domain, found in (
            ([("customer_revenue", ">", 120)], self.vip + self.contact),
            ([("customer_revenue", ">", 0)], known),
            ([("customer_revenue", ">=", 0)], self.partners),
            ([("customer_revenue", "<", 0)], self.partners[:0]),
            ([("customer_revenue", "<=", 120)], self.small + self.stranger),
            (["!", ("customer_revenue", ">", 120)], self.small + self.stranger),
            ([("customer_order_count", ">=", 12)], known),
            ([("customer_order_count", "<", 12)], self.stranger),
            ([("customer_order_count", ">", 0)], known),
            ([("customer_value_score", ">", 100)], self.partners[:0]),
            ([("customer_last_purchase_date", ">=", AS_OF)], known),
            ([("customer_last_purchase_date", "<", AS_OF)], self.partners[:0]),
            ([("customer_rfm_code", "=like", "%-%-%")], known),
        ):
            self.assertEqual(set(self._search(*domain)), set(found), domain)
            self.assertEqual(
                set(self.partners.filtered_domain(domain)), set(found), domain
            )

    def test_every_offered_field_sorts_and_groups(self):
        partners = self.env["res.partner"]
        offered = partners.fields_get(
            list(self._shown_fields()), ["sortable", "groupable", "type"]
        )
        domain = [("id", "in", self.partners.ids)]
        for name, description in offered.items():
            with self.subTest(name):
                if description["sortable"]:
                    for direction in ("asc", "desc"):
                        found = partners.search(domain, order=f"{name} {direction}, id")
                        self.assertEqual(set(found), set(self.partners))
                if description["groupable"]:
                    spec = f"{name}:month" if description["type"] == "date" else name
                    groups = partners.formatted_read_group(domain, [spec], ["__count"])
                    self.assertEqual(sum(g["__count"] for g in groups), 4)
                    for group in groups:
                        found = partners.search_count(domain + group["__extra_domain"])
                        self.assertEqual(found, group["__count"], group)

    def test_profile_is_searched_by_the_name_of_its_customer(self):
        found = self._search(("customer_profile_id", "ilike", "important"))
        self.assertEqual(found, self.contact | self.vip)
        self.assertFalse(self._search(("customer_profile_id", "ilike", "stranger")))

    def test_archived_customer_keeps_the_classes(self):
        self.vip.active = False
        self._recompute()
        self.assertFalse(self._profile(self.vip).active)
        self.assertEqual(self.vip.customer_value_tier_id, self._tier("vip"))

    def test_form_of_a_new_contact(self):
        with Form(self.env["res.partner"]) as form:
            form.name = "Somebody new"
        self.assertFalse(form.record.customer_profile_id)

    @users("seller")
    def test_seller_sees_classes_not_money(self):
        partner = self.vip.with_user(self.env.user)
        self.assertEqual(partner.customer_value_tier_id.code, "vip")
        self.assertTrue(partner.customer_tier_explanation)
        with self.assertRaises(AccessError):
            partner.read(["customer_revenue"])

    def test_other_company_has_its_own_profile(self):
        other = self._company("Other Ltd")
        partner = self.vip.with_company(other)
        self.assertFalse(partner.customer_profile_id)
        self.assertEqual(
            self.env["res.partner"]
            .with_company(other)
            .search([("id", "=", self.vip.id), ("customer_profile_id", "=", False)]),
            self.vip,
        )
