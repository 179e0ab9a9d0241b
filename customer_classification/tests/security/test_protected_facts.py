import base64
from importlib.util import module_from_spec, spec_from_file_location

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.models import MAGIC_COLUMNS
from odoo.tests import tagged
from odoo.tools.misc import file_path

from ..campaign.common import CampaignCase
from ..common import AS_OF

MIXIN = "classification.protected.mixin"
# Models that only runs write; people read them, and managers delete trials.
WRITTEN_BY_RUNS = (
    *("customer.profile", "classification.change", "classification.move"),
    *("classification.run.result", "classification.back.test.line"),
    *("classification.problem", "classification.dirty", "product.profile"),
    *("classification.rate.change", "product.class.dirty"),
    *("product.class.change", "product.class.move", "product.variant.class"),
    *("campaign.profile", "campaign.class.change", "classification.tag.link"),
    "campaign.class.move",
    "classification.tag.change",
    "customer.profile.total",
)


@tagged("post_install", "-at_install")
class TestProtectedFacts(CampaignCase):
    """Facts written by the product cannot be written by anybody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._user(
            "facts_manager",
            "sales_team.group_sale_manager,base.group_partner_manager,"
            "base.group_system",
        )
        cls.officer = cls._user(
            "facts_officer", "customer_classification.group_officer"
        )
        cls.customer = cls._regular("Customer", 100)
        cls._recompute()
        cls.draft = cls._new_version()
        cls.campaign = cls._campaign()
        cls.part = cls._participant(cls.campaign, cls.customer, addressed_date=AS_OF)
        cls.code = cls.env["customer.code"].create(
            {"partner_id": cls.customer.id, "code": "C1"}
        )
        cls.decision = cls.env["classification.override"].create(
            {
                "partner_id": cls.customer.id,
                "tier_id": cls._tier("vip").id,
                "reason": "Strategic",
            }
        )
        cls.samples = {
            "classification.policy": cls.draft,
            "campaign.participant": cls.part,
            "customer.code": cls.code,
            "classification.override": cls.decision,
        }

    @classmethod
    def _new_version(cls, policy=None):
        action = (policy or cls.policy).action_new_version()
        return cls.env["classification.policy"].browse(action["res_id"])

    def _models(self):
        """Names of the models with protected fields."""
        mixin = self.env.registry[MIXIN]
        return [
            name
            for name, model in self.env.registry.items()
            if issubclass(model, mixin) and not model._abstract
        ]

    def _other_value(self, field):
        """A value that no new record has."""
        kinds = {
            "integer": 77,
            "float": 7.5,
            "monetary": 7.5,
            "char": "forged",
            "text": "forged",
            "date": "2001-01-01",
            "datetime": "2001-01-01 00:00:00",
            "json": {"forged": 1},
            "many2one": 1,
        }
        if field.type == "selection":
            return field.get_values(self.env)[-1]
        if field.type == "boolean":
            return not field.default(self.env[field.model_name]) if field.default else 1
        return kinds[field.type]

    def _assert_refused(self, call, error=UserError):
        with self.assertRaises(error), self.env.cr.savepoint():
            call()

    # Generated over models

    def test_protected_fields_are_plain_columns(self):
        self.assertIn("classification.policy", self._models())
        for name in self._models():
            model = self.env[name]
            for protected in model._protected_fields:
                field = model._fields[protected]
                with self.subTest(name, field=protected):
                    self.assertTrue(field.store)
                    self.assertFalse(field.translate)

    def test_read_only_fields_are_protected(self):
        """Read-only fields of forms are protected from calls as well."""
        for name in self.samples:
            model = self.env[name]
            shown = {
                one.name
                for one in model._fields.values()
                if one.store and one.readonly and not one.compute
                if one.type != "one2many" and one.name not in MAGIC_COLUMNS
            }
            self.assertLessEqual(shown, model._protected_fields | model._fixed_fields)

    def test_nobody_writes_protected_fields(self):
        for name, sample in self.samples.items():
            record = sample.with_user(self.manager)
            for protected in record._protected_fields:
                value = self._other_value(record._fields[protected])
                with self.subTest(name, field=protected):
                    for call in (
                        lambda r=record, v={protected: value}: r.write(v),
                        lambda r=record, v={protected: value}: r.web_save(v, {}),
                        lambda r=record, v={protected: value}: r.create(v),
                        lambda r=record, v={protected: value}: r.copy(v),
                    ):
                        self._assert_refused(call, AccessError)
                    imported = record.load(
                        [".id", protected], [[str(record.id), str(value)]]
                    )
                    self.assertFalse(imported["ids"])

    def test_context_gives_no_protected_value(self):
        policies = self.env["classification.policy"].with_user(self.manager)
        policy = policies.with_context(
            default_state="published", default_version=99, default_published_by_id=1
        ).create({"name": "By context"})
        self.assertEqual(
            (policy.state, policy.version, policy.published_by_id.id),
            ("draft", 1, False),
        )

    def test_nobody_writes_what_runs_write(self):
        for name in WRITTEN_BY_RUNS:
            for user in (self.manager, self.officer):
                for operation in ("create", "write", "unlink"):
                    with self.subTest(name, user=user.login, operation=operation):
                        records = self.env[name].with_user(user)
                        self.assertFalse(records.has_access(operation))

    # Policies

    def test_published_policy_is_not_changed_by_any_call(self):
        policy = self.policy.with_user(self.manager)
        line, metric = policy.tier_ids[0], policy.metric_ids[0]
        draft = self.draft.with_user(self.manager)
        command = fields.Command
        before = self._content()
        for call in (
            lambda: policy.write({"state": "draft"}),
            lambda: policy.write({"version": 9}),
            lambda: policy.write({"published_date": "2001-01-01 00:00:00"}),
            lambda: policy.write({"published_by_id": self.officer.id}),
            lambda: policy.write({"name": "Other"}),
            lambda: policy.write({"company_id": self.env.ref("base.main_company").id}),
            lambda: policy.write({"window_months": 1}),
            lambda: policy.write({"product_a_percent": 1}),
            lambda: policy.write({"campaign_min_peers": 9}),
            lambda: policy.write({"run_ids": [command.clear()]}),
            lambda: policy.write({"tier_ids": [command.update(line.id, {"limit": 1})]}),
            lambda: policy.write({"tier_ids": [command.delete(line.id)]}),
            lambda: policy.write({"tier_ids": [command.unlink(line.id)]}),
            lambda: policy.write({"tier_ids": [command.set([])]}),
            lambda: policy.write({"tier_ids": [command.link(draft.tier_ids[0].id)]}),
            lambda: policy.write({"metric_ids": [command.clear()]}),
            lambda: policy.web_save({"window_months": 1}, {}),
            lambda: policy.unlink(),
            lambda: line.write({"limit": 1}),
            lambda: line.write({"benefit_percent": 1}),
            lambda: line.web_save({"keep_limit": 1}, {}),
            lambda: line.write({"rules_id": draft.customer_rules_id.id}),
            lambda: draft.tier_ids[0].write({"rules_id": policy.customer_rules_id.id}),
            lambda: draft.write({"tier_ids": [command.link(line.id)]}),
            lambda: line.unlink(),
            lambda: line.copy(),
            lambda: metric.write({"weight": 1}),
            lambda: metric.write({"limits_text": "1; 2"}),
            lambda: metric.unlink(),
            lambda: metric.create(
                {"rules_id": policy.customer_rules_id.id, "metric": "tenure"}
            ),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                call()
            self.env.invalidate_all()
            self.assertEqual(self._content(), before)

    def _content(self):
        policy = self.policy
        return (
            policy._to_file(),
            [policy[name] for name in sorted(policy._protected_fields)],
            policy.company_id,
            policy.tier_ids.mapped("benefit_percent"),
        )

    def test_import_makes_a_draft_beside_it(self):
        before = self._content()
        wizard = (
            self.env["classification.policy.import"]
            .with_user(self.manager)
            .create({"file": self.policy.export_file})
        )
        draft = self.env["classification.policy"].browse(
            wizard.action_import()["res_id"]
        )
        self.assertEqual(draft.state, "draft")
        self.assertEqual(draft.version, self.draft.version + 1)
        self.assertEqual(self._content(), before)

    def test_broken_files_are_refused_in_words(self):
        good = base64.b64decode(self.policy.export_file)
        wizards = self.env["classification.policy.import"].with_user(self.manager)
        name = b'"Rules of the test"'
        self.assertIn(name, good)
        for content in (
            good.replace(name, b'"a\\u0000b"'),
            good.replace(name, b'"\\ud800"'),
            good.replace(b'"limit": 10000.0', b'"limit": 1' + b"0" * 5000),
            good.replace(b'"limit": 10000.0', b'"limit": 1' + b"0" * 400),
            good.replace(b'"limit": 10000.0', b'"limit": 1e308'),
            good.replace(b'"limit": 10000.0', b'"limit": NaN'),
            good.replace(b'"name":', b'"name": "a", "name":'),
            b"[" * 100_000,
            b"{}",
        ):
            self.assertNotEqual(content, good)
            wizard = wizards.create({"file": base64.b64encode(content)})
            self._assert_refused(wizard.action_import)
        wizard = wizards.create({"file": base64.b64encode(good)})
        wizard.file = b"abcde"
        self._assert_refused(wizard.action_import)

    def test_only_managers_publish(self):
        for method in ("action_publish", "action_new_version"):
            draft = self.draft.with_user(self.officer)
            self._assert_refused(getattr(draft, method), AccessError)
            published = self.policy.with_user(self.officer)
            self._assert_refused(getattr(published, method), AccessError)
        self.draft.with_user(self.manager).action_publish()
        self.assertEqual(self.draft.published_by_id, self.manager)
        self.assertEqual(self.policy.state, "retired")
        self._assert_refused(self.policy.with_user(self.manager).action_publish)

    def test_publishing_believes_no_context(self):
        self._tier("vip").active = False
        draft = self.draft.with_user(self.manager).with_context(
            references_judged_later=True, rules_judged_later=True
        )
        self._assert_refused(draft.action_publish)
        self.assertEqual(self.draft.state, "draft")

    def test_draft_stays_with_its_company(self):
        other = self._company("Other Ltd")
        draft = self.draft.with_user(self.manager)
        self._assert_refused(lambda: draft.write({"company_id": other.id}), AccessError)
        self._assert_refused(lambda: draft.copy({"company_id": other.id}), AccessError)

    # Runs

    def test_runs_are_kept_and_trials_deleted(self):
        preview = self._recompute(policy=self.draft, kind="preview")
        back_test = self._recompute(kind="back_test")
        runs = self.env["classification.run"].with_user(self.manager)
        for run in self.policy.run_ids - back_test:
            self._assert_refused(runs.browse(run.id).unlink)
        runs.browse((preview + back_test).ids).unlink()
        self.assertFalse((preview + back_test).exists())

    def test_instructions_are_not_written(self):
        run = self._recompute().with_user(self.manager)
        values = {"policy_id": self.policy.id, "as_of_date": "2099-01-01"}
        for call in (
            lambda: run.create(values),
            lambda: run.write({"state": "queued"}),
            lambda: run.write({"as_of_date": "2099-01-01"}),
            lambda: run.copy(),
        ):
            self._assert_refused(call, AccessError)
        imported = run.load(
            ["policy_id/.id", "as_of_date"], [[str(self.policy.id), "2099-01-01"]]
        )
        self.assertFalse(imported["ids"])

    def test_approval_of_replaced_rules(self):
        run = self._recompute()
        run.state = "waiting"
        self._assert_refused(run.with_user(self.officer).action_approve, AccessError)
        self._assert_refused(run.with_user(self.officer).action_reject, AccessError)
        self.draft.grace_days = 3
        self.draft._publish()
        self._assert_refused(run.with_user(self.manager).action_approve)
        run.with_user(self.manager).action_reject()
        self.assertEqual(run.state, "rejected")

    # Participants

    def test_people_enter_their_own_columns(self):
        part = self.part.with_user(self.officer)
        part.write({"joined_date": AS_OF, "feedback_score": 50, "is_control": True})
        self.assertEqual(part.feedback_score, 50)
        for values in (
            {"campaign_id": self._campaign("Other").id},
            {"partner_id": self.officer.partner_id.id},
            {"company_id": self._company("Other Ltd").id},
        ):
            self._assert_refused(lambda v=values: part.write(v), AccessError)
        joined = part.copy({"partner_id": self.officer.partner_id.id})
        self.assertEqual((joined.source, joined.order_count), ("manual", 0))

    def test_forged_result_is_repaired(self):
        """The next run repairs a result forged by a program."""
        self._judge()
        self.assertTrue(self.part.is_converted)
        count = self.part.order_count
        self.part.write({"order_count": 99, "is_converted": False})
        self._judge()
        self.assertEqual((self.part.order_count, self.part.is_converted), (count, True))

    # Codes

    def test_codes_are_kept(self):
        code = self.code.with_user(self.officer)
        for values in (
            {"code": "OTHER"},
            {"is_current": False},
            {"since": "2001-01-01"},
            {"until": "2001-01-01"},
            {"partner_id": self.manager.partner_id.id},
            {"scheme_id": False, "number": 7},
        ):
            with self.subTest(values):
                self._assert_refused(lambda v=values: code.write(v), AccessError)
        code.write({"code": "C1"})
        new = code.create({"partner_id": self.customer.id, "code": "C2"})
        self.assertFalse(code.is_current)
        code.action_make_current()
        self.assertEqual((code.is_current, new.is_current), (True, False))
        self.assertTrue(new.until)
        self._created(self.code, AS_OF)
        self._assert_refused(code.unlink)
        new.unlink()

    def test_codes_of_other_companies(self):
        other = self._company("Other Ltd")
        taken = self.env["customer.code"].create(
            {"partner_id": self.customer.id, "code": "X1", "company_id": other.id}
        )
        values = {**taken.copy_data()[0], "company_id": other.id}
        with self.assertRaises(AccessError) as refused:
            self.code.with_user(self.officer).create(values)
        self.assertNotIn("Customer has", str(refused.exception))

    # Earlier releases

    def test_future_runs_are_taken_back(self):
        self.draft._publish()
        with self._on(fields.Date.to_date("2099-01-01")):
            runs = self._recompute("2099-01-01", self.draft) + self._judge("2099-01-01")
        self.assertEqual(self.decision.status, "ended")
        self.env.flush_all()
        self._migration("post-facts").migrate(self.env.cr, "19.0.1.3.0")
        self.env.invalidate_all()
        self.assertEqual(set(runs.mapped("state")), {"failed"})
        self.assertRegex(runs[0].error, "^This run was made as of a day still to come")
        self.assertEqual(self.decision.status, "active")
        today = self.draft._today()
        self.assertEqual(self._recompute(today, self.draft).as_of_date, today)
        self.assertEqual(self._judge(today, self.draft).state, "done")
        self.assertEqual(self._profile(self.customer).as_of_date, today)
        self.assertFalse(
            self.env["classification.change"].search_count(
                [("company_id", "=", self.company.id), ("valid_date", ">", today)]
            )
        )

    def _migration(self, name):
        path = file_path(f"customer_classification/migrations/19.0.1.4.0/{name}.py")
        spec = spec_from_file_location(name.replace("-", "_"), path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
