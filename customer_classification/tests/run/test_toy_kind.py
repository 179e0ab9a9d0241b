from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from .. import toy_kind
from ..common import AS_OF, ClassificationCase


@contextmanager
def installed(env):
    """Have the kind for a while, as an addon would add it."""
    env.cr.execute("CREATE TEMPORARY TABLE toy_profile (country_id int, class int)")
    runs = env.registry["classification.run"]
    kind, pipelines = runs._fields["kind"], runs._pipelines
    words = {**dict(kind.selection), "toy": "Countries"}
    own = patch.object(
        runs,
        "_pipelines",
        lambda self: {**pipelines(self), "toy": toy_kind.ToyPipeline},
    )
    with (
        own,
        patch.object(kind, "selection", list(words.items())),
        patch.object(kind, "_selection", words),
    ):
        yield


@tagged("post_install", "-at_install")
class TestToyKind(ClassificationCase):
    """A new kind shares the queue, the lock, the approval and the failures."""

    policy_values = {"approval_customer_percent": 40, "approval_min_customers": 1}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(installed(cls.env))
        cls.runs = cls.env["classification.run"]
        cls.countries = cls.env.ref("base.be") + cls.env.ref("base.fr")
        cls._contacts(cls.countries[0], 3)
        cls._contacts(cls.countries[1], 1)

    @classmethod
    def _contacts(cls, country, number):
        values = {"name": "Contact", "ref": "toy", "country_id": country.id}
        cls.env["res.partner"].create([values] * number)
        cls.env.flush_all()

    def _run(self, day=AS_OF):
        return self.runs._prepare_of_kind(self.policy, "toy", day).execute()

    def _trigger(self):
        cron = self.env.ref("customer_classification.ir_cron_recompute")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def _classes(self):
        self.env.cr.execute("SELECT country_id, class FROM toy_profile")
        return dict(self.env.cr.fetchall())

    def _classes_of(self, *words):
        codes = [toy_kind.CLASSES.index(word) + 1 for word in words]
        return dict(zip(self.countries.ids, codes, strict=True))

    def test_classes_and_counts(self):
        run = self._run()
        self.assertEqual((run.state, run.error), ("done", False))
        self.assertEqual(self._classes(), self._classes_of("many", "few"))
        counts = (run.looked_at_count, run.data_change_count, run.written_count)
        self.assertEqual(counts, (2, 2, 2))
        self.assertIn("3 contacts", toy_kind.explain(self.countries[0], 3))

    def test_queue(self):
        run = self.runs._queue_of_kind(self.policy, "toy")
        self.assertEqual(self.runs._queue_of_kind(self.policy, "toy"), run)
        self._trigger()
        self.assertEqual(run.state, "done")
        own = [("policy_id", "=", self.policy.id), ("kind", "=", "toy")]
        self.assertEqual(self.runs.search(own), run)  # the one of today

    def test_daily(self):
        self._trigger()
        own = [("policy_id", "=", self.policy.id), ("kind", "=", "toy")]
        self.assertEqual(self.runs.search(own).mapped("state"), ["done"])

    def test_lock(self):
        with self.registry.cursor() as other:
            self.runs.with_env(self.env(cr=other))._lock(self.company, "transaction")
            with self.assertRaisesRegex(UserError, "being recomputed"):
                self._run()
            other.rollback()

    def test_day_before_the_last_run(self):
        self._run()
        with self.assertRaisesRegex(UserError, "Countries of"):
            self._run("2020-01-01")

    def test_approval(self):
        self._run()
        self._contacts(self.countries[1], 2)
        run = self._run()
        self.assertEqual((run.state, run.moved_percent), ("waiting", 50))
        self.assertIn("50 % of the countries", run.activity_ids.note)
        self.assertEqual(self._classes(), self._classes_of("many", "few"))
        run.action_approve()
        self._trigger()
        self.assertEqual(run.state, "done")
        self.assertEqual(self._classes(), self._classes_of("many", "many"))

    def test_rejection(self):
        self._run()
        self._contacts(self.countries[1], 2)
        run = self._run()
        run.action_reject()
        self.assertEqual(run.state, "rejected")
        self.assertEqual(self._classes(), self._classes_of("many", "few"))

    def test_failure(self):
        broken = ValueError("no countries today")
        with patch.object(toy_kind.ToyPipeline, "apply", side_effect=broken):
            failed = self._run()
        self.assertEqual(failed.state, "failed")
        self.assertIn("no countries today", failed.error)
        self.assertIn("no countries today", failed.activity_ids.note)
        self.assertFalse(self._classes())
        self.assertEqual(self._run().state, "done")
        self.assertEqual(self._classes(), self._classes_of("many", "few"))
        self.assertFalse(failed.activity_ids)
