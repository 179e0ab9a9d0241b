from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..common.called_records import check_one
from ..common.own_context import OWN
from .rule_fields import (
    SAFETY_FIELDS,
    SOURCE_FIELDS,
)

# Fields that a draft of one kind takes over from the policy in force.
_SHARED = (*SOURCE_FIELDS, *SAFETY_FIELDS, "name", "filter_user_id", "responsible_id")


class ClassificationPolicyPublishingMixin(models.AbstractModel):
    """Drafts, and how they come into force."""

    _name = "classification.policy.publishing.mixin"
    _description = "Publishing of a Policy"

    @api.model
    def _published(self, company):
        """The published policy of a company, or an empty recordset: one query."""
        return self.search(
            [("company_id", "=", company.id), ("state", "=", "published")], limit=1
        )

    def action_publish(self):
        """Put these drafts in force, and show the run that classifies by the last."""
        self._publish()
        runs = [policy._queue_run() for policy in self]
        return runs[-1]._open_form() if runs else False

    def _queue_run(self):
        """Queue the run by the rules that this version changes, and return it.

        The scheduled action adds those of the other kinds whose rules differ.
        """
        return self._changed_rules()._queue_run(self)

    def _changed_rules(self):
        """Return the rules changed by this version.

        Of several, those for customers.
        """
        kinds = self._rule_set_fields()
        return self[kinds.get(self.subject, "customer_rules_id")]

    def _publish(self):
        """Make these drafts the rules of their companies, and queue nothing."""
        self._check_may_publish()
        for policy in self:
            if policy.state == "published":
                continue
            current = self.sudo()._published(policy.company_id)
            policy._follow(current)
            # A tier may have been archived since, or an addon uninstalled.
            policy._check_rules()
            policy._check_filters()
            values = policy._since_values() | current._kept_values()
            policy._put_in_force(current, values)

    def _put_in_force(self, current, values):
        """Put this policy and its rules in force in place of others.

        :param values: values that this version keeps from the one before
        """
        self, current = self.sudo(), current.sudo()
        current.state = "retired"
        current.flush_recordset(["state"])
        self.write(
            {
                "state": "published",
                "published_date": fields.Datetime.now(),
                "published_by_id": self.env.uid,
                **values,
            }
        )
        for name in self._inherits.values():
            self._put_rules_in_force(name)
        self._take_waiting_runs(current)

    def _put_rules_in_force(self, name):
        """Put draft rules of one kind in force.

        Rules equal to those in force make way for them.
        """
        rules = self[name]
        if rules.state != "draft":
            return
        before = rules._published_rules()
        if before and rules._content() == before._content():
            self[name] = before
            self.flush_recordset([name])
            rules.unlink()
        else:
            rules._publish_as(before)

    def _take_waiting_runs(self, current):
        """Take over waiting runs whose rules stay the same: one query a kind."""
        for kind, name in self._rule_set_fields().items():
            if current and self._rules_since(kind) == current._rules_since(kind):
                self.env["classification.run"].sudo().search(
                    [
                        ("policy_id", "=", current.id),
                        ("kind", "=", self[name]._run_kind),
                        ("state", "in", ("queued", "waiting")),
                    ]
                ).policy_id = self

    def _follow_in_force(self):
        """Have a draft about one subject be up to date in all else."""
        if self.state == "draft" and self.subject != "all":
            self._follow(self.sudo()._published(self.company_id))

    def _follow(self, current):
        """Take over the current rules that this draft does not change."""
        self.ensure_one()
        kinds = self._rule_set_fields()
        if not current or self.state != "draft":
            return
        names = [
            name
            for kind, name in kinds.items()
            if kind != self.subject and self[name].state != "draft"
        ]
        names += _SHARED if self.subject in kinds else ()
        draft, current = self.sudo(), current.sudo()
        values = {
            name: self._fields[name].convert_to_write(current[name], current)
            for name in names
            if draft[name] != current[name]
        }
        if values:
            draft.write(values)

    def _check_may_publish(self):
        """Managers publish drafts of the companies in which they work.

        :raises AccessError: somebody else asks
        :raises UserError: a policy is retired
        """
        self._check_manager()
        self.check_access("write")
        if self.filtered(lambda policy: policy.state == "retired"):
            raise UserError(
                self.env._(
                    "A retired policy explains past classes. Make a new version of it "
                    "and publish that one."
                )
            )

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group(
            "customer_classification.group_manager"
        ):
            raise AccessError(
                self.env._("Only a manager may write and publish policies.")
            )

    def action_ask_publish(self):
        """Publish the draft; ask first if its changes were not previewed."""
        check_one(self)
        self._check_may_publish()
        self._follow_in_force()
        if self._is_previewed():
            return self.action_publish()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_publish_action"
        )
        return {**action, "context": {"default_policy_id": self.id}}

    def _is_previewed(self):
        """Check if a preview was made since the last change of the rules.

        One query.
        """
        rules = self._changed_rules()
        if not rules._preview_kind:
            return False
        changed = max(rules._last_change(), self.write_date)
        return bool(
            self.env["classification.run"].search_count(
                [
                    ("policy_id", "=", self.id),
                    ("kind", "=", rules._preview_kind),
                    ("state", "=", "done"),
                    ("create_date", ">=", changed),
                ],
                limit=1,
            )
        )

    def action_new_version(self):
        """Open a draft of all rules that starts from this policy."""
        check_one(self)
        self._check_manager()
        self.check_access("write")
        # References that became invalid are corrected in the draft, the only editable
        # version.
        policy = self.with_context(references_judged_later=OWN)
        draft = policy.copy({"name": self.name}).with_env(self.env)
        draft.sudo().version = self._next_version(self.company_id)
        return draft._open_form()

    def action_new_source_version(self):
        """Open a draft of the shared settings, with the rules in force."""
        check_one(self)
        self._check_manager()
        self.check_access("write")
        if self.state != "published":
            raise UserError(
                self.env._("Start from the version in force: others are not combined.")
            )
        draft = self._new_draft("source", {})
        # Filters are evaluated with the rights of their author.
        draft.sudo().write(
            {"filter_user_id": self.env.uid, "responsible_id": self.env.uid}
        )
        return draft._open_form()

    def _new_draft(self, subject, rules):
        """Return a draft of this policy that changes one subject.

        The caller has checked that the user may write policies.

        :param rules: ``{field: id}`` of the rules that are not those of this policy
        """
        self.ensure_one()
        policy = self.with_context(references_judged_later=OWN).sudo()
        given = {name: policy[name].id for name in self._inherits.values()} | rules
        shared = ("filter_user_id", "responsible_id")
        draft = policy.copy(
            {
                "name": self.name,
                "subject": subject,
                **given,
                **{name: policy[name].id for name in shared},
            }
        )
        draft.version = self._next_version(self.company_id)
        return draft.with_env(self.env)

    @api.model
    def _next_version(self, company):
        """The number after the highest one of a company."""
        [(highest,)] = self.sudo()._read_group(
            [("company_id", "=", company.id)], aggregates=["version:max"]
        )
        return (highest or 0) + 1

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_preview(self):
        """Show the changes of the draft, without changing a class."""
        check_one(self)
        return self._changed_rules()._preview(self)._open_form()
