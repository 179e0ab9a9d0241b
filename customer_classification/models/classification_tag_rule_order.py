from graphlib import CycleError, TopologicalSorter

from odoo import api, models
from odoo.exceptions import ValidationError

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

    def _graph(self):
        """``{node: nodes that come before it}`` of these rules.

        :raises ValidationError: a rule cannot be read
        """
        keeper = {(rule._tag()._name, rule._tag().id): rule._node() for rule in self}
        graph = {}
        for rule in self:
            asked = asked_tags(rule._condition(), rule._records())
            before = {keeper[tag] for tag in asked if tag in keeper}
            graph.setdefault(rule._node(), set()).update(before)
        return graph

    def _levels(self):
        """Lists of rules that may run at once, one after the other."""
        sorter = TopologicalSorter(self._graph())
        sorter.prepare()
        while sorter.is_active():
            ready = sorter.get_ready()
            yield self.filtered(lambda rule, ready=ready: rule._node() in ready)
            sorter.done(*ready)

    @api.constrains("domain", "kind", *(kind.tag_field for kind in KINDS.values()))
    def _check_no_rule_cycle(self):
        """Refuse rules that ask for each other's tags: no order would be right."""
        rules = (self.sudo().search([("active", "=", True)]) | self).filtered(
            lambda rule: rule._is_legible()
        )
        try:
            TopologicalSorter(rules._graph()).prepare()
        except CycleError as error:
            names = [
                self.env[model].sudo().browse(tag).display_name
                for model, tag in error.args[1]
            ]
            raise ValidationError(
                self.env._(
                    "These tags wait for each other, so none could be decided first: "
                    "%s. Take one of them out of a condition.",
                    " → ".join(names),
                )
            ) from error

    def _is_legible(self):
        """Whether the condition can be read; who saves it is told elsewhere."""
        try:
            self._condition()
        except ValidationError:
            return False
        return bool(self._tag())
