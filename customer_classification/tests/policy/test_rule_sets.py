from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..common import AS_OF
from .test_memory import LATER, MemoryCase


@tagged("post_install", "-at_install")
class TestRuleSets(MemoryCase):
    """Rules of customers, products and campaigns have versions of their own."""

    KINDS = ("customer", "product", "campaign")

    def _in_force(self, kind):
        return self.company._get_customer_policy()[f"{kind}_rules_id"]

    def _new(self, kind, **values):
        """A draft of the rules of one kind."""
        rules = self._in_force(kind)
        action = rules.action_new_version()
        self.assertEqual(action["res_model"], rules._name)
        draft = rules.browse(action["res_id"])
        draft.write(values)
        return draft

    def _queued(self):
        runs = self.env["classification.run"].search(
            [("company_id", "=", self.company.id), ("state", "=", "queued")]
        )
        return runs.mapped("kind")

    def test_a_draft_is_of_one_kind_alone(self):
        for kind in self.KINDS:
            draft = self._new(kind)
            policy = draft.policy_id
            self.assertEqual((draft.state, policy.state), ("draft", "draft"))
            self.assertEqual(policy.subject, kind)
            self.assertEqual(draft.version, self._in_force(kind).version + 1)
            for other in set(self.KINDS) - {kind}:
                self.assertEqual(
                    policy[f"{other}_rules_id"], self._in_force(other), (kind, other)
                )

    def test_publishing_touches_its_own_kind_alone(self):
        rows = self._rows()
        for kind, name, value, run_kind in (
            ("product", "product_a_percent", 50, "product"),
            ("campaign", "campaign_attribution_days", 77, "campaign"),
        ):
            before = {other: self._in_force(other) for other in self.KINDS}
            draft = self._new(kind, **{name: value})
            action = draft.action_publish()
            run = self.env[action["res_model"]].browse(action["res_id"])
            self.assertEqual((run.kind, run.state), (run_kind, "queued"))
            self.assertEqual(self._queued(), [run_kind])
            policy = self.company._get_customer_policy()
            self.assertEqual(policy[name], value)
            self.assertEqual(before[kind].state, "retired")
            for other in set(self.KINDS) - {kind}:
                self.assertEqual(self._in_force(other), before[other])
                self.assertEqual(before[other].state, "published")
            self._assert_writes_nothing(policy.recompute(as_of_date=LATER), rows)
            with self._on(LATER):
                self._assert_writes_nothing(policy.refresh(), rows)
            run.sudo().write({"state": "done", "as_of_date": LATER})

    def test_customers_are_not_due_again_for_other_rules(self):
        """Customers are not due again after changes to other rules.

        They had their run of the day, by the same rules about them.
        """
        with self._on(LATER):
            self._new("campaign", campaign_attribution_days=7).action_publish()
            policy = self.company._get_customer_policy()
            runs = self.env["classification.run"]
            runs._queue_due(policy, "all")
            self.assertNotIn("production", self._queued())
            runs._queue_due(policy, "changed")
        changed = runs.search(
            [("policy_id", "=", policy.id), ("scope", "=", "changed")]
        )
        self.assertEqual(changed.state, "queued")

    def test_it_combines_with_what_is_in_force_by_then(self):
        product = self._new("product", product_a_percent=50)
        source = self.policy.browse(self.policy.action_new_source_version()["res_id"])
        self._new("customer", grace_days=7).action_publish()
        source.window_months = 6
        source.action_publish()
        product.action_publish()
        policy = self.company._get_customer_policy()
        self.assertEqual(
            (policy.grace_days, policy.window_months, policy.product_a_percent),
            (7, 6, 50),
        )
        self.assertEqual(policy.product_rules_id, product)

    def test_a_source_draft_takes_the_rules_in_force(self):
        source = self.policy.browse(self.policy.action_new_source_version()["res_id"])
        self._new("customer", grace_days=7).action_publish()
        source.approval_min_customers = 3
        source.action_publish()
        policy = self.company._get_customer_policy()
        self.assertEqual((policy.grace_days, policy.approval_min_customers), (7, 3))

    def test_an_unchanged_version_leaves_the_one_in_force(self):
        rules = self._in_force("customer")
        draft = self._new("customer")
        draft.action_publish()
        self.assertFalse(draft.exists())
        self.assertEqual(
            (self._in_force("customer"), rules.state), (rules, "published")
        )

    def test_versions_of_a_kind_count_what_differed(self):
        first = self._in_force("customer").version
        for values in ({"grace_days": 5}, {}, {"product_a_percent": 60}):
            self._draft(**values)._publish()
        self.assertEqual(self._in_force("customer").version, first + 1)
        self.assertEqual(self._in_force("customer").grace_days, 5)

    def test_waiting_runs_go_by_the_new_combination(self):
        waiting = self.env["classification.run"]._queue(self.policy)
        self._new("product", product_a_percent=50).action_publish()
        policy = self.company._get_customer_policy()
        self.assertEqual((waiting.policy_id, waiting.state), (policy, "queued"))
        self.assertFalse(waiting._drop_outdated())
        self._new("customer", grace_days=7).action_publish()
        self.assertTrue(waiting._drop_outdated())

    def test_preview_of_one_kind(self):
        for kind, name, value, run_kind in (
            ("customer", "grace_days", 0, "preview"),
            ("product", "product_a_percent", 50, "product_preview"),
        ):
            with self._on(LATER):
                action = self._new(kind, **{name: value}).action_preview()
            run = self.env[action["res_model"]].browse(action["res_id"])
            self.assertEqual((run.kind, run.state), (run_kind, "done"), run.error)

    def test_preview_follows_what_is_in_force(self):
        draft = self._new("product", product_a_percent=50)
        self._new("customer", grace_days=7).action_publish()
        with self._on(LATER):
            draft.action_preview()
        self.assertEqual(draft.policy_id.grace_days, 7)

    def test_publishing_asks_once_without_a_preview(self):
        draft = self._new("customer", grace_days=7)
        action = draft.action_ask_publish()
        self.assertEqual(action["res_model"], "classification.publish")
        self.assertEqual(draft.state, "draft")
        wizard = (
            self.env["classification.publish"]
            .with_context(**action["context"])
            .create({})
        )
        self.assertTrue(wizard.has_preview)
        with self._on(LATER):
            run = self.env["classification.run"].browse(
                wizard.action_preview()["res_id"]
            )
        self.assertEqual(run.kind, "preview")
        action = run.action_publish_rules()
        self.assertEqual(action["res_model"], "classification.run")
        self.assertEqual(draft.state, "published")

    def test_a_change_after_the_preview_is_asked_about(self):
        draft = self._new("customer", grace_days=7)
        with self._on(LATER):
            draft.action_preview()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE classification_run SET create_date = create_date - interval '1 h'"
            " WHERE policy_id = %s",
            [draft.policy_id.id],
        )
        self.env.invalidate_all()
        action = draft.action_ask_publish()
        self.assertEqual(action["res_model"], "classification.publish")

    def test_published_rules_are_changed_by_no_call(self):
        manager = self._user("kind_manager", "customer_classification.group_manager")
        for kind, name in zip(
            self.KINDS,
            ("grace_days", "product_a_percent", "campaign_min_peers"),
            strict=True,
        ):
            rules = self._in_force(kind).with_user(manager)
            before = rules.read()
            for call in (
                lambda it=rules, name=name: it.write({name: 1}),
                lambda it=rules: it.write({"note": "Mine"}),
                lambda it=rules: it.write({"state": "draft"}),
                lambda it=rules: it.write({"company_id": self.env.company.id + 1}),
                lambda it=rules, name=name: it.web_save({name: 1}, {}),
                lambda it=rules: it.unlink(),
                lambda it=rules: it.action_preview(),
                lambda it=rules: it.create({"state": "published"}),
                lambda name=name: self.policy.with_user(manager).write({name: 1}),
            ):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    call()
                self.env.invalidate_all()
                self.assertEqual(rules.read(), before)

    def test_officers_preview_and_managers_publish(self):
        draft = self._new("customer", grace_days=7)
        officer = self._user("kind_officer", "customer_classification.group_officer")
        with self._on(LATER):
            draft.with_user(officer).action_preview()
        for call in (
            lambda: draft.with_user(officer).action_publish(),
            lambda: draft.with_user(officer).action_new_version(),
            lambda: draft.with_user(officer).write({"grace_days": 1}),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(draft.state, "draft")

    def test_deleting_a_draft_takes_its_policy_along(self):
        draft = self._new("product")
        policy = draft.policy_id
        draft.unlink()
        self.assertFalse(policy.exists())
        self.assertEqual(self._in_force("product").state, "published")
        draft = self._new("product")
        draft.policy_id.unlink()
        self.assertFalse(draft.exists())

    def test_grace_is_given_on_the_form(self):
        draft = self._new("customer")
        draft.keeps_grace = True
        self.assertTrue(draft.policy_id.keeps_grace)

    def test_forms_open_and_lock(self):
        """Fields of published rules cannot be written on their forms."""
        for kind, name in zip(
            self.KINDS,
            ("grace_days", "product_a_percent", "campaign_min_peers"),
            strict=True,
        ):
            form = Form(self._in_force(kind))
            with self.assertRaisesRegex(AssertionError, "readonly"):
                form[name] = 1
            with Form(self._new(kind)) as form:
                form[name] = 4
            self.assertEqual(form.record[name], 4)
            self.assertIn("<td>4", str(form.record.change_html))

    def test_lines_of_tiers_say_what_changed(self):
        draft = self._new("customer")
        draft.tier_ids[1].limit = 6_000
        self.assertIn("6,000", draft.change_html)
        self.assertNotIn("Orders", draft.change_html)
        draft.write({"tier_ids": [fields.Command.delete(draft.tier_ids[1].id)]})
        draft.action_publish()
        self._assert_same_limits(draft, [10_000, 1_000, 0])

    def _assert_same_limits(self, rules, limits):
        self.assertEqual(rules.tier_ids.mapped("limit"), limits)
        self.assertEqual(self.company._get_customer_policy().tier_ids, rules.tier_ids)

    def test_runs_of_rules(self):
        """The last run counts, also by a policy that combines them with others."""
        rules = self._in_force("customer")
        self.assertEqual(rules.last_run_state, "done")
        self._new("product", product_a_percent=50).action_publish()
        rules.invalidate_recordset()
        self.assertEqual(rules.last_run_id.as_of_date, LATER)
        self.assertEqual(
            self.company._get_customer_policy().last_run_id, rules.last_run_id
        )
        self.assertGreater(LATER, AS_OF)
