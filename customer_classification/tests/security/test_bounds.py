from psycopg2.errors import CheckViolation, NotNullViolation

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...engine import METRICS, Component, Parameters, RuleError, TierLimit
from ...engine.customers.rules import _AT_MOST
from ..common import ClassificationCase

OURS = "customer_classification"
# Far beyond any company's needs, special floats, and a text.
BEYOND = (2_147_483_647, 10**12, 1e308, float("inf"), float("nan"), "abc", 10**400)


@tagged("post_install", "-at_install")
class TestBounds(ClassificationCase):
    """Numbers of forms are within bounds that a run can compute with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draft = cls.env["classification.policy"].create(
            {"name": "Draft", "company_id": cls.company.id}
        )

    def _numbers(self, model):
        """The stored numbers of a model that people write."""
        return [
            name
            for name, field in self.env[model]._fields.items()
            if field.type in ("integer", "float", "monetary")
            and (field.store or field.inherited)
            and not field.readonly
            and name not in ("id", "sequence", "version")
        ]

    def _refused(self, record, name):
        label = record._fields[name]._description_string(self.env)
        for value in BEYOND:
            with (
                self.subTest(f"{record._name}.{name} {str(value)[:20]}"),
                self.assertRaises(ValidationError) as caught,
            ):
                record.write({name: value})
            self.assertIn(label, caught.exception.args[0])

    def test_every_model_that_clients_write_checks_values(self):
        """A new one that does not would answer hostile values with an error."""
        writable = self.env["ir.model.access"].search(
            ["|", ("perm_write", "=", True), ("perm_create", "=", True)]
        )
        names = {
            name
            for name in writable.model_id.mapped("model")
            if (self.env[name]._original_module or "").startswith(OURS)
        }
        self.assertGreater(len(names), 40)
        for name in sorted(names):
            with self.subTest(name):
                self.assertTrue(hasattr(self.env[name], "_value_sentence"))

    def test_values_that_nothing_can_keep(self):
        """Newer models refuse NUL, half characters, and wrong days and numbers."""
        category = self.env["customer.complaint.category"].create({"name": "Bounded"})
        complaint = self.env["customer.complaint"].create(
            {
                "name": "Bounded",
                "partner_id": self._customer().id,
                "company_id": self.company.id,
            }
        )
        feedback = self.env["customer.feedback"].create(
            {
                "partner_id": complaint.partner_id.id,
                "company_id": self.company.id,
                "original_score": 5,
            }
        )
        for record, values in (
            (category, {"name": "a\0b"}),
            (category, {"name": "\ud800"}),
            (category, {"sequence": "much"}),
            (category, {"parent_id": "x"}),
            (complaint, {"severity": "worst"}),
            (complaint, {"name": "x" * 300}),
            (feedback, {"original_score": float("nan")}),
            (feedback, {"date": "9999-99-99"}),
        ):
            with self.subTest(f"{record} {str(values)[:40]}"):
                with self.assertRaises(ValidationError):
                    record.write(values)
        for name in ("date", "scale"):
            with (
                self.subTest(name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(NotNullViolation),
                self.env.cr.savepoint(),
            ):
                feedback.write({name: False})
                self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.env.cr.savepoint(),
        ):
            self.company.write({"customer_playbook_limit": -1})
            self.env.flush_all()

    def test_every_number_of_a_policy_has_bounds(self):
        names = self._numbers("classification.policy")
        self.assertGreater(len(names), 50)
        self.assertFalse(set(names) - set(self.draft._bounds()))
        for name in names:
            low, high = self.draft._bounds()[name]
            self.assertLess(low, high)
            if "days" in name:
                self.assertLessEqual(high, 36_500, name)
            if "percent" in name and not name.startswith("campaign_"):
                self.assertLessEqual(high, 100, name)

    def test_policy(self):
        for name in self._numbers("classification.policy"):
            if self.draft._bounds()[name][1] <= 10**12:
                self._refused(self.draft, name)

    def test_lines(self):
        self._refused(self.draft.tier_ids[0], "benefit_percent")
        self._refused(self.draft.metric_ids[0], "weight")

    def test_forms_around(self):
        campaign = self.env["utm.campaign"].create({"title": "Bounded"})
        for name in (
            *("campaign_attribution_days", "campaign_control_share"),
            *("campaign_target_participants", "campaign_target_leads"),
        ):
            self._refused(campaign, name)
        for value in BEYOND[2:]:
            with self.assertRaises(ValidationError):
                campaign.campaign_budget = value
                campaign.write({"campaign_budget": value})
        scheme = self.env["customer.code.scheme"].create(
            {"name": "Bounded", "segment_ids": [(0, 0, {"kind": "number"})]}
        )
        self._refused(scheme, "next_number")
        self._refused(scheme.segment_ids, "width")
        size = self.env["customer.company.size"].search([], limit=1)
        self._refused(size, "employee_limit")

    def test_days_of_a_campaign(self):
        for day in ("0001-01-01", "1969-12-31", "9999-12-31", "junk"):
            with self.subTest(day), self.assertRaises(ValidationError):
                self.env["utm.campaign"].create(
                    {"title": "Bounded", "campaign_start_date": day}
                )

    def test_the_engine_judges_as_well(self):
        """A value written past the form makes a run fail with a sentence."""
        given = {
            "policy": 1,
            "tiers": (TierLimit(1, 100),),
            "unrated_key": 2,
            "components": tuple(Component(metric, 1, 5) for metric in METRICS),
        }
        Parameters(**given)
        for name in _AT_MOST:
            with self.subTest(name), self.assertRaises(RuleError):
                Parameters(**given, **{name: 10**10})

    def test_values_of_other_kinds(self):
        for values in (
            {"name": "a\0b"},
            {"name": "\ud800"},
            {"revenue_source": "nonsense"},
            {"revenue_source": []},
            {"responsible_id": "abc"},
            {"responsible_id": 2**40},
        ):
            with self.subTest(str(values)), self.assertRaises(ValidationError):
                self.draft.write(values)
