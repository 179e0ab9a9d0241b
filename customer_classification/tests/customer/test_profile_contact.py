from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..common import AS_OF, ClassificationCase
from ..rights_world import EXPORT


@tagged("post_install", "-at_install")
class TestProfileContact(ClassificationCase):
    """The contact on its profile, and what people do with contacts from there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._user("contact_seller", "sales_team.group_sale_salesman")
        cls.manager = cls._user(
            "contact_manager", f"sales_team.group_sale_manager,{EXPORT}"
        )
        team = cls.env["crm.team"].create(
            {"name": "Zz Team", "company_id": cls.company.id}
        )
        cls.env["crm.team.member"].create(
            {"user_id": cls.seller.id, "crm_team_id": team.id}
        )
        cls.tag = cls.env["res.partner.category"].create({"name": "Zz Tag"})
        cls.own = cls._regular(
            "Own",
            100,
            phone="+1 555-0101",
            email="own@example.com",
            user_id=cls.seller.id,
            country_id=cls.env.ref("base.nl").id,
            category_id=[Command.link(cls.tag.id)],
        )
        cls.other = cls._regular("Other", 200, email="other@example.com")
        cls.team = team
        cls._recompute()
        cls.profiles = cls._profile(cls.own) + cls._profile(cls.other)

    def _as(self, user, profiles=None):
        return (self.profiles if profiles is None else profiles).with_user(user)

    # What is shown

    def test_contact_is_shown(self):
        profile = self._as(self.seller)[0]
        self.assertEqual(profile.phone, "+1 555-0101")
        self.assertEqual(profile.email, "own@example.com")
        self.assertEqual(profile.user_id, self.seller)
        self.assertEqual(profile.team_id, self.team)
        self.assertEqual(profile.category_ids, self.tag)

    def test_groups(self):
        """Each offered group finds its customer, with the totals of the group."""
        domain = [("id", "in", self.profiles.ids)]
        for name, value in (
            ("user_id", self.seller),
            ("team_id", self.team),
            ("country_id", self.env.ref("base.nl")),
        ):
            found = {
                key: total
                for key, total in self.env["customer.profile"]._read_group(
                    domain, [name], ["revenue:sum"]
                )
            }
            self.assertEqual(found[value], 1_200, name)
            self.assertEqual(sum(found.values()), 3_600, name)
            self.assertEqual(
                self.env["customer.profile"].search([*domain, (name, "in", value.ids)]),
                self.profiles[0],
            )

    def test_groups_of_tags_count_once(self):
        """A customer of two tags is in both groups, and once in totals of all."""
        second = self.env["res.partner.category"].create({"name": "Zz Second"})
        self.own.category_id = [Command.link(second.id)]
        profiles = self.profiles.with_user(self.manager)
        groups = profiles._read_grouping_sets(
            [("id", "in", profiles.ids)],
            [["category_ids"], []],
            ["__count", "revenue:sum"],
        )
        by_tag = {tag: numbers for tag, *numbers in groups[0]}
        own, other = (one.revenue for one in profiles)
        self.assertEqual(by_tag[self.tag], [1, own])
        self.assertEqual(by_tag[second], [1, own])
        self.assertEqual(by_tag[second.browse()], [1, other])
        self.assertEqual(groups[1], [(2, own + other)])

    def test_export_with_explanations(self):
        names = ["partner_id/name", "phone", "tier_explanation", "lost_date"]
        rows = self._as(self.manager).export_data(names)["datas"]
        self.assertEqual(rows[0][:2], ["Own", "+1 555-0101"])
        self.assertIn("1,200.00", rows[0][2].replace("\xa0", " "))
        self.assertTrue(rows[0][3])

    def test_record_rules_on_contacts_hold(self):
        """A hidden contact is found neither by its phone nor in a group."""
        rule = self.env["ir.rule"].create(
            {
                "name": "Own contacts only",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "groups": [Command.link(self.env.ref("base.group_user").id)],
                "domain_force": "[('user_id', '=', user.id)]",
            }
        )
        self.assertTrue(rule)
        seen = self._as(self.seller)
        self.assertEqual(
            seen.search([("id", "in", self.profiles.ids)]), self.profiles[0]
        )
        self.assertFalse(seen.search([("email", "=", "other@example.com")]))
        for action in (
            *("action_email", "action_tag", "action_assign_salesperson"),
            *("action_schedule_activity", "action_sms"),
        ):
            with self.assertRaises(AccessError, msg=action):
                getattr(seen, action)()

    # Where the list opens

    def test_a_salesperson_opens_on_her_own(self):
        def context(user):
            model = self.env["customer.profile"].with_user(user)
            return model.action_open_customers()["context"]

        self.assertTrue(context(self.seller).get("search_default_my_customers"))
        self.assertNotIn("search_default_my_customers", context(self.manager))
        self.own.user_id = False
        self.assertNotIn("search_default_my_customers", context(self.seller))

    def test_the_menu_runs_for_everybody_who_sees_it(self):
        action = self.env.ref("customer_classification.customer_profile_action_open")
        found = action.with_user(self.seller).run()
        self.assertEqual(found["res_model"], "customer.profile")
        self.assertNotIn("path", found)

    # Actions

    def _wizard(self, action):
        """The form of the wizard that an action opens, as the web client does."""
        model = self.env[action["res_model"]].with_user(self.seller)
        return Form(model.with_context(**action["context"]))

    def test_tag(self):
        wizard = self._wizard(self._as(self.seller).action_tag())
        wizard.partner_tag_ids.add(self.tag)
        self.assertEqual(wizard.record_count, 2)
        wizard.save().action_apply()
        self.assertEqual(self.other.category_id, self.tag)

    def test_email_to_many_and_to_one(self):
        action = self._as(self.seller).action_email()
        composer = self._composer(action)
        self.assertEqual(composer.composition_mode, "mass_mail")
        self.assertEqual(
            sorted(composer._evaluate_res_ids()), sorted((self.own + self.other).ids)
        )
        composer = self._composer(self._as(self.seller)[0].action_email())
        self.assertEqual(composer.composition_mode, "comment")
        self.assertEqual(composer.model, "res.partner")
        self.assertEqual(composer.partner_ids, self.own)
        composer._action_send_mail()
        self.assertIn("Hello", self.own.message_ids[0].body)

    def _composer(self, action):
        model = self.env["mail.compose.message"].with_user(self.seller)
        return model.with_context(**action["context"]).create(
            {"subject": "Hello", "body": "<p>Hello</p>"}
        )

    def test_sms(self):
        if "sms.composer" not in self.env:
            with self.assertRaises(UserError):
                self.profiles.action_sms()
            return
        action = self._as(self.seller).action_sms()
        composer = self.env["sms.composer"].with_user(self.seller)
        composer = composer.with_context(**action["context"]).create({"body": "Hi"})
        self.assertEqual(composer.composition_mode, "mass")
        self.assertEqual(composer.res_model, "res.partner")
        self.assertEqual(composer._get_records(), self.own + self.other)

    def test_assign_salesperson(self):
        wizard = self._wizard(self._as(self.seller).action_assign_salesperson())
        self.assertEqual((wizard.customer_count, wizard.other_count), (2, 0))
        wizard.user_id = self.manager
        self.assertEqual(wizard.other_count, 1)
        wizard.save().action_assign()
        self.assertEqual((self.own + self.other).user_id, self.manager)
        self.assertEqual(self.profiles.user_id, self.manager)

    def test_assign_needs_the_right_to_write_contacts(self):
        reader = self._user(
            "contact_reader", "customer_classification.group_user,base.group_user"
        )
        reader.group_ids -= self.env.ref("base.group_partner_manager")
        action = self._as(reader).action_assign_salesperson()
        model = self.env[action["res_model"]].with_user(reader)
        wizard = model.with_context(**action["context"]).create({})
        if not self.own.with_user(reader).has_access("write"):
            with self.assertRaises(AccessError):
                wizard.action_assign()
            self.assertEqual(self.own.user_id, self.seller)
        with self.assertRaises(UserError):
            model.create({}).action_assign()

    def test_schedule_activity_and_plan(self):
        wizard = self._wizard(self._as(self.seller).action_schedule_activity())
        wizard.activity_type_id = self.env.ref("mail.mail_activity_data_call")
        wizard.summary = "Call them"
        wizard.save().action_schedule_activities()
        for contact in self.own + self.other:
            self.assertEqual(contact.activity_ids.summary, "Call them")
        plan = self.env["mail.activity.plan"].create(
            {
                "name": "Win back",
                "res_model": "res.partner",
                "template_ids": [
                    Command.create({"summary": step, "responsible_type": "on_demand"})
                    for step in ("Write", "Visit")
                ],
            }
        )
        wizard = self._wizard(self._as(self.seller).action_schedule_activity())
        wizard.plan_id = plan
        wizard.save().action_schedule_plan()
        self.assertEqual(
            set(self.other.activity_ids.mapped("summary")),
            {"Call them", "Write", "Visit"},
        )

    def test_too_many_activities(self):
        wizard = type(self.env["mail.activity.schedule"])
        self.patch(wizard, "_batch_size", 1)
        with self.assertRaises(UserError):
            self.profiles.action_schedule_activity()

    def test_call_and_quotation(self):
        profile = self._as(self.seller)[0]
        self.assertEqual(profile.action_call()["url"], "tel:+15550101")
        with self.assertRaises(UserError):
            self._as(self.seller)[1].action_call()
        action = profile.action_new_quotation()
        model = self.env["sale.order"].with_user(self.seller)
        order = Form(model.with_context(**action["context"]))
        self.assertEqual(order.partner_id, self.own)

    def test_quotation_needs_its_right(self):
        reader = self._user("contact_internal", "base.group_user")
        with self.assertRaises(AccessError):
            self._as(reader)[0].action_new_quotation()

    def test_views(self):
        """Buttons of missing apps are hidden; recomputing is an action."""
        arch = self.env["customer.profile"].get_view(view_type="list")["arch"]
        self.assertEqual("action_sms" in arch, "sms.composer" in self.env)
        arch = self.env["customer.profile"].get_view(view_type="form")["arch"]
        self.assertNotIn("action_recompute", arch)
        self.assertIn("customer_contact_chatter", arch)
        bindings = self.env["ir.actions.actions"]._get_bindings("customer.profile")
        recompute = self.env.ref(
            "customer_classification.customer_profile_action_recompute"
        )
        [found] = [one for one in bindings["action"] if one["id"] == recompute.id]
        self.assertIn("form", found["binding_view_types"])

    def test_queries_of_a_page(self):
        """A page of the list reads contacts once, not once a row."""
        names = [
            "phone",
            "email",
            "user_id",
            "team_id",
            "category_ids",
            "revenue_share",
        ]
        self._regular("Third", 300)
        self._recompute(AS_OF)
        self.env.invalidate_all()
        many = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        with self.assertQueryCount(9):
            many.read(names)
