from datetime import timedelta

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestContacts(ClassificationCase):
    """Customers are commercial partners; contacts change and become companies."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.acme = cls._regular("Acme", 1_000, is_company=True)
        cls.buyer = cls._customer("Her Buyer", parent_id=cls.acme.id)
        cls.delivery = cls._customer(
            "Warehouse", parent_id=cls.acme.id, type="delivery"
        )
        cls.bolt = cls._regular("Bolt", 100, is_company=True)
        cls._recompute()

    def test_contacts_and_addresses_have_no_profile_of_their_own(self):
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(profiles.partner_id, self.acme + self.bolt)
        for contact in (self.buyer, self.delivery):
            self.assertEqual(contact.customer_value_tier_id, self._tier("vip"))

    def test_contact_of_a_contact_shows_the_company(self):
        assistant = self._customer("Assistant", parent_id=self.buyer.id)
        self.assertEqual(assistant.commercial_partner_id, self.acme)
        self.assertEqual(assistant.customer_value_tier_id, self._tier("vip"))

    def test_contact_moves_to_another_company_with_the_purchases(self):
        self._purchase(self.buyer, AS_OF, 700)
        self._recompute()
        self.assertEqual(self._profile(self.acme).revenue, 12_700)
        self.buyer.parent_id = self.bolt
        self.assertEqual(self.buyer.customer_value_tier_id.code, "medium")
        self._recompute()
        self.assertEqual(self._profile(self.acme).revenue, 12_000)
        self.assertEqual(self._profile(self.bolt).revenue, 1_900)

    def test_recompute_of_the_contact_recomputes_its_company(self):
        self._purchase(self.buyer, AS_OF, 700)
        run = self._recompute(partner_ids=self.buyer.ids)
        self.assertEqual(run.looked_at_count, 1)
        self.assertEqual(self._profile(self.acme).revenue, 12_700)

    def test_person_becomes_a_contact(self):
        person = self._regular("Jane", 500)
        self._recompute()
        self.assertEqual(self._profile(person).value_tier_id, self._tier("high"))
        person.parent_id = self.bolt
        self._recompute()
        self.assertFalse(self._profile(person))
        self.assertEqual(person.customer_profile_id, self._profile(self.bolt))
        self.assertEqual(self._profile(self.bolt).revenue, 7_200)

    def test_contact_becomes_a_company_of_its_own(self):
        self._purchase(self.buyer, AS_OF, 700)
        self._recompute()
        self.buyer.write({"parent_id": False, "is_company": True})
        self._recompute()
        self.assertEqual(self._profile(self.buyer).revenue, 700)
        self.assertEqual(self._profile(self.acme).revenue, 12_000)

    def test_contact_becomes_a_subsidiary(self):
        """A company below a company is a customer of its own."""
        self._purchase(self.buyer, AS_OF, 700)
        self.buyer.is_company = True
        self.assertEqual(self.buyer.parent_id, self.acme)
        self._recompute()
        self.assertEqual(self._profile(self.buyer).revenue, 700)
        self.assertEqual(self._profile(self.acme).revenue, 12_000)

    def test_person_becomes_a_company(self):
        person = self._regular("Jane", 500)
        self._recompute()
        before = self._profile(person)
        person.is_company = True
        self._recompute()
        self.assertEqual(self._profile(person), before)
        self.assertEqual(before.revenue, 6_000)

    def test_history_of_a_moved_contact_stays_with_its_company(self):
        changes = self.acme.customer_profile_id.change_count
        self.assertTrue(changes)
        self.buyer.parent_id = self.bolt
        self._recompute()
        self.assertEqual(self._profile(self.acme).change_count, changes)
        self.assertEqual(
            self.buyer.customer_profile_id.change_ids.partner_id, self.bolt
        )

    def test_archived_customer(self):
        self.acme.with_context(active_test=False).child_ids.action_archive()
        self.acme.action_archive()
        self._recompute()
        profile = self._profile(self.acme)
        self.assertFalse(profile.active)
        self.assertEqual(profile.value_tier_id, self._tier("vip"))
        visible = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(visible.partner_id, self.bolt)
        self.acme.action_unarchive()
        self._recompute()
        self.assertTrue(profile.active)

    def test_archived_contact_still_counts_for_its_company(self):
        self._purchase(self.buyer, AS_OF, 700)
        self.buyer.action_archive()
        self._recompute()
        self.assertEqual(self._profile(self.acme).revenue, 12_700)

    def test_archived_prospect_is_left_out(self):
        prospect = self._customer("Quiet", active=False)
        policy = self._policy(self.company, prospect_scope="contact")
        self._recompute(policy=policy)
        self.assertFalse(self._profile(prospect))

    def test_deleted_customer_takes_the_profile_along(self):
        jane = self._regular("Jane", 500)
        self._recompute()
        profile = self._profile(jane)
        self.env["customer.purchase"].search([("partner_id", "=", jane.id)]).unlink()
        jane.unlink()
        self.assertFalse(profile.exists())
        self.assertEqual(self._recompute().state, "done")

    def test_company_of_the_database_is_no_customer(self):
        self._purchase(self.company.partner_id, AS_OF, 999)
        self._recompute()
        self.assertFalse(self._profile(self.company.partner_id))

    def test_supplier_and_colleague_are_no_prospects(self):
        supplier = self._customer("Supplier", supplier_rank=1)
        colleague = self._user("colleague", "base.group_user").partner_id
        both = self._customer("Buys and sells", supplier_rank=1, customer_rank=1)
        policy = self._policy(self.company, prospect_scope="contact")
        self._recompute(policy=policy)
        self.assertFalse(self._profile(supplier))
        self.assertFalse(self._profile(colleague))
        self.assertTrue(self._profile(both))


@tagged("post_install", "-at_install")
class TestMergedContacts(ClassificationCase):
    """Odoo's wizard that merges contacts keeps all data of the addon."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.kept = cls._regular("Acme", 100, is_company=True, email="a@example.com")
        cls.gone = cls._regular(
            "Acme Inc.",
            400,
            until=AS_OF - timedelta(days=15),
            is_company=True,
            email="a@example.com",
        )
        cls.third = cls._customer("ACME", email="a@example.com", is_company=True)
        cls._recompute()

    def _merge(self, partners, into):
        wizard = self.env["base.partner.merge.automatic.wizard"].create(
            {
                "partner_ids": [(6, 0, partners.ids)],
                "dst_partner_id": into.id,
            }
        )
        wizard.action_merge()
        self.env.invalidate_all()

    def test_tables_without_a_row_are_asked_in_one_query(self):
        """Odoo asks two questions for each of a hundred columns."""
        wizard = self.env["base.partner.merge.automatic.wizard"]
        columns = wizard._get_fk_on("res_partner")
        self.assertIn(("customer_complaint", "partner_id"), columns)
        merging = wizard.with_context(customer_merged_ids=(self.gone.id,))
        self.env.flush_all()
        with self.assertQueryCount(2):
            found = merging._get_fk_on("res_partner")
        self.assertIn(("customer_profile", "partner_id"), found)
        self.assertIn(("customer_purchase", "partner_id"), found)
        self.assertNotIn(("customer_complaint", "partner_id"), found)
        self.assertEqual(found, [one for one in columns if one in found])

    def test_both_have_profiles_purchases_and_history(self):
        partners = self.kept + self.gone + self.third
        self._merge(partners, self.kept)
        self.assertFalse(self.gone.exists())
        purchases = self.env["customer.purchase"].search(
            [("partner_id", "=", self.kept.id)]
        )
        self.assertEqual(len(purchases), 24)
        self.assertEqual(len(self._profile(self.kept)), 1)
        self._recompute()
        profile = self._profile(self.kept)
        self.assertEqual(profile.revenue, 6_000)
        self.assertEqual(profile.order_count, 24)
        self.assertEqual(profile.visit_count, 24)
        self.assertEqual(profile.value_tier_id, self._tier("high"))
        self.assertEqual(profile.last_purchase_date, AS_OF)
        self.assertEqual(self.kept.customer_value_tier_id, self._tier("high"))

    def test_both_have_the_same_tags(self):
        kept, taken = self.env["res.partner.category"].create(
            [{"name": "Kept of the merge"}, {"name": "Taken of the merge"}]
        )
        partners = self.kept + self.gone + self.third
        partners.write({"category_id": [Command.set((kept + taken).ids)]})
        self.kept.write({"category_id": [Command.unlink(taken.id)]})
        self._merge(partners, self.kept)
        links = self.env["classification.tag.link"].search(
            [("partner_id", "=", self.kept.id)]
        )
        self.assertEqual(self.kept.category_id, kept + taken)
        self.assertEqual(links.partner_tag_id, kept + taken)
        self.assertEqual(links.mapped("state"), ["present", "present"])

    def test_merged_equals_bought_by_one_all_along(self):
        self._merge(self.kept + self.gone, self.kept)
        self._recompute()
        twin = self._regular("Twin", 100)
        self.env["customer.purchase"].search(
            [("partner_id", "=", self.kept.id), ("amount", "=", 400)]
        ).copy({"partner_id": twin.id})
        self._recompute()
        names = ("revenue", "order_count", "value_score", "rfm_code", "churn_risk")
        merged, other = (self._profile(p).read(names)[0] for p in (self.kept, twin))
        merged.pop("id"), other.pop("id")
        self.assertEqual(merged, other)

    def test_only_the_one_that_goes_has_a_profile(self):
        self._merge(self.third + self.gone, self.third)
        profile = self._profile(self.third)
        self.assertEqual(profile.value_tier_id, self._tier("medium"))
        run = self._recompute()
        self.assertEqual(self._profile(self.third), profile)
        self.assertFalse(
            run.change_ids.filtered(lambda change: change.partner_id == self.third)
        )

    def test_history_of_the_one_that_stays_is_kept(self):
        """Two pasts in one would contradict each other on every day."""
        count = self.env["classification.change"].search_count(
            [("partner_id", "=", self.kept.id)]
        )
        self.assertTrue(count)
        self._merge(self.kept + self.gone, self.kept)
        self.assertEqual(
            self.env["classification.change"].search_count(
                [("partner_id", "=", self.kept.id)]
            ),
            count,
        )

    def test_merged_in_two_companies(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        env = self.env(
            context={
                **self.env.context,
                "allowed_company_ids": [self.company.id, other.id],
            }
        )
        policy = self._policy(other).with_env(env)
        self._purchase(self.gone, AS_OF, 2_000, company_id=other.id)
        policy.recompute(as_of_date=AS_OF)
        self._merge(self.kept + self.gone, self.kept)
        self._recompute()
        policy.recompute(as_of_date=AS_OF)
        self.assertEqual(self._profile(self.kept).revenue, 6_000)
        self.assertEqual(self._profile(self.kept, other).with_env(env).revenue, 2_000)

    def test_refused_merge_changes_nothing(self):
        """Odoo refuses to merge a contact with its own company."""
        child = self._customer("Child", parent_id=self.kept.id)
        with self.assertRaises(UserError):
            self._merge(self.kept + child, self.kept)
        self.assertEqual(self._profile(self.kept).revenue, 1_200)
