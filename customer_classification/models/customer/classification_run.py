from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..common.access_groups import MONEY_GROUP
from ..common.arguments import as_ids, as_number
from ..common.called_records import check_one
from .back_test import DEFAULT_HORIZON_DAYS, BackTest, possible_horizon
from .customer_lifecycle_stage import STAGE_SELECTION
from .drift import Drift
from .pipeline import CustomerPipeline
from .rehearsal import readable_histogram
from .verdict import Verdict

LONGEST_HORIZON_DAYS = 36_500


class ClassificationRun(models.Model):
    """Runs over customers: production, preview and back-test.

    *Query budget*: at most 20 for any number of customers; a back-test two more, drift
    two more, with those of an activity where something jumped.
    """

    _name = "classification.run"
    _inherit = ["classification.run", "classification.run.prediction.mixin"]

    tier_change_count = fields.Integer(
        string="Tier Changes", readonly=True, aggregator=None
    )
    stage_change_count = fields.Integer(
        string="Stage Changes", readonly=True, aggregator=None
    )
    risk_change_count = fields.Integer(
        string="Risk Changes", readonly=True, aggregator=None
    )
    watermark = fields.Datetime(
        readonly=True,
        help="What was written before this moment (UTC) has been looked at.",
    )
    edges = fields.Json(readonly=True, groups=MONEY_GROUP)
    # The limits of each tier, which explain the first classes of this run.
    first_class_numbers = fields.Json(
        string="Numbers", readonly=True, groups=MONEY_GROUP
    )
    histogram = fields.Json(
        readonly=True,
        groups=MONEY_GROUP,
        help="How the values of the customers are spread, and under which rules.",
    )
    distribution = fields.Json(
        readonly=True,
        groups=MONEY_GROUP,
        help="Customers by class of each measure, for comparison with later runs.",
    )
    drift = fields.Json(readonly=True, groups=MONEY_GROUP)
    drift_table = fields.Html(
        string="Comparison", compute="_compute_drift_table", sanitize=False
    )
    result_ids = fields.One2many("classification.run.result", "run_id", readonly=True)
    change_ids = fields.One2many("classification.change", "run_id", readonly=True)
    move_ids = fields.One2many("classification.move", "run_id", readonly=True)
    horizon_days = fields.Integer(
        string="Days Afterwards",
        readonly=True,
        aggregator=None,
        help="Purchases of so many days after the day of a back-test tell what its "
        "classes were worth.",
    )
    asked_horizon_days = fields.Integer(
        string="Days Asked For", readonly=True, aggregator=None
    )
    horizon_date = fields.Date(
        string="Up To",
        compute="_compute_horizon_date",
        help="Last day of which purchases were compared.",
    )
    back_test = fields.Json(
        readonly=True,
        help="Warnings of a back-test by name, and the share of those who first "
        "bought afterwards.",
    )
    back_test_verdict = fields.Text(
        string="Verdict", compute="_compute_back_test_verdict"
    )
    back_test_line_ids = fields.One2many(
        "classification.back.test.line", "run_id", readonly=True
    )
    back_test_tier_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Value Tiers",
        domain=[("axis", "=", "value_tier")],
        readonly=True,
    )
    back_test_stage_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Lifecycle Stages",
        domain=[("axis", "=", "lifecycle_stage")],
        readonly=True,
    )
    back_test_risk_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Churn Risks",
        domain=[("axis", "=", "churn_risk")],
        readonly=True,
    )
    back_test_warning_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Warnings",
        domain=[("axis", "=", "warning")],
        readonly=True,
    )

    @api.model
    def _pipelines(self):
        return {
            **super()._pipelines(),
            "production": CustomerPipeline,
            "preview": CustomerPipeline,
            "back_test": BackTest,
        }

    # Fields

    @api.depends("as_of_date", "horizon_days")
    def _compute_horizon_date(self):
        for run in self:
            run.horizon_date = run.horizon_days and run.as_of_date + timedelta(
                days=run.horizon_days
            )

    @api.depends("back_test", "back_test_line_ids")
    @api.depends_context("lang")
    def _compute_back_test_verdict(self):
        for run in self:
            run.back_test_verdict = run.back_test and Verdict(run).text()

    @api.depends("drift")
    @api.depends_context("lang", "uid")
    def _compute_drift_table(self):
        """Compute the drift table in the reader's words.

        Amounts are shown only to those who may see them.
        """
        sees_money = self._sees_money()
        for run, seen in zip(self.sudo(), self, strict=True):
            seen.drift_table = run.drift and run.env["ir.qweb"]._render(
                "customer_classification.drift_table",
                Drift(run).table_values(sees_money),
            )

    @api.model
    @tools.ormcache()
    def _stage_ids(self):
        """Return the ids of the stages by the engine's codes, 0 for no stage.

        The stages are fixed, so that they are read once in the life of a process.
        """
        stages = self.env["customer.lifecycle.stage"].search_fetch([], ["code"])
        ids = {stage.code: stage.id for stage in stages}
        return (0, *(ids[code] for code, __ in STAGE_SELECTION))

    def _is_by(self, policy_id):
        """Return whether this is a run by the rules about customers of a policy."""
        return bool(self) and self._rules_id("customer") == policy_id

    def _histogram_to_show(self, sees_money):
        """Return the histogram as a reader may see it."""
        return readable_histogram(self.sudo().histogram, sees_money)

    # Starting

    @api.model
    def _prepare(
        self,
        policy,
        as_of_date=None,
        partner_ids=None,
        kind="production",
        scope=None,
        horizon_days=None,
    ):
        """Return the execution of a new run over customers, in this transaction."""
        as_of_date = fields.Date.to_date(as_of_date)
        horizon = {}
        if kind == "back_test":
            as_of_date = as_of_date or policy._today()
            horizon = self._horizon_values(policy, as_of_date, horizon_days)
        self._check_may_run(policy, kind, is_for_some=partner_ids is not None)
        self._check_day(policy, as_of_date)
        last = self._last_run(policy.company_id)
        if kind == "production" and as_of_date:
            self._check_not_before(last, as_of_date)
        values = {
            "kind": kind,
            "scope": scope or ("all" if partner_ids is None else "some"),
            "as_of_date": as_of_date or policy._today(),
            **horizon,
        }
        return self._start(
            policy, values, subject_ids=self._customer_ids(partner_ids), last=last
        )

    @api.model
    def _horizon_values(self, policy, as_of_date, horizon_days):
        """Return the days of a back-test: asked for, and over."""
        asked = DEFAULT_HORIZON_DAYS if horizon_days is None else horizon_days
        return {
            "asked_horizon_days": asked,
            "horizon_days": possible_horizon(policy, as_of_date, asked),
        }

    @api.model
    def _check_not_before(self, last, as_of_date):
        """Refuse a day before that of the last run, whose knowledge would be lost."""
        if last and as_of_date < last.as_of_date:
            raise UserError(
                self.env._(
                    "The customers of %(company)s were classified as of %(last)s "
                    "already. To look at an earlier day, make a back-test.",
                    company=last.company_id.name,
                    last=format_date(self.env, last.as_of_date),
                )
            )

    @api.model
    def _horizon_argument(self, days):
        """Return the days after that of a back-test, from an argument of a caller."""
        if days is None or days is False:
            return None
        label = self._label_of("horizon_days")
        return as_number(self.env, days, 0, LONGEST_HORIZON_DAYS, label, whole=True)

    @api.model
    def _partner_argument(self, partner_ids):
        """Return ids of contacts that a caller may read, None for all.

        One query.
        """
        if partner_ids is None:
            return None
        return as_ids(self.env, "res.partner", partner_ids)

    @api.model
    def _customer_ids(self, partner_ids):
        """Return ids of the commercial partners of partners, None for all.

        :raises AccessError: the caller may not read one of them
        """
        if partner_ids is None:
            return None
        partners = self.env["res.partner"].browse(partner_ids)
        customers = partners.sudo().commercial_partner_id.sudo(self.env.su)
        (customers - partners).check_access("read")
        return customers.ids

    @api.model
    def _queue(self, policy):
        """Return the run over all customers that waits already, or a new one."""
        return self._queue_of_kind(policy, "production")

    @api.model
    def _queue_due(self, policies, scope):
        """Queue the runs over customers that are due, before other kinds.

        One over all customers for each policy without one today; or one over the
        changed ones for each policy that had one over all before.
        """
        if scope == "all":
            states = ("queued", "waiting", "done", "rejected")
            had = self._full_run_days(policies, states)
            due = [p for p in policies if had.get(p) != p._today()]
        else:
            had = self._full_run_days(policies, ("done",))
            due = [policy for policy in policies if policy in had]
        self.create(
            [{"policy_id": p.id, "as_of_date": p._today(), "scope": scope} for p in due]
        )
        return super()._queue_due(policies, scope)

    @api.model
    def _full_run_days(self, policies, states):
        """Return ``{policy: last as-of date of a production run over all}``.

        By the same rules about customers: two queries.
        """
        alike = policies._versions_alike("customer")
        days = self._read_group(
            [
                ("policy_id", "in", [version.id for version in alike]),
                ("scope", "=", "all"),
                ("kind", "=", "production"),
                ("state", "in", states),
            ],
            ["policy_id"],
            ["as_of_date:max"],
        )
        return self._latest_days(alike, days)

    # Recomputing some

    @api.model
    def _recompute_now(self, partners, companies):
        """Recompute some customers in this transaction and return a message."""
        runs = self.browse()
        for company in companies:
            policy = company.sudo()._get_customer_policy()
            if policy:
                runs += policy.with_env(self.env).recompute(partner_ids=partners.ids)
        return runs._notification()

    def _notification(self):
        """Return a message to the user about runs that have just ended."""
        failed = self.filtered(lambda run: run.state == "failed")
        set_aside = sum(self.mapped("problem_count"))
        moved = sum(self.mapped("change_count"))
        if failed:
            message = failed[0].error
        elif not self:
            message = self.env._("No policy is published, so nothing was recomputed.")
        elif set_aside:
            message = self.env._(
                "%s customers keep their classes, because a document of theirs cannot "
                "be counted. See Set Aside.",
                set_aside,
            )
        elif moved:
            message = self.env._("Classes changed: %s.", moved)
        else:
            message = self.env._("The classes are up to date.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "danger" if failed else "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # Reading

    @api.model
    def _last_runs(self, companies):
        """Return ``{company: last production run}``, without partial runs.

        One query, and one for the runs when they are read.
        """
        last = self.sudo()._read_group(
            [
                ("company_id", "in", companies.ids),
                ("kind", "=", "production"),
                ("scope", "in", ("all", "changed")),
                ("watermark", "!=", False),
                ("state", "=", "done"),
            ],
            ["company_id"],
            ["id:max"],
        )
        runs = self.sudo().browse([run_id for __, run_id in last])
        return {run.company_id: run for run in runs}

    @api.model
    def _last_run(self, company):
        """Return the run of :meth:`_last_runs` of one company: one query."""
        return self.sudo().search_fetch(
            [
                ("company_id", "=", company.id),
                ("kind", "=", "production"),
                ("scope", "in", ("all", "changed")),
                ("watermark", "!=", False),
                ("state", "=", "done"),
            ],
            ["policy_id", "as_of_date", "watermark", "edges", "scope", "prediction"],
            order="id desc",
            limit=1,
        )

    @api.model
    def _last_full_run(self, policy, last=None):
        """Return the last production run over all by the rules of a policy.

        It found limits. Later versions that repeat the rules about customers count. At
        most one query.

        :param last: the result of :meth:`_last_run`, where it is known
        """
        since = policy._rules_since("customer")
        if last and last.scope == "all" and last._is_by(since.id):
            return last
        return self.sudo().search(
            [
                "|",
                ("policy_id", "=", since.id),  # published before these limits were kept
                ("policy_id.customer_since_id", "=", since.id),
                ("kind", "=", "production"),
                ("scope", "=", "all"),
                ("watermark", "!=", False),
                ("state", "=", "done"),
            ],
            order="id desc",
            limit=1,
        )

    # Keeping limits

    def action_keep_limits(self):
        """Keep the limits of this run for all later runs, until they are released."""
        check_one(self)
        policies = self.env["classification.policy"]
        policies._check_manager()
        self.check_access("read")
        self._check_company_is_on()
        current = self._policy_in_force()
        current.check_access("write")
        current.sudo().write(
            {
                "kept_run_id": self.id,
                "kept_date": fields.Datetime.now(),
                "kept_by_id": self.env.uid,
            }
        )
        if self.sudo() != self._last_full_run(current):
            self._queue(current)  # other limits are in force
        return current._open_form()

    def _check_company_is_on(self):
        if self.company_id not in self.env.companies:
            raise UserError(
                self.env._("Switch on the company of this run to keep its limits.")
            )

    def _policy_in_force(self):
        """Return the published policy, by whose rules this run found its limits.

        :raises UserError: this run has no limits to keep
        """
        current = self.env["classification.policy"].search(
            [("company_id", "=", self.company_id.id), ("state", "=", "published")]
        )
        if self.kind != "production" or self.state != "done" or not self.sudo().edges:
            raise UserError(
                self.env._(
                    "Only the limits of a run that gave the customers their classes "
                    "can be kept."
                )
            )
        rules = current and current._rules_since("customer").id
        if not rules or self._rules_id("customer") != rules:
            raise UserError(
                self.env._(
                    "This run went by other rules than those in force. Keep the limits "
                    "of a later run."
                )
            )
        return current

    # Showing

    def action_open_back_test(self):
        """Open the screen of this back-test."""
        check_one(self)
        return self._open_form()

    def action_open_back_test_pivot(self):
        """Open a pivot of classes against later purchases.

        The classes are tier, stage and risk.
        """
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_run_result_action_back_test"
        )
        action["domain"] = [("run_id", "=", self.id)]
        return action
