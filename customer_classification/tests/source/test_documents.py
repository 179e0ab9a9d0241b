from datetime import datetime, timedelta

from odoo.tests import tagged

from ..common import AS_OF, AccountingCase


@tagged("post_install", "-at_install")
class TestDocuments(AccountingCase):
    """The documents that count, opened with the rights of the reader."""

    policy_values = {"subtract_unlinked_credit_notes": True}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._user("seller", "sales_team.group_sale_salesman")
        cls.plain = cls._user("plain", "base.group_user")
        cls.customer = cls._customer("Customer", is_company=True)
        cls.contact = cls._customer("Contact", parent_id=cls.customer.id)

    def _open(self, user=None):
        profile = self._profile(self.customer)
        return (profile.with_user(user) if user else profile).action_open_documents()

    def _found(self, action):
        """Return an action's documents, with those of archived contacts."""
        return self.env[action["res_model"]].search(action["domain"], order="id")

    def test_orders_of_customer_and_contacts_in_the_window(self):
        first = AS_OF.replace(year=AS_OF.year - 1) + timedelta(1)
        counted = [
            self._order(self.customer, first, 10),
            self._order(self.contact, AS_OF - timedelta(40), 20),
            self._order(self.customer, datetime(2025, 6, 30, 23, 59), 30),
        ]
        self._order(self.customer, first - timedelta(1), 40)
        self._order(self.customer, datetime(2025, 7, 1), 50)
        self._order(self.customer, AS_OF, 60, confirm=False)
        self._order(self._customer("Other"), AS_OF, 70)
        self._recompute()
        action = self._open()
        self.assertEqual(action["res_model"], "sale.order")
        self.assertEqual(self._found(action).ids, [order.id for order in counted])
        self.assertEqual(self._profile(self.customer).document_count, 3)
        self.assertEqual(self._profile(self.customer).order_count, 3)
        self.assertEqual(self._profile(self.customer).last_document, counted[-1])

    def test_days_are_those_of_the_time_zone(self):
        other = self._policy(self.company, name="Tokyo", tz="Asia/Tokyo")
        late = self._order(self.customer, datetime(2025, 6, 30, 14, 59), 30)
        self._order(self.customer, datetime(2025, 6, 30, 15, 0), 30)
        self._recompute(policy=other)
        self.assertEqual(self._found(self._open()), late)
        self.assertEqual(self._profile(self.customer).order_count, 1)
        self.assertEqual(self._profile(self.customer).last_document, late)

    def test_archived_contact(self):
        self._order(self.contact, AS_OF - timedelta(40), 20)
        (self.customer + self.contact).active = False
        self._recompute()
        self.assertEqual(len(self._found(self._open())), 1)

    def test_invoices_and_refunds(self):
        policy = self._policy(self.company, name="Invoices", revenue_source="invoice")
        moves = [
            self._invoice(self.contact, AS_OF - timedelta(20), 500),
            self._invoice(
                self.customer, AS_OF - timedelta(10), 30, move_type="out_refund"
            ),
        ]
        self._invoice(self.customer, AS_OF, 30, post=False)
        self._order(self.customer, AS_OF, 60)
        self._recompute(policy=policy)
        action = self._open()
        self.assertEqual(action["res_model"], "account.move")
        self.assertEqual(self._found(action).ids, [move.id for move in moves])
        self.assertEqual(self._profile(self.customer).last_document, moves[0])

    def test_several_kinds_are_a_choice(self):
        order = self._order(self.customer, AS_OF - timedelta(50), 20)
        refund = self._invoice(
            self.customer, AS_OF - timedelta(10), 5, move_type="out_refund"
        )
        imported = self._purchase(self.contact, AS_OF - timedelta(60), 70)
        self._recompute()
        action = self._open()
        self.assertEqual(action["res_model"], "customer.document.choice")
        choices = self._found(action)
        self.assertEqual(
            choices.mapped(lambda choice: (choice.name, choice.document_count)),
            [("Orders", 1), ("Credit Notes", 1), ("Imported Purchases", 1)],
        )
        found = [self._found(choice.action_open()) for choice in choices]
        self.assertEqual(found, [order, refund, imported])

    def test_who_sees_no_amounts_opens_documents(self):
        """An Officer without all sales: own orders, and purchases without amounts."""
        officer = self._user(
            "officer",
            "customer_classification.group_officer,sales_team.group_sale_salesman",
        )
        purchase = self._purchase(self.contact, AS_OF - timedelta(10), 70)
        self._order(self.customer, AS_OF - timedelta(60), 20)
        self._order(self.customer, AS_OF - timedelta(50), 20, user_id=officer.id)
        self._recompute()
        profile = self._profile(self.customer).with_user(officer)
        self.assertEqual(profile.last_document, purchase)
        self.assertEqual(profile.document_count, 2)
        choices = self.env["customer.document.choice"].with_user(officer)
        choices = choices.search(self._open(officer)["domain"])
        self.assertEqual(choices.mapped("document_count"), [1, 1])
        for choice in choices:
            action = choice.action_open()
            documents = self.env[action["res_model"]].with_user(officer)
            self.assertEqual(documents.search_count(action["domain"]), 1)

    def test_a_seller_sees_the_own_orders_only(self):
        self._order(self.customer, AS_OF - timedelta(50), 20)
        own = self._order(
            self.customer, AS_OF - timedelta(60), 20, user_id=self.seller.id
        )
        self._recompute()
        action = self._open(self.seller)
        documents = self.env["sale.order"].with_user(self.seller)
        self.assertEqual(documents.search(action["domain"]), own)
        profile = self._profile(self.customer).with_user(self.seller)
        self.assertEqual(profile.document_count, 1)
        self.assertFalse(profile.last_document)

    def test_without_rights_there_is_a_sentence(self):
        self._order(self.customer, AS_OF - timedelta(50), 20)
        self._purchase(self.customer, AS_OF - timedelta(50), 20)
        self._recompute()
        for user in (self.plain, self.seller):
            self.env.invalidate_all()
            action = self._open(user)
            self.assertEqual(action["tag"], "display_notification")
            self.assertIn("2 orders count here", action["params"]["message"])
            profile = self._profile(self.customer).with_user(user)
            self.assertEqual(profile.document_count, 0)
            self.assertFalse(profile.last_document)

    def test_nothing_bought(self):
        self._opportunity(self.customer, 10, created=AS_OF - timedelta(5))
        self._recompute()
        self.assertIn("Nothing was bought", self._open()["params"]["message"])

    def test_two_companies(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        policy = self._policy(other)
        mine = self._purchase(self.customer, AS_OF, 10)
        theirs = self._purchase(self.customer, AS_OF, 20, company_id=other.id)
        self._recompute()
        self._recompute(policy=policy)
        for company, purchase in ((self.company, mine), (other, theirs)):
            profile = self._profile(self.customer, company)
            self.assertEqual(self._found(profile.action_open_documents()), purchase)
            self.assertEqual(profile.last_document, purchase)

    def test_last_documents_of_many(self):
        partners = [self._customer(f"Customer {number}") for number in range(4)]
        for age, partner in enumerate(partners):
            self._purchase(partner, AS_OF - timedelta(30 + age), 10)
            self._order(partner, AS_OF - timedelta(age), 10)
        self._purchase(partners[3], AS_OF, 20)
        self._recompute()
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)], order="partner_id"
        )
        found = {profile.partner_id: profile.last_document for profile in profiles}
        self.assertEqual(
            [found[partner]._name for partner in partners],
            ["sale.order"] * 3 + ["customer.purchase"],
        )
        self.assertEqual(found[partners[1]].partner_id, partners[1])
