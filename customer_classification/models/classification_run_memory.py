from dataclasses import replace

from odoo import fields, models
from odoo.exceptions import UserError, ValidationError

from .called_records import check_one


class ClassificationRun(models.Model):
    """What a run remembers of the versions of the rules before its own, and what it
    shows of a memory that ends.

    The engine knows a version by its id. That is the id of the first version that says
    the same, so that a version that changes nothing is the one before to it.
    """

    # One file a concern: a run in one piece would be a thousand lines.
    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    grace_end_count = fields.Integer(
        string="Fall With the Old Limits",
        readonly=True,
        help="Who loses a class only because the rules changed a limit, or what is "
        "compared with it: tolerance and grace period by the rules before end with "
        "them.",
        aggregator=None,
    )
    policy_state = fields.Selection(related="policy_id.state", string="Policy State")

    def _rules_id(self, kind):
        """Id of the version since which the rules of this run are the same."""
        return self.policy_id._rules_since(kind).id

    def _is_by(self, policy_id):
        """Whether this is a run by the rules about customers of a policy."""
        return bool(self) and self._rules_id("customer") == policy_id

    def _customer_parameters(self):
        """The rules about customers by which this run goes."""
        parameters = self.policy_id._parameters()
        return replace(parameters, policy=self._rules_id("customer"))

    def _remembering(self, kind, parameters, previous):
        """The rules with what they remember of those that gave the classes before.

        :param previous: frame with a column ``policy``
        """
        from ..engine import all_axes, all_tiers, remembered_axes, remembered_tiers

        keeps = self.policy_id.keeps_grace
        claims = {
            "customer": all_tiers if keeps else remembered_tiers,
            "product": all_axes if keeps else remembered_axes,
        }[kind]
        others = self._other_rules(kind, parameters, previous)
        return replace(
            parameters,
            remembers={id_: claims(other, parameters) for id_, other in others.items()},
        )

    def _other_rules(self, kind, parameters, previous):
        """``{id: rules}`` of the other versions that gave the classes before; without
        those that name what is no more."""
        ids = previous["policy"][~previous["policy"].isin((0, parameters.policy))]
        rules = {}
        for policy in self.env["classification.policy"].browse(ids.unique().tolist()):
            try:
                rules[policy.id] = policy._rules_about(kind)
            except ValidationError:
                continue
        return rules

    def _standing_edges(self, last, parameters):
        """Limits of the last run, as far as the same rules found them, which may
        stand; None without one, and for a past day, which knows nothing of later
        ones."""
        from ..engine import Edges, standing_edges

        if self.kind == "back_test" or not last.edges:
            return None
        try:
            before = last.policy_id._parameters()
        except ValidationError:  # the rules of then name what is no more
            return None
        return standing_edges(Edges.from_json(last.edges), before, parameters)

    # What ends

    def _with_grace_ends(self, facts, previous, moves, result, parameters):
        """The moves, and whether each is due to a memory that ends with this run's
        rules alone."""
        others = self._other_rules("customer", parameters, previous)
        ended = self._ended_tiers(facts, previous, result, parameters, others)
        is_tier = moves["axis"] == "value_tier"
        ends = is_tier & moves["partner_id"].isin(ended) & (moves["cause"] != "person")
        self.grace_end_count = int(ends.sum())
        return moves.assign(ends_grace=ends)

    def _ended_tiers(self, facts, previous, result, parameters, others):
        """Ids of the customers who would have a better tier if every tier that there
        still is were remembered."""
        from ..engine import all_tiers, classify

        remembers = {id_: all_tiers(rules, parameters) for id_, rules in others.items()}
        if remembers == parameters.remembers:
            return []
        now = result.frame["value_tier"]
        known = previous.reindex(now.index, fill_value=0)
        moved = known["policy"].isin(remembers) & (known["value_tier"] != now)
        whole = replace(parameters, remembers=remembers)
        kept = classify(
            facts[moved], known[moved], whole, self.as_of_date, result.edges
        ).frame["value_tier"]
        places = {key: place for place, key in enumerate(parameters.tier_keys)}
        return kept.index[kept.map(places) < now[moved].map(places)]

    def action_open_grace_ends(self):
        """Open the moves that are due to limits that these rules changed."""
        check_one(self)
        action = self.action_open_moves()
        action["domain"] += [("ends_grace", "=", True)]
        return action

    def action_keep_grace(self):
        """Have the draft keep the classes through the change, and preview it anew."""
        check_one(self)
        policy = self.policy_id
        policy._check_manager()
        policy.check_access("write")
        if policy.state != "draft" or self.kind not in ("preview", "product_preview"):
            raise UserError(
                self.env._("Only a draft can be changed: preview a new version of it.")
            )
        policy.keeps_grace = True
        return self._preview_again()

    def _preview_again(self):
        """Preview the policy of this run once more; other kinds have their own."""
        return self.policy_id.action_preview()
