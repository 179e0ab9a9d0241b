from odoo import fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

from ..common.called_records import check_one


class ClassificationPolicy(models.Model):
    """Limits that somebody keeps on purpose, whatever the customers buy.

    They are those of one run, and named by the published version. The next version
    takes them over; each of them holds where its rules would find it in the same way
    (``engine/memory.py``), and until a manager releases them.
    """

    # One file for each idea of a policy.
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

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

    def _compute_kept_limits_text(self):
        """Since when and by whom limits are kept, and whether these rules have any of
        them."""
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
        """The version that names the kept limits: a draft goes by the published one."""
        self.ensure_one()
        if self.state != "draft":
            return self.sudo()
        return self.sudo().search(
            [("company_id", "=", self.company_id.id), ("state", "=", "published")],
            limit=1,
        )

    def _kept_edges(self, parameters, current=None):
        """The engine's limits that are kept, as far as these rules would find them in
        the same way; None without any.

        :param current: the published version, where it is known
        """
        from ...engine import Edges, standing_edges

        current = current or self._with_kept_limits()
        run = current.kept_run_id
        if not run.edges:
            return None
        try:
            rules = run.policy_id._parameters()
        except ValidationError:  # the rules of then name what is no more
            return None
        kept = standing_edges(Edges.from_json(run.edges), rules, parameters)
        since = fields.Datetime.context_timestamp(
            current.with_context(tz=current.tz), current.kept_date
        )
        has_any = kept.tier_limits or any(map(kept.thresholds, kept.bins))
        return kept.replace(frozen_since=str(since.date())) if has_any else None

    def _kept_values(self):
        """What the next version takes over of the kept limits."""
        return {
            "kept_run_id": self.kept_run_id.id,
            "kept_date": self.kept_date,
            "kept_by_id": self.kept_by_id.id,
        }

    def action_release_limits(self):
        """Let the next run over everybody find its own limits again.

        Until they are off by more than the tolerance of the policy, the kept ones
        stand as those of any run do.
        """
        check_one(self)
        self._check_manager()
        self.check_access("write")
        if self.state != "published" or not self.kept_run_id:
            raise UserError(self.env._("No limits are kept by this policy."))
        self.sudo().write(dict.fromkeys(self._kept_values(), False))
