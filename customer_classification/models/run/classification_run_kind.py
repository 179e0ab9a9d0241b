from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class ClassificationRun(models.Model):
    """Runs over other things than customers: a kind each, so that nothing that asks
    for the production runs over customers ever meets one."""

    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _daily_kinds(self):
        """Kinds of runs that every policy has once a day beside the customers."""
        return []

    @api.model
    def _prepare_of_kind(self, policy, kind, as_of_date=None):
        """A run of a kind about to be executed in this transaction. Those that write
        do not go back behind the last one."""
        self._check_may_run(policy, kind)
        as_of_date = fields.Date.to_date(as_of_date) or policy._today()
        self._check_day(policy, as_of_date)
        last = self._last_run_of_kind(policy.company_id, kind)
        if kind in self._daily_kinds() and last and as_of_date < last.as_of_date:
            words = dict(self._fields["kind"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(what)s of %(company)s: a run as of %(last)s was made already.",
                    what=words[kind],
                    company=policy.company_id.name,
                    last=format_date(self.env, last.as_of_date),
                )
            )
        self._lock(policy.company_id, "transaction")
        own = self._in_own_context(policy)
        told = own._mark_interrupted(policy.company_id)
        return own.with_context(told_run_ids=told.ids).create(
            {"policy_id": policy.id, "kind": kind, "as_of_date": as_of_date}
        )

    @api.model
    def _queue_of_kind(self, policy, kind):
        """The run of a kind that waits already, or a new one."""
        policy.check_access("read")
        self._check_may_run(policy, kind)
        waiting = self.sudo().search(
            [
                ("policy_id", "=", policy.id),
                ("kind", "=", kind),
                ("state", "=", "queued"),
            ],
            limit=1,
        )
        run = waiting or self._in_own_context(policy).create(
            {"policy_id": policy.id, "kind": kind, "as_of_date": policy._today()}
        )
        self.env.ref("customer_classification.ir_cron_recompute").sudo()._trigger()
        return run.with_env(self.env)

    @api.model
    def _queue_due(self, policies, scope):
        """Beside the customers, the other kinds once a day: two queries a kind."""
        super()._queue_due(policies, scope)
        if scope != "all":
            return
        self.create(
            [
                {"policy_id": policy.id, "kind": kind, "as_of_date": policy._today()}
                for kind in self._daily_kinds()
                for policy in self._due_policies(policies, kind)
            ]
        )

    @api.model
    def _due_policies(self, policies, kind):
        """The policies without a run of a kind today by the same rules."""
        alike = policies._versions_alike(policies._kind_of_run(kind))
        days = self._read_group(
            [
                ("policy_id", "in", [version.id for version in alike]),
                ("kind", "=", kind),
                ("state", "in", ("queued", "waiting", "done", "rejected")),
            ],
            ["policy_id"],
            ["as_of_date:max"],
        )
        had = self._latest_days(alike, days)
        return [one for one in policies if had.get(one) != one._today()]

    @api.model
    def _last_run_of_kind(self, company, kind):
        """The last run of a kind in a company that ended well: one query."""
        return self.sudo().search_fetch(
            [
                ("company_id", "=", company.id),
                ("kind", "=", kind),
                ("state", "=", "done"),
            ],
            ["as_of_date"],
            order="as_of_date desc, id desc",
            limit=1,
        )
