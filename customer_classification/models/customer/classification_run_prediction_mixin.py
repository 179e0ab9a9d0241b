from odoo import api, fields, models

from ..common.access_groups import MONEY_GROUP
from .prediction_trial import TrialVerdict


class ClassificationRunPredictionMixin(models.AbstractModel):
    """Predictions of a run, and the back-test of them."""

    _name = "classification.run.prediction.mixin"
    _description = "Predictions of a Run"

    prediction = fields.Json(
        readonly=True,
        groups=MONEY_GROUP,
        help="What a run over all customers learnt about what they will do, and how "
        "it did in a trial on the own past.",
    )
    prediction_count = fields.Integer(
        string="Predictions Changed",
        readonly=True,
        aggregator=None,
        help="Customers whose prediction moved by more than a step.",
    )
    prediction_trial = fields.Json(
        readonly=True,
        groups=MONEY_GROUP,
        help="How predictions of the day of a back-test compare with what followed.",
    )
    prediction_verdict = fields.Text(
        string="Verdict on Predictions", compute="_compute_prediction_verdict"
    )
    prediction_notes = fields.Text(
        string="Notes on Predictions", compute="_compute_prediction_verdict"
    )
    reliability = fields.Json(
        compute="_compute_prediction_verdict",
        help="Groups of customers by probability, with what then happened.",
    )
    back_test_prediction_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Ways to Tell Who Buys",
        domain=[("axis", "=", "prediction")],
        readonly=True,
    )
    back_test_list_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Work Lists",
        domain=[("axis", "=", "work_list")],
        readonly=True,
    )

    @api.depends("prediction_trial", "back_test")
    @api.depends_context("lang")
    def _compute_prediction_verdict(self):
        """Compute what every reader of the run may know: no amount is in it."""
        for run in self:
            verdict = run.back_test and TrialVerdict(run)
            run.prediction_verdict = verdict and verdict.sentence()
            run.prediction_notes = verdict and verdict.notes()
            run.reliability = verdict and verdict.reliability()
