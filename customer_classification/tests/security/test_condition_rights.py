from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from ...models.common.access_groups import MONEY_GROUP
from ..campaign.common import CampaignCase
from ..code.test_customer_code import CustomerCodeCase
from ..common import AS_OF, ClassificationCase
from ..tag.common import TagCase

OFFICER = "customer_classification.group_officer"
AMOUNTS = f"{OFFICER},{MONEY_GROUP}"
REVENUE = ("customer_profile_id.revenue", ">", 100)
# Each asks for something that an Officer without amounts may not read.
UNREADABLE = (
    [REVENUE],
    ["!", REVENUE],
    [("customer_profile_id", "any", [("revenue", ">", 100)])],
    [("commercial_partner_id.customer_profile_id.revenue", ">", 100)],
    [("parent_id", "not any", [REVENUE])],
    ["|", ("city", "=", "Berlin"), REVENUE],
    [("user_ids.group_ids.model_access.perm_read", "=", True)],
    [("sale_order_ids", "!=", False)],
    [("sale_order_ids.date_order", ">", "today -30d")],
    [("invoice_ids.amount_total", ">", 3)],
)


@tagged("post_install", "-at_install")
class TestRuleRights(TagCase):
    """Rights used to evaluate the condition of a smart tag."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = cls._user("eyes-officer", OFFICER)
        cls.seller = cls._user("eyes-amounts", AMOUNTS)
        cls.boss = cls._user("eyes-manager", "sales_team.group_sale_manager")
        cls.tag = cls._tag("Seen by somebody")
        cls.berlin = cls._customer("Berliner", city="Berlin", ref="eyes")
        cls.paris = cls._customer("Parisian", city="Paris", ref="eyes")
        cls.both = cls.berlin | cls.paris
        cls.mine = ("ref", "=", "eyes")

    def _rule_of(self, user, domain, tag=None, **values):
        tag = tag or self.tag
        rules = self.rules.with_user(user)
        return rules.create(
            {"partner_tag_id": tag.id, "domain": repr(domain), **values}
        )

    def _running(self, user, domain, tag=None):
        rule = self._rule_of(user, domain, tag)
        rule.action_start()
        self.env.invalidate_all()
        return rule.sudo()

    def _refused(self, pattern="may not read"):
        return self.assertRaisesRegex(AccessError, pattern)

    # Rights of the user who saves

    def test_what_cannot_be_read_cannot_be_asked_for(self):
        rule = self._rule_of(self.officer, [self.mine])
        for domain in UNREADABLE:
            with self.subTest(domain=domain):
                with self._refused(), self.cr.savepoint():
                    self._rule_of(self.officer, domain)
                with self._refused(), self.cr.savepoint():
                    rule.domain = repr(domain)
        self.assertEqual(rule.domain, repr([self.mine]))

    def test_who_sees_amounts_may_ask_for_them(self):
        for domain in UNREADABLE[:6]:
            with self.subTest(domain=domain):
                self.assertTrue(self._rule_of(self.seller, domain))

    def test_parts_of_dates_and_search_methods_can_be_read(self):
        for domain in (
            [("create_date.month_number", "=", 1)],
            [("customer_discount_percent", ">=", 10)],
            [("category_id", "child_of", self.tag.ids), ("id", ">", 0)],
            [("parent_id.country_id.code", "=", "DE")],
            [("display_name", "ilike", "a")],
        ):
            other = self._tag(f"Tag for {domain[0][0]}")
            rule = self._rule_of(self.officer, domain, other)
            rule.action_preview()
            self.assertFalse(rule.error)

    def test_operators_that_pass_record_rules_by_are_refused(self):
        for operator in ("any!", "not any!"):
            for domain in (
                [("parent_id", operator, [("id", ">", 0)])],
                [("parent_id", "any", [("parent_id", operator, [])])],
                [("parent_id.parent_id", operator, [])],
            ):
                with self.assertRaises(ValidationError), self.cr.savepoint():
                    self._rule_of(self.boss, domain)

    def test_a_switched_on_rule_of_another_is_checked_again(self):
        rule = self._rule_of(self.seller, [REVENUE])
        for method in ("action_start", "action_preview", "action_open_matching"):
            with self.assertRaises(AccessError):
                getattr(rule.with_user(self.officer), method)()

    # Naming another person

    def test_nobody_names_another_responsible(self):
        rule = self._rule_of(self.officer, [self.mine])
        admin = self.env.ref("base.user_admin")
        for other in (admin, self.boss, self.env.ref("base.user_root")):
            with self._refused("cannot be written"):
                self._rule_of(self.officer, [self.mine], responsible_id=other.id)
            with self._refused("cannot be written"):
                rule.responsible_id = other
        context = {"default_responsible_id": admin.id}
        rules = self.rules.with_user(self.officer).with_context(**context)
        named = rules.create({"partner_tag_id": self.tag.id, "domain": "[]"})
        self.assertEqual(named.responsible_id, self.officer)
        self.assertEqual(named.copy().responsible_id, self.officer)

    def test_who_edits_becomes_responsible(self):
        rule = self._rule_of(self.boss, [self.mine])
        rule.with_user(self.officer).note = "Only words"
        self.assertEqual(rule.responsible_id, self.boss)
        rule.with_user(self.officer).domain = repr([("city", "=", "Berlin")])
        self.assertEqual(rule.responsible_id, self.officer)

    def test_editing_anything_else_of_a_condition_counts_too(self):
        rule = self._rule_of(self.seller, [REVENUE])
        tag = self._tag("Another one")
        for values in (
            {"partner_tag_id": tag.id},
            {"company_id": self.company.id},
            {"kind": "partner"},
        ):
            with self.assertRaises(AccessError):
                rule.with_user(self.officer).write(values)

    def test_who_switches_on_becomes_responsible(self):
        library = self.env.ref("customer_classification.tag_rule_origin_online")
        library.sudo().company_id = self.company
        self.assertEqual(library.responsible_id, self.env.ref("base.user_root"))
        library.with_user(self.boss).action_start()
        self.assertEqual(library.responsible_id, self.boss)

    # Rights of the responsible

    def _hide(self, model, domain, group=OFFICER):
        self.env["ir.rule"].create(
            {
                "name": "Of another addon",
                "model_id": self.env["ir.model"]._get_id(model),
                "domain_force": repr(domain),
                "groups": [Command.set(self.env.ref(group).ids)],
            }
        )

    def test_record_rules_of_the_responsible_hold(self):
        self._hide("res.partner", ["|", ("city", "=", "Berlin"), ("ref", "=", False)])
        rule = self._running(self.officer, [self.mine])
        self.assertEqual(self.tag.partner_ids, self.berlin)
        self.assertEqual(rule.matched_count, 1)
        # Also behind a path, and when the scheduled action runs.
        child = self._customer("Child", parent_id=self.paris.id, city="Bonn")
        beyond = self._tag("Behind a path")
        self._running(self.officer, [("parent_id.city", "=", "Paris")], beyond)
        self._run()
        self.assertNotIn(child, beyond.partner_ids)

    def test_contacts_of_other_companies_are_not_found(self):
        other = self._company("Elsewhere Ltd")
        self.paris.company_id = other
        self._running(self.boss, [self.mine])
        self.assertEqual(self.tag.partner_ids, self.berlin)

    def test_only_the_company_of_the_rule_is_looked_at(self):
        """The rule looks at its own company, even if its responsible has two."""
        other = self._company("Second Ltd")
        self.boss.company_ids |= other
        self.paris.company_id = other
        self._running(self.boss, [self.mine])
        self.assertEqual(self.tag.partner_ids, self.berlin)

    # The responsible loses the right

    def _assert_rests(self, rule, pattern, tag=None):
        """Assert that the rule rests with a sentence, and others go on.

        It keeps its tags.
        """
        kept = (tag or self.tag).partner_ids
        self.assertTrue(kept)
        healthy = self._tag("Healthy")
        self._rule(healthy, [self.mine])
        self.berlin.city = "Potsdam"
        self._run()
        self.assertRegex(rule.error, pattern)
        self.assertEqual((tag or self.tag).partner_ids, kept)
        self.assertEqual(healthy.partner_ids, self.both)

    def _notified(self):
        return self.env["mail.message"].search_count(
            [
                ("subject", "like", "Seen by somebody"),
                ("message_type", "=", "user_notification"),
            ]
        )

    def test_a_group_is_taken(self):
        self._purchase(self.berlin, fields.Date.today(), 500)
        self.policy.recompute()
        rule = self._running(self.seller, [REVENUE, ("city", "=", "Berlin")])
        self.assertFalse(rule.error)
        self.assertEqual(self.tag.partner_ids, self.berlin)
        self.env.ref(MONEY_GROUP).sudo().user_ids -= self.seller
        self._assert_rests(rule, "Revenue.*eyes-amounts.* may not read")
        self.assertEqual(self._notified(), 1)
        self._run()
        self.assertEqual(self._notified(), 1, "told once")

    def test_a_person_is_archived_or_leaves_a_company(self):
        rule = self._running(self.seller, [("city", "=", "Berlin"), self.mine])
        self.seller.active = False
        self._assert_rests(rule, "does not work here any more")
        self.seller.active = True
        self._run()
        self.assertFalse(rule.error)

    def test_a_person_leaves_a_company(self):
        rule = self._running(self.seller, [("city", "=", "Berlin"), self.mine])
        other = self._company("Elsewhere Ltd")
        self.seller.write({"company_id": other.id, "company_ids": [(6, 0, other.ids)]})
        self._assert_rests(rule, "may not work in Classified Ltd")

    def test_a_person_is_deleted(self):
        rule = self._running(self.seller, [("city", "=", "Berlin"), self.mine])
        self.env.cr.execute(
            "UPDATE classification_tag_rule SET responsible_id = NULL WHERE id = %s",
            [rule.id],
        )
        self.env.invalidate_all()
        self._assert_rests(rule, "nobody answers")

    # Display to others

    def test_counts_over_amounts_are_shown_to_who_sees_amounts(self):
        rule = self._running(self.seller, [REVENUE])
        self.assertEqual(rule.readers, "amounts")
        rules = self.rules.with_user(self.officer)
        one = [("id", "=", rule.id)]
        self.assertFalse(rules.search(one))
        self.assertFalse(rules.search(one + [("matched_count", ">=", 0)]))
        self.assertFalse(rules._read_group(one, [], ["matched_count:sum"])[0][0])
        for name in ("domain", "matched_count", "preview_matched", "error"):
            with self.assertRaises(AccessError):
                rules.browse(rule.id).read([name])
        self.assertTrue(self.rules.with_user(self.boss).search(one))
        self.assertTrue(self.tag.with_user(self.officer).tag_is_smart)
        smart = [("tag_is_smart", "=", True), ("id", "=", self.tag.id)]
        self.assertTrue(self.tags.with_user(self.officer).search(smart))

    def test_counts_of_what_few_may_read_are_shown_to_their_author(self):
        admin = self._user("eyes-admin", f"base.group_system,{OFFICER}")
        rule = self._rule_of(admin, [("user_ids.group_ids.model_access", "!=", False)])
        self.assertEqual(rule.sudo().readers, "own")
        for user in (self.officer, self.seller, self.boss):
            self.assertFalse(self.rules.with_user(user).search([("id", "=", rule.id)]))
        self.assertTrue(self.rules.with_user(admin).search([("id", "=", rule.id)]))

    def test_former_counts_go_with_the_former_condition(self):
        rule = self._rule_of(self.seller, [REVENUE])
        rule.action_preview()
        rule.sudo().preview_matched = 7
        rule.domain = repr([self.mine])
        seen = rule.with_user(self.officer)
        self.assertEqual((seen.preview_matched, seen.preview_date), (0, False))

    def test_a_preview_needs_no_right_to_see_amounts(self):
        self._purchase(self.berlin, AS_OF, 500)
        self.policy.recompute(as_of_date=AS_OF)
        rule = self._rule_of(self.officer, [self.mine])
        rule.action_preview()
        self.assertEqual((rule.preview_matched, rule.preview_added), (2, 2))
        self.assertEqual(rule.preview_user_id, self.officer)
        self.assertFalse(rule.sudo().preview_revenue, "not even stored")
        rule.with_user(self.seller).action_preview()
        self.assertEqual(rule.sudo().preview_revenue, 500)

    def test_a_preview_is_that_of_who_looks(self):
        self._hide("res.partner", ["|", ("city", "=", "Berlin"), ("ref", "=", False)])
        rule = self._rule(self.tag, [self.mine], start=False)
        rule.with_user(self.officer).action_preview()
        self.assertEqual(rule.preview_matched, 1)

    # Facts of the product

    def test_facts_are_not_written_by_clients(self):
        rule = self._rule_of(self.boss, [self.mine])
        for name, value in (
            ("state", "running"),
            ("error_reason", {"code": "busy"}),
            ("last_run_date", "2020-01-01"),
            ("matched_count", 3),
            ("preview_date", "2020-01-01"),
            ("preview_matched", 3),
            ("preview_added", 3),
            ("preview_removed", 3),
            ("preview_kept_off", 3),
            ("preview_revenue", 3.0),
            ("preview_user_id", self.officer.id),
            ("readers", "all"),
        ):
            with self.subTest(name):
                with self.assertRaises(AccessError):
                    rule.write({name: value})
                with self.assertRaises(AccessError):
                    self._rule_of(self.boss, [self.mine], **{name: value})
                made = self.rules.with_user(self.boss).with_context(
                    **{f"default_{name}": value}
                )
                made = made.create({"partner_tag_id": self.tag.id})
                if name != "readers":
                    [row] = made.sudo().read([name], load=None)
                    self.assertNotEqual(row[name], value)

    def test_a_running_rule_is_changed_by_no_call(self):
        rule = self._running(self.boss, [self.mine]).with_user(self.boss)
        for values in (
            {"domain": "[]"},
            {"domain": "[]", "state": "running"},
            {"domain": "[]", "state": "draft"},
            {"partner_tag_id": self._tag("Another").id},
            {"company_id": self.company.id},
        ):
            with self.assertRaises(UserError):
                rule.write(values)
        rule.action_pause()
        rule.domain = "[]"

    # Public methods

    def test_methods_are_for_officers_of_the_company(self):
        rule = self._rule(self.tag, [self.mine])
        other = self._company("Elsewhere Ltd")
        stranger = new_test_user(
            self.env,
            "eyes-stranger",
            groups=OFFICER,
            company_id=other.id,
            company_ids=[Command.set(other.ids)],
        )
        portal = self._user("eyes-portal", "base.group_portal")
        internal = self._user("eyes-internal", "base.group_user")
        user = self._user("eyes-user", "customer_classification.group_user")
        for person in (stranger, portal, internal, user):
            for method in ("preview", "start", "pause", "run"):
                with self.subTest(person=person.login, method=method):
                    with self.assertRaises(AccessError):
                        getattr(rule.with_user(person), f"action_{method}")()
        for person in (portal, internal, user):
            with self.assertRaises(AccessError):
                self.rules.with_user(person).action_run()
        self.rules.with_user(stranger).action_run()
        self.assertFalse(rule.last_run_date, "without a rule of one's own nothing runs")
        self.assertEqual(rule.state, "running")

    def test_what_a_client_puts_into_the_context_changes_nothing(self):
        archived = self._rule(self._tag("Archived"), [self.mine], active=False)
        rule = self._rule_of(self.officer, [self.mine])
        rule.with_context(active_test=False, tz=3).action_start()
        self.assertFalse(archived.last_run_date)
        self.assertTrue(rule.last_run_date)


@tagged("post_install", "-at_install")
class TestCampaignTargetRights(CampaignCase):
    """Rights used to find the targets of a campaign."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._user("aims-seller", "sales_team.group_sale_salesman")
        cls.officer = cls._user("aims-officer", OFFICER)
        cls.boss = cls._user("aims-manager", "sales_team.group_sale_manager")
        cls.rich = cls._regular("Rich", 5_000, ref="aims")
        cls.poor = cls._regular("Poor", 10, ref="aims")
        cls._recompute()
        cls.rich_ones = repr(
            [("ref", "=", "aims"), ("customer_profile_id.revenue", ">", 1_000)]
        )
        cls.all_ones = repr([("ref", "=", "aims")])

    def _campaign_of(self, user, **values):
        campaigns = self.env["utm.campaign"].with_user(user)
        return campaigns.create(
            {
                "title": "Aims",
                "company_id": self.company.id,
                "campaign_start_date": date(2025, 5, 1),
                "campaign_end_date": date(2025, 12, 31),
                **values,
            }
        )

    def _live(self, user, domain):
        values = {"campaign_target_domain": domain, "campaign_audience_mode": "live"}
        return self._campaign_of(user, **values)

    def _joined(self, campaign):
        self._judge()
        self.env.invalidate_all()
        return campaign.sudo().campaign_participant_ids.partner_id

    def test_a_filter_over_amounts_is_for_who_sees_them(self):
        campaign = self._live(self.seller, self.all_ones)
        self.assertEqual(campaign.campaign_targeted_by_id, self.seller)
        for user in (self.seller, self.officer):
            with self.assertRaisesRegex(AccessError, "Revenue.*may not read"):
                self._live(user, self.rich_ones)
            with self.assertRaisesRegex(AccessError, "Revenue.*may not read"):
                campaign.with_user(user).campaign_target_domain = self.rich_ones
        self.assertEqual(self._joined(self._live(self.boss, self.rich_ones)), self.rich)

    def test_a_filter_of_before_finds_nobody(self):
        """A filter from before rights were checked finds nobody."""
        campaign = self._live(self.seller, self.all_ones)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE utm_campaign SET campaign_target_domain = %s WHERE id = %s",
            [self.rich_ones, campaign.id],
        )
        self.env.invalidate_all()
        other = self._live(self.boss, self.all_ones)
        self.assertFalse(self._joined(campaign))
        self.assertRegex(campaign.campaign_error, "Revenue.*aims-seller.*may not read")
        self.assertEqual(self._joined(other), self.rich | self.poor)
        self.assertFalse(other.campaign_error)

    def _messages(self):
        return self.env["mail.message"].search_count(
            [("subject", "like", "Nobody joins the campaign Aims")]
        )

    def test_who_set_the_targets_is_told_once(self):
        campaign = self._live(self.boss, self.rich_ones)
        self.boss.group_ids = self.env.ref("base.group_user")
        self.assertFalse(self._joined(campaign))
        self.assertFalse(self._joined(campaign))
        self.assertEqual(self._messages(), 1)

    def test_nobody_names_another(self):
        admin = self.env.ref("base.user_admin")
        campaign = self._live(self.seller, self.all_ones)
        for values in (
            {"campaign_targeted_by_id": admin.id},
            {"campaign_error_reason": {"code": "busy"}},
        ):
            with self.assertRaises(AccessError):
                campaign.write(values)
            with self.assertRaises(AccessError):
                self._campaign_of(self.seller, **values)
        context = {"default_campaign_error_reason": {"code": "busy"}}
        made = self.env["utm.campaign"].with_user(self.seller).with_context(**context)
        self.assertFalse(made.create({"title": "x"}).sudo().campaign_error_reason)
        context = {"default_campaign_targeted_by_id": admin.id}
        made = self.env["utm.campaign"].with_user(self.seller).with_context(**context)
        self.assertEqual(
            made.create({"title": "x"}).campaign_targeted_by_id, self.seller
        )

    def test_who_changes_a_target_must_read_all_of_them(self):
        campaign = self._live(self.boss, self.rich_ones)
        for values in (
            {"campaign_target_tier_ids": self._tier("vip").ids},
            {"campaign_target_tag_ids": []},
            {"campaign_audience_mode": "frozen"},
            {"company_id": self.company.id},
        ):
            with self.assertRaises(AccessError):
                campaign.with_user(self.officer).write(values)
        self.assertEqual(campaign.campaign_targeted_by_id, self.boss)
        campaign.with_user(self.officer).title = "A title is no target"
        self.assertEqual(campaign.campaign_targeted_by_id, self.boss)
        with self.assertRaises(AccessError):
            campaign.with_user(self.officer).copy()

    def test_the_form_opens_for_who_sees_no_amounts(self):
        campaign = self._live(self.boss, self.rich_ones)
        for user, count in ((self.boss, 1), (self.officer, 0), (self.seller, 0)):
            seen = campaign.with_user(user)
            self.assertEqual(seen.campaign_audience_count, count, user.login)
            self.assertEqual(seen.campaign_can_read_targets, bool(count))
        with self.assertRaises(AccessError):
            campaign.with_user(self.officer).action_choose_audience()

    def test_targets_that_are_not_saved_are_looked_at_by_the_user(self):
        """Unsaved targets are evaluated with the rights of the user.

        A form that is being filled in gives no access to another's data.
        """
        campaign = self._live(self.boss, self.all_ones).with_user(self.seller)
        spec = {"campaign_audience_count": {}, "campaign_can_read_targets": {}}
        for start in (campaign, campaign.browse()):
            found = start.onchange(
                {
                    "campaign_target_domain": self.rich_ones,
                    "campaign_targeted_by_id": self.boss.id,
                },
                ["campaign_target_domain"],
                {"campaign_target_domain": {}, "campaign_targeted_by_id": {}, **spec},
            )["value"]
            self.assertFalse(found.get("campaign_audience_count"))
            self.assertFalse(found.get("campaign_can_read_targets"))

    def test_record_rules_of_who_set_the_targets_hold(self):
        self.env["ir.rule"].create(
            {
                "name": "Of another addon",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('name', '!=', 'Rich')]",
                "groups": [Command.set(self.env.ref(OFFICER).ids)],
            }
        )
        campaign = self._live(self.officer, self.all_ones)
        self.assertEqual(campaign.campaign_audience_count, 1)
        self.assertEqual(self._joined(campaign), self.poor)

    def test_campaigns_of_other_companies_are_left_alone(self):
        other = self._company("Elsewhere Ltd")
        campaign = self._campaign(company_id=other.id)
        for method in ("action_choose_audience", "action_note_addressed"):
            with self.assertRaises(AccessError):
                getattr(campaign.with_user(self.officer), method)()
        wizards = self.env["campaign.start"].with_user(self.officer)
        wizards = wizards.with_context(
            active_model="res.partner", active_ids=self.rich.ids
        )
        with self.assertRaises(AccessError):
            wizards.create(
                {"is_new": "known", "campaign_id": campaign.id}
            ).action_start()

    def test_a_campaign_of_all_companies_is_judged_where_its_author_works(self):
        other = self._company("Elsewhere Ltd")
        self._policy(other)
        campaign = self._live(self.boss, self.all_ones)
        campaign.company_id = False
        self.env["utm.campaign"]._refresh_live_audiences(other, AS_OF)
        self.assertFalse(campaign.campaign_error)
        self.assertFalse(campaign.sudo().campaign_participant_ids)

    def test_the_wizard_looks_as_the_user(self):
        context = {
            "active_model": "customer.profile",
            "active_ids": [],
            "active_domain": [("revenue", ">", 100)],
        }
        wizards = self.env["campaign.start"].with_context(**context)
        with self.assertRaises(AccessError):
            wizards.with_user(self.officer).create({"title": "x"})
        wizard = wizards.with_context(active_domain=[]).with_user(self.officer)
        wizard = wizard.create(
            {
                "title": "x",
                "audience": "filter",
                "model_name": "customer.profile",
                "domain": "[('revenue', '>', 100)]",
            }
        )
        with self.assertRaises(AccessError):
            wizard.action_start()


@tagged("post_install", "-at_install")
class TestPolicyFilterRights(ClassificationCase):
    """Rights used to evaluate the filters of a policy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.boss = cls._user("filter-boss", "sales_team.group_sale_manager")
        cls.writer = cls._user("filter-writer", "customer_classification.group_manager")
        cls.customer = cls._customer()
        cls._order(cls.customer, AS_OF - timedelta(3), 500)
        cls.filter = "[('amount_untaxed', '>', 1)]"

    def test_who_reads_no_orders_writes_no_filter(self):
        draft = self.policy.copy().with_user(self.writer)
        draft.sale_domain = "[]"
        for values in (
            {"sale_domain": self.filter},
            {"invoice_domain": "[('ref', '=', 'x')]"},
        ):
            with self.assertRaisesRegex(AccessError, "filter-writer"):
                draft.write(values)
            with self.assertRaisesRegex(AccessError, "filter-writer"):
                self.policy.with_user(self.writer).copy(values)

    def test_who_writes_a_filter_looks(self):
        draft = self.policy.copy()
        draft.with_user(self.boss).sale_domain = self.filter
        self.assertEqual(draft.filter_user_id, self.boss)
        for values in ({"filter_user_id": 2}, {"filter_user_id": self.boss.id}):
            with self.assertRaises(AccessError):
                draft.with_user(self.writer).write(values)

    def test_a_run_ends_in_a_sentence_when_the_right_is_lost(self):
        draft = self.policy.copy()
        draft.with_user(self.boss).sale_domain = self.filter
        draft._publish()
        self.assertEqual(draft.recompute(as_of_date=AS_OF).state, "done")
        self.assertEqual(self._profile(self.customer).revenue, 500)
        self.boss.group_ids = self.env.ref("base.group_user")
        run = draft.recompute(as_of_date=AS_OF)
        self.assertEqual(run.state, "failed")
        self.assertRegex(run.error, "^Only These Orders: .*filter-boss.*may not read")
        self.assertIn("filter-boss", draft.warning_text)
        self.assertEqual(self._profile(self.customer).revenue, 500)

    def test_record_rules_of_who_wrote_it_hold(self):
        other = self._customer("Other")
        self._order(other, AS_OF - timedelta(3), 700)
        self.env["ir.rule"].create(
            {
                "name": "Of another addon",
                "model_id": self.env["ir.model"]._get_id("sale.order"),
                "domain_force": repr([("partner_id", "!=", other.id)]),
            }
        )
        draft = self.policy.copy()
        draft.with_user(self.boss).sale_domain = self.filter
        draft._publish()
        self._recompute(policy=draft)
        self.assertEqual(self._profile(self.customer).revenue, 500)
        self.assertFalse(self._profile(other).revenue)

    def test_customers_open_for_who_may_not_read_a_filter(self):
        """Documents are counted as far as the filter can be read."""
        draft = self.policy.copy()
        draft.sale_domain = "[('order_line.product_id.seller_ids', '=', False)]"
        draft._publish()
        self._recompute(policy=draft)
        seller = self._user("filter-seller", "sales_team.group_sale_salesman")
        profile = self._profile(self.customer).with_user(seller)
        self.assertFalse(profile.document_count)


@tagged("post_install", "-at_install")
class TestCodeRights(CustomerCodeCase):
    """Codes shown of customers that the user may not read."""

    def test_the_form_of_a_scheme_names_who_may_be_read(self):
        scheme = self._scheme()
        boss = self._user("code-boss", "sales_team.group_sale_manager")
        self.env["ir.rule"].create(
            {
                "name": "Of another addon",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": repr([("id", "!=", self.vip.id)]),
            }
        )
        self.env.invalidate_all()
        preview = scheme.with_user(boss).preview
        self.assertIn("Zz Small", preview)
        self.assertNotIn("Zz Vip", preview)

    def test_only_contacts_that_may_be_read_get_codes(self):
        self._scheme()
        officer = self._user("code-officer", OFFICER)
        self.env["ir.rule"].create(
            {
                "name": "Of another addon",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": repr([("id", "!=", self.vip.id)]),
            }
        )
        both = self.vip | self.small
        wizards = self.env["customer.code.assign"].with_user(officer)
        wizard = wizards.with_context(
            active_model="res.partner", active_ids=both.ids
        ).create({})
        self.env.invalidate_all()
        wizard.action_assign()
        self.env.invalidate_all()
        self.assertFalse(self.vip.customer_code)
        self.assertTrue(self.small.customer_code)
        for junk in ("x", 5, [{}], ["x"], [10**30]):
            wizards.with_context(active_model="res.partner", active_ids=junk).create({})

    def test_the_reason_of_a_scheme_is_written_by_the_product(self):
        scheme = self._scheme()
        boss = self._user("code-boss", "sales_team.group_sale_manager")
        with self.assertRaises(AccessError):
            scheme.with_user(boss).error_reason = {"code": "busy"}
