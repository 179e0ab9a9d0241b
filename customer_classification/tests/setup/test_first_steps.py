from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from .test_templates import SetUpCase


@tagged("post_install", "-at_install")
class TestFirstSteps(SetUpCase):
    def _ref(self, name):
        return self.env.ref(f"customer_classification.{name}")

    def _playbooks(self):
        playbooks = self.env["customer.playbook"].with_context(active_test=False)
        return playbooks.search([("company_id", "=", self.company.id)])

    def _rules(self):
        rules = self.env["classification.tag.rule"].with_context(active_test=False)
        return rules.search([("company_id", "=", self.company.id)])

    def _opened(self, user):
        overview = self.env["customer.overview"].with_user(user)
        return overview.with_company(self.company).action_open()

    # Where the app opens

    def test_new_company_begins_with_the_first_steps(self):
        self.assertTrue(self.company.customer_first_steps)
        opened = self._opened(self.manager)
        self.assertEqual(opened["res_model"], "classification.first.steps")

    def test_others_begin_as_ever(self):
        for login, group in (
            ("setup-officer", "customer_classification.group_officer"),
            ("setup-seller", "sales_team.group_sale_salesman"),
        ):
            with self.subTest(login):
                opened = self._opened(self._user(login, group))
                self.assertNotEqual(
                    opened.get("res_model"), "classification.first.steps"
                )

    def test_done_opens_the_overview_from_then_on(self):
        self.assertEqual(
            self.page.action_done()["tag"], self._opened(self.manager)["tag"]
        )
        self.assertFalse(self.company.customer_first_steps)

    def test_company_with_rules_keeps_its_first_page(self):
        """Companies that have a policy do not begin anew, as after an upgrade."""
        self.company.customer_first_steps = False
        self.company._create_first_customer_policy()
        self.assertFalse(self.company.customer_first_steps)

    # Choosing

    def test_choosing_sets_up_what_belongs_to_it(self):
        library = self._ref("tag_rule_big_spender")
        library.active = False
        library.partner_tag_id.active = False
        draft = self._choose("shop")
        self.assertEqual((draft.state, draft.company_id), ("draft", self.company))
        self.assertEqual(draft.tz, self.policy.tz)
        rule = self._rules().filtered(
            lambda one: one.partner_tag_id == library.partner_tag_id
        )
        self.assertEqual((rule.state, rule.domain), ("draft", library.domain))
        self.assertEqual(rule.responsible_id, self.manager)
        self.assertTrue(rule.active and rule.partner_tag_id.active)
        self.assertFalse(library.active, "it is that of another company")
        self.assertTrue(self._ref("campaign_type_member_day").active)
        playbooks = self._playbooks()
        self.assertEqual(set(playbooks.mapped("state")), {"draft"})
        self.assertEqual(len(playbooks), 6)
        named = {book.name: book.tier_ids.mapped("code") for book in playbooks}
        self.assertEqual(named[self._ref("playbook_dedicated_person").name], ["high"])

    def test_choosing_changes_no_class_and_no_rule_in_force(self):
        self._choose("shop")
        self.assertEqual(self.company._get_customer_policy(), self.policy)
        self.assertEqual(self.policy.state, "published")

    def test_choosing_twice_changes_nothing(self):
        draft = self._choose("travel")
        policies = self.env["classification.policy"].search_count([])
        playbooks, rules = self._playbooks(), self._rules()
        draft.window_months = 30
        self.assertEqual(self._choose("travel"), draft)
        self.assertEqual(draft.window_months, 30)
        self.assertEqual(self.env["classification.policy"].search_count([]), policies)
        self.assertEqual((self._playbooks(), self._rules()), (playbooks, rules))

    def test_choosing_anew_leaves_no_untouched_draft(self):
        first = self._choose("travel")
        self._choose("shop")
        self.assertFalse(first.exists())
        second = self.page.policy_id
        second.window_months = 18
        self._choose("b2b")
        self.assertTrue(second.exists(), "a person changed it")

    def test_tags_of_the_company_stay_as_they_are(self):
        """Where a tag of the same name is there, that of the library stays away."""
        tag = self._ref("tag_big_spender")
        tag.active = False
        own = tag.create({"name": tag.name, "parent_id": tag.parent_id.id})
        self._choose("shop")
        self.assertFalse(tag.active)
        self.assertTrue(own.active)
        tags = self._rules().partner_tag_id
        self.assertNotIn(tag, tags)
        self.assertIn(self._ref("tag_frequent_buyer"), tags)

    def test_rules_of_the_company_stay_as_they_are(self):
        rule = self._ref("tag_rule_big_spender").copy({"company_id": self.company.id})
        rule.domain = "[('parent_id', '=', False)]"
        rule.action_start()
        self._choose("shop")
        same = self._rules().filtered(
            lambda one: one.partner_tag_id == rule.partner_tag_id
        )
        self.assertEqual(same, rule)
        self.assertEqual(
            (rule.state, rule.domain), ("running", "[('parent_id', '=', False)]")
        )

    # Never over rules without asking

    def test_own_rules_need_consent(self):
        policy = self._policy(self.company)
        with self.assertRaisesRegex(UserError, "Rules of your own are in force"):
            self._choose("shop")
        self.assertFalse(self.company.customer_template)
        self.assertFalse(self._playbooks())
        draft = self._choose("shop", has_consent=True)
        self.assertEqual((draft.state, policy.state), ("draft", "published"))

    def test_consent_is_given_for_each_template(self):
        self._policy(self.company)
        self._choose("shop", has_consent=True)
        with self.assertRaisesRegex(UserError, "Rules of your own are in force"):
            self._choose("travel")

    def test_page_asks_only_where_there_are_rules(self):
        page = Form(self.page)
        self.assertFalse(page.needs_consent)
        self._policy(self.company)
        page = Form(self.page)
        page.template = "wholesale"
        self.assertTrue(page.needs_consent)
        self.assertIn("VIP", page.content_text)

    def test_publishing_without_a_preview_is_asked(self):
        draft = self._choose("shop")
        action = self.page.action_publish()
        self.assertEqual(action["res_model"], "classification.publish")
        self.assertEqual(draft.state, "draft")

    def test_steps_need_a_template(self):
        for step in ("action_preview", "action_publish", "action_open_policy"):
            with self.subTest(step), self.assertRaisesRegex(UserError, "template"):
                getattr(self.page, step)()

    # Rights

    def test_only_managers_see_the_page(self):
        officer = self._user("setup-other", "customer_classification.group_officer")
        with self.assertRaises(AccessError):
            self._page(officer)
        for method in (
            *("action_choose", "action_preview", "action_publish"),
            *("action_open_policy", "action_invite", "action_done"),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(self.page.with_user(officer), method)()

    def test_page_of_another_company(self):
        other = self._company("Other Ltd")
        pages = self.env["classification.first.steps"].with_user(self.manager)
        with self.assertRaises(AccessError):
            pages.create({"company_id": other.id})
        with self.assertRaises(AccessError):
            self.page.company_id = other
        with self.assertRaises(AccessError):
            self.page.sudo().with_user(self.manager).with_context(
                allowed_company_ids=other.ids
            ).action_choose()

    def test_a_draft_of_another_company_is_not_taken(self):
        """A page never publishes the rules of another company."""
        other = self._company("Other Ltd")
        theirs = other._get_customer_policy()
        self.company.sudo().customer_template_policy_id = theirs
        self.page.invalidate_recordset()
        self.assertFalse(self.page.policy_id)
        with self.assertRaisesRegex(UserError, "template"):
            self.page.action_publish()

    def test_roles_are_given_by_who_administers_users(self):
        colleague = self._user("setup-colleague", "base.group_user")
        self.page.write({"user_ids": colleague.ids, "role": "officer"})
        with self.assertRaises(AccessError):
            self.page.action_invite()
        self.assertFalse(colleague.has_group("customer_classification.group_officer"))
        admin = self._user(
            "setup-admin",
            "base.group_erp_manager,customer_classification.group_manager",
        )
        page = self._page(admin, user_ids=colleague.ids, role="officer")
        page.action_invite()
        self.assertTrue(colleague.has_group("customer_classification.group_officer"))
        self.assertFalse(colleague.has_group("customer_classification.group_manager"))
        self.assertFalse(page.user_ids)

    def test_nobody_of_another_company_is_given_a_role(self):
        other = self._company("Other Ltd")
        stranger = self._user("setup-stranger", "base.group_user")
        stranger.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        admin = self._user(
            "setup-admin",
            "base.group_erp_manager,customer_classification.group_manager",
        )
        page = self._page(admin, user_ids=stranger.ids, role="manager")
        with self.assertRaisesRegex(UserError, "users of the company"):
            page.action_invite()
        self.assertFalse(stranger.has_group("customer_classification.group_user"))

    def test_people_are_counted(self):
        self._user("setup-officer", "customer_classification.group_officer")
        self.page.invalidate_recordset()
        self.assertIn("2 users", self.page.people_text)
        self.assertTrue(self.page.is_invited)

    # Queries

    def _read_page(self):
        """Read all that the page shows, as opening it does."""
        page = self.page.with_user(self.manager)
        self.env.flush_all()
        self.env.invalidate_all()
        return page.read(
            [
                *("template_text", "content_text", "chosen_text", "is_chosen"),
                *("needs_consent", "policy_id", "is_previewed", "preview_text"),
                *("is_published", "people_text", "is_invited", "may_invite"),
            ]
        )

    def test_queries_of_the_page(self):
        """Drafts, previews and many users ask as often as a draft alone."""
        self._choose("shop")
        self.page.action_preview()
        self._read_page()
        with self.assertQueryCount(13):
            self._read_page()
        for number in range(5):
            self._user(f"setup-more-{number}", "customer_classification.group_officer")
            self._customer(f"More {number}")
        self.page.action_preview()
        self._read_page()
        with self.assertQueryCount(13):
            self._read_page()
