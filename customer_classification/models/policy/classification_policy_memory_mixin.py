from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..common.called_records import check_one
from .rule_fields import (
    FILTERS,
    SCORE_RULES,
    VALUE_RULES,
)


class ClassificationPolicyMemoryMixin(models.AbstractModel):
    """Carry over between versions: unchanged rules, and kept limits."""

    _name = "classification.policy.memory.mixin"
    _description = "Memory of a Policy"

    customer_since_id = fields.Many2one(
        "classification.policy",
        string="Customer Rules Since",
        copy=False,
        readonly=True,
        help="The version since which the rules about customers are the same.",
    )
    keeps_grace = fields.Boolean(
        string="Grace for Changed Limits",
        copy=False,
        help="Customers and products that fall only because these rules changed a "
        "limit, or what is compared with it, keep their class for the grace period. "
        "Otherwise they fall at once. Where nothing changed, tolerance and grace go on "
        "in any case.",
    )
    kept_run_id = fields.Many2one(
        "classification.run",
        string="Limits Kept of Run",
        readonly=True,
        copy=False,
        help="The limits of this run stay until a manager releases them.",
    )
    kept_date = fields.Datetime(string="Limits Kept Since", readonly=True, copy=False)
    kept_by_id = fields.Many2one(
        "res.users", string="Limits Kept By", readonly=True, copy=False
    )
    kept_limits_text = fields.Char(
        string="Kept Limits", compute="_compute_kept_limits_text"
    )

    # Memory

    def _rules_since(self, kind):
        """Return the version since which the rules are unchanged.

        The same as the version that a draft repeats.

        :param kind: ``customer``, ``product`` or ``campaign``
        """
        self.ensure_one()
        since = self.sudo()[self._since_field(kind)]
        if since or self.state != "draft":
            return since or self
        current = self.sudo()._published(self.company_id)
        is_same = current and self._says_the_same(kind, current)
        return current._rules_since(kind) if is_same else self

    def _says_the_same(self, kind, other):
        """Check if two versions have the same rules for a kind.

        Skip an old version that refers to deleted records.
        """
        from ...engine import are_same

        name = self._rule_set_fields()[kind]
        if self._reader_of_filters() != other._reader_of_filters():
            return False
        if not self[name]._says_the_same(other[name]):
            return False
        try:
            return are_same(self._rules_about(kind), other._rules_about(kind))
        except ValidationError:
            return False

    def _reader_of_filters(self):
        """Return the user whose rights find documents; empty if all count."""
        has_filter = any(self._filter_text(name) for name in FILTERS)
        return self.sudo().filter_user_id if has_filter else False

    def _since_values(self):
        """Values that name the versions since which the rules are the same."""
        return {
            self._since_field(kind): self._rules_since(kind).id
            for kind in self._rule_set_fields()
        }

    def _versions_alike(self, kind):
        """Return ``{version: those of these policies with the same rules}``.

        The rules of one kind; each policy itself is among them. One query.
        """
        field, own = self._since_field(kind), self._origin
        since = {policy: policy.sudo()[field] or policy for policy in own}
        ids = [version.id for version in since.values()]
        versions = self.sudo().search(["|", ("id", "in", ids), (field, "in", ids)])
        return {
            version: own.filtered(
                lambda one, it=version: one == it or since[one] == (it[field] or it)
            )
            for version in versions | own
        }

    # Kept limits

    def _compute_kept_limits_text(self):
        """Compute the sentence about kept limits.

        Since when and by whom limits are kept, and whether they apply.
        """
        for policy in self:
            current = policy._with_kept_limits()
            text = policy._kept_sentence(current) if current.kept_run_id else False
            policy.kept_limits_text = text

    def _kept_sentence(self, current):
        values = {
            "run": format_date(self.env, current.kept_run_id.as_of_date),
            "day": format_date(self.env, current.kept_date),
            "user": current.kept_by_id.name,
        }
        try:
            is_effective = self._kept_edges(self._parameters())
        except ValidationError:
            is_effective = None
        if is_effective:
            return self.env._(
                "The limits of the run as of %(run)s are kept, since %(day)s by "
                "%(user)s. New purchases do not move them.",
                **values,
            )
        return self.env._(
            "Limits are kept since %(day)s by %(user)s, but these rules find their "
            "own: they are other ones than those of the run as of %(run)s.",
            **values,
        )

    def _with_kept_limits(self):
        """Return the version with the kept limits; for a draft the published one."""
        self.ensure_one()
        if self.state != "draft":
            return self.sudo()
        return self.sudo().search(
            [("company_id", "=", self.company_id.id), ("state", "=", "published")],
            limit=1,
        )

    def _kept_edges(self, parameters, current=None):
        """Return the kept limits that these rules would find in the same way.

        None without any.

        :param current: the published version, where it is known
        """
        from ...engine import Edges, standing_edges

        current = current or self._with_kept_limits()
        run = current.kept_run_id
        if not run.edges:
            return None
        try:
            rules = run.policy_id._parameters()
        except ValidationError:  # old rules that refer to deleted records
            return None
        kept = standing_edges(Edges.from_json(run.edges), rules, parameters)
        since = fields.Datetime.context_timestamp(
            current.with_context(tz=current.tz), current.kept_date
        )
        has_any = kept.tier_limits or any(map(kept.thresholds, kept.bins))
        return kept.replace(frozen_since=str(since.date())) if has_any else None

    def _kept_values(self):
        """Return the values of kept limits for the next version."""
        return {
            "kept_run_id": self.kept_run_id.id,
            "kept_date": self.kept_date,
            "kept_by_id": self.kept_by_id.id,
        }

    def action_release_limits(self):
        """Let the next run over everybody find its own limits again.

        Until they are off by more than the tolerance of the policy, the kept ones hold
        as those of any run do.
        """
        check_one(self)
        self._check_manager()
        self.check_access("write")
        if self.state != "published" or not self.kept_run_id:
            raise UserError(self.env._("No limits are kept by this policy."))
        self.sudo().write(dict.fromkeys(self._kept_values(), False))

    # Possible limits

    @api.depends_context("uid", "lang")
    def _compute_limits_histogram(self):
        for policy in self:
            policy.limits_histogram = policy._histogram_to_move()

    def _value_rules(self):
        """Return ``{name: value}`` of the rules behind customers' values.

        As JSON takes it; lines as a list of the values of each.
        """
        self.ensure_one()
        names = VALUE_RULES + (SCORE_RULES if self.value_metric == "score" else ())
        return {name: self._plain_rule(name) for name in names}

    def _plain_rule(self, name):
        if self._fields[name].type != "one2many":
            return self[name]
        lines = self[name]
        names = sorted(lines._rule_fields() - {"rules_id"})
        return [{key: line[key] for key in names} for line in lines.sorted("metric")]

    def _histogram_to_move(self):
        """The spread of values that fits this policy best, for its reader.

        Of its own last preview or run, or of the company's last run where only that
        had the same rules; False before the first. Three queries; it is read on a form.
        """
        tiers = self.env["customer.value.tier"].with_context(active_test=False)
        ordered = tiers.search([("is_unrated", "=", False)])
        sees_money = self.env["classification.run"]._sees_money()
        run, is_stale = self._histogram_run()
        return run and {
            **run._histogram_to_show(sees_money),
            "run_id": run.id,
            "as_of_date": fields.Date.to_string(run.as_of_date),
            "is_stale": is_stale,
            "has_money": sees_money,
            "tiers": [{"id": tier.id, "color": tier.color} for tier in ordered],
        }

    def _histogram_run(self):
        """Return the run of which the histogram is shown, and whether it is stale.

        It is stale where its values came by other rules than those of now. Before the
        first run, return no run and False.
        """
        run_model = self.env["classification.run"].sudo()
        # A policy on a form that is not saved may name any company.
        done = [
            ("company_id", "in", (self.company_id & self.env.companies).ids),
            ("scope", "=", "all"),
            ("kind", "in", ("preview", "production")),
            ("histogram", "!=", False),
        ]
        own = run_model.search([*done, ("policy_id", "=", self._origin.id)], limit=1)
        last = run_model.search([*done, ("kind", "=", "production")], limit=1)
        rules = self._value_rules()
        for run in own | last:
            if run.histogram["rules"] == rules:
                return run, False
        return (own or last), True
