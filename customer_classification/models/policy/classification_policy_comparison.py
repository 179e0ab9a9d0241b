from markupsafe import Markup

from odoo import api, fields, models

from ..common.sentences import plain_number
from .classification_policy_filter import FILTERS
from .classification_policy_rules import LINE_FIELDS, NO_VALUE_TIER, PERCENT_FIELDS

# In what a number is given, where its name does not say it.
_RHYTHMS = ("at_risk_ratio", "dormant_ratio", "lost_ratio")


class ClassificationPolicy(models.Model):
    """What a version says otherwise than the one before."""

    # One file for each idea of a policy.
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

    previous_id = fields.Many2one(
        "classification.policy",
        string="Version Before",
        compute="_compute_previous_id",
        help="The version that was in force before this one.",
    )
    change_html = fields.Html(
        string="What Changed", compute="_compute_change_html", sanitize=False
    )

    @api.depends("state", "published_date", "company_id")
    def _compute_previous_id(self):
        """The version published last before this one; for a draft, the one published
        last of all. One query."""
        others = self.search(
            [
                ("company_id", "in", self.company_id.ids),
                ("published_date", "!=", False),
            ],
            order="published_date desc, id desc",
        )
        for policy in self:
            policy.previous_id = next(
                (
                    other
                    for other in others
                    if other.company_id == policy.company_id
                    and other != policy._origin
                    and (
                        not policy.published_date or other._moment() < policy._moment()
                    )
                ),
                False,
            )

    def _moment(self):
        """When it was published; versions of one second follow each other."""
        return self.published_date, self.id or self._origin.id

    @api.depends("previous_id")
    @api.depends_context("lang")
    def _compute_change_html(self):
        for policy in self:
            before = policy.previous_id
            if not before:
                policy.change_html = Markup("<p>%s</p>") % self.env._(
                    "There is no version before this one."
                )
                continue
            changes = policy._changes_since(before)
            policy.change_html = (
                policy._change_table(before, changes)
                if changes
                else Markup("<p>%s</p>")
                % self.env._("Says the same as version %s.", before.version)
            )

    def _change_table(self, before, changes):
        """The changes as a table for people."""
        head = (
            self.env._("Rule"),
            self.env._("Version %s", before.version),
            self.env._("This version"),
        )
        rows = Markup("").join(
            Markup("<tr><td>%s</td><td class='text-muted'>%s</td><td>%s</td></tr>")
            % (label, old or "–", new or "–")
            for label, old, new in changes
        )
        heads = Markup("").join(Markup("<th>%s</th>") % title for title in head)
        return Markup(
            "<table class='table table-sm'><thead><tr>%s</tr></thead>"
            "<tbody>%s</tbody></table>"
        ) % (heads, rows)

    def _changes_since(self, before):
        """``[(label, old, new)]`` of the rules that differ, as people read them; None
        for a line that is not there. No query a field: lines and rules are read at
        once."""
        old, new = before._rules_in_words(), self._rules_in_words()
        return [
            (label, old.get(label), new.get(label))
            for label in {**new, **old}
            if old.get(label) != new.get(label)
        ]

    def _rules_in_words(self):
        """``{label: text}`` of all rules and lines, in the order of the form."""
        self.ensure_one()
        rules = {
            self._label_of(name): self._rule_in_words(name)
            for name in self._plain_rules()
        }
        rules[self._label_of(NO_VALUE_TIER)] = self._no_value_tier().name or ""
        lines = {
            self.env._(
                "%(kind)s: %(name)s",
                kind=self._label_of(field),
                name=line._line_label(),
            ): line._in_words()
            for field in LINE_FIELDS
            for line in self[field]
        }
        return {**rules, **lines}

    def _rule_in_words(self, name):
        field, value = self._fields[name], self[name]
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if name in FILTERS:
            return value if value and value != "[]" else self.env._("All")
        return self._with_unit(name, plain_number(self.env, value))

    @api.model
    def _with_unit(self, name, number):
        if name in PERCENT_FIELDS or name.endswith("_percent"):
            return self.env._("%s %%", number)
        if name.endswith("_days"):
            return self.env._("%s days", number)
        if name in _RHYTHMS:
            return self.env._("%s times the own rhythm", number)
        if name == "product_xyz_months" and number == "0":
            return self.env._("Since the first sale")
        if name in ("window_months", "product_xyz_months"):
            return self.env._("%s months", number)
        return number
