from graphlib import CycleError, TopologicalSorter

from odoo import api, models
from odoo.exceptions import UserError, ValidationError

from .classification_tag_domain import asked_tags
from .classification_tag_kind import KINDS


class ClassificationTagRule(models.Model):
    """In which order rules run: who asks for a tag comes after who keeps it."""

    # One file for each idea of a rule.
    _inherit = "classification.tag.rule"  # pylint: disable=consider-merging-classes-inherited

    def _node(self):
        """What is decided at once: a tag, or all tags of an exclusive group."""
        tag = self._tag()
        decided = tag.parent_id if tag.parent_id.tag_is_exclusive else tag
        return (tag._name, decided.id)

    def _asked_tags(self):
        """``{(tag model, id)}`` of the tags that the condition asks for.

        :raises ValidationError: it cannot be read
        """
        with self._condition().guarded() as condition:
            return asked_tags(condition.domain(), condition.records)

    def _graph(self, asked):
        """``{node: nodes that come before it}`` of these rules.

        :param asked: ``{rule: tags that it asks for}``
        """
        keeper = {(rule._tag()._name, rule._tag().id): rule._node() for rule in self}
        graph = {}
        for rule in self:
            before = {keeper[tag] for tag in asked[rule] if tag in keeper}
            graph.setdefault(rule._node(), set()).update(before)
        return graph

    def _levels(self, asked):
        """Lists of rules that may run at once, one after the other.

        :param asked: ``{rule: tags that it asks for}``
        """
        sorter = TopologicalSorter(self._graph(asked))
        sorter.prepare()
        while sorter.is_active():
            ready = sorter.get_ready()
            yield self.filtered(lambda rule, ready=ready: rule._node() in ready)
            sorter.done(*ready)

    def _circle(self, asked):
        """``[(tag model, id)]`` of tags that wait for each other, or nothing."""
        try:
            TopologicalSorter(self._graph(asked)).prepare()
        except CycleError as error:
            return error.args[1]
        return []

    def _circle_sentence(self, circle):
        names = [
            self.env[model].sudo().browse(tag).display_name for model, tag in circle
        ]
        return self.env._(
            "These tags wait for each other, so none could be decided first: "
            "%s. Take one of them out of a condition.",
            " → ".join(names),
        )

    @api.constrains("domain", "kind", *(kind.tag_field for kind in KINDS.values()))
    def _check_no_rule_cycle(self):
        """Refuse rules that ask for each other's tags: no order would be right."""
        rules = self.sudo().search([("active", "=", True)]) | self.sudo()
        asked = {rule: tags for rule in rules for tags in rule._asked_or_not()}
        circle = rules.browse(rule.id for rule in asked)._circle(asked)
        if circle:
            raise ValidationError(self._circle_sentence(circle))

    def _asked_or_not(self):
        """The tags that are asked for, in a list; nothing of a rule that cannot be
        read: who saves that one hears it elsewhere."""
        try:
            return [self._asked_tags()] if self._tag() else []
        except UserError:
            return []
