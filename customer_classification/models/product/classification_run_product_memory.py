from dataclasses import replace

from odoo import models
from odoo.exceptions import ValidationError

from ..policy.rule_fields import DOCUMENT_FIELDS

# Rules that decide what is read of the products.
_READING_RULES = (
    *("company_id", "window_months", "product_trend_months", "product_xyz_months"),
)


class ClassificationRun(models.Model):
    """What a run over products remembers of the versions of the rules before its own,
    and what it shows of a memory that ends."""

    # One file a concern: a run in one piece would be a thousand lines.
    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    def _product_parameters(self):
        """The rules about products by which this run goes."""
        parameters = self.policy_id._product_parameters()
        return replace(parameters, policy=self._rules_id("product"))

    def _products_by_old_rules(self, state, shown):
        """Classes that moving products would have by the rules that classified them
        before: eleven queries for each of these policies that reads something else.

        :param state: the :class:`ProductState` of this run
        :return: the engine's frame, or None where no other policy classified
        """
        import pandas as pd

        from ...engine import PRODUCT_AXES

        axes = list(PRODUCT_AXES)
        moved = (shown.before[axes] != shown.now[axes]).any(axis=1)
        policies = state.previous["policy"].where(moved, 0)
        others = policies[~policies.isin((0, self._rules_id("product")))]
        frames = []
        for policy_id, index in others.groupby(others).groups.items():
            policy = self.env["classification.policy"].browse(int(policy_id))
            try:
                frame = self._product_classes_by(policy, state)
            except ValidationError:
                continue  # rules of before that name what is no more say nothing
            frames.append(frame.loc[frame.index.intersection(index)])
        return pd.concat(frames) if frames else None

    def _product_classes_by(self, policy, state):
        """What another policy says today of the products."""
        from ...engine import classify_products

        parameters, sold = policy._product_parameters(), state.sold
        names = (*DOCUMENT_FIELDS, *_READING_RULES)
        if any(policy[name] != self.policy_id[name] for name in names):
            facts_model = self.env["classification.product.facts"]
            sold = facts_model._read(policy, parameters, self.as_of_date).sold
        return classify_products(sold, state.previous, parameters, self.as_of_date)

    def _with_product_grace_ends(self, state, moves, frame, parameters):
        """The moves, and whether each is due to a memory that ends with this run's
        rules alone."""
        import numpy as np

        from ...engine import CAUSES, PRODUCT_AXES, all_axes, classify_products

        others = self._other_rules("product", parameters, state.previous)
        remembers = {id_: all_axes(rules, parameters) for id_, rules in others.items()}
        if remembers == parameters.remembers:
            return moves.assign(ends_grace=False)
        whole = replace(parameters, remembers=remembers)
        kept = classify_products(state.sold, state.previous, whole, self.as_of_date)
        ends = np.zeros(len(moves), bool)
        for axis in ("abc", "xyz"):  # a trend has neither tolerance nor grace to lose
            number = PRODUCT_AXES.index(axis) + 1
            ended = kept.index[(kept[axis] > 0) & (kept[axis] < frame[axis])]
            ends |= (moves["axis"] == number) & moves["product"].isin(ended)
        ends &= moves["cause"] != CAUSES.index("person") + 1
        self.grace_end_count = int(ends.sum())
        return moves.assign(ends_grace=ends)

    def _preview_again(self):
        if not self._is_over_products():
            return super()._preview_again()
        return self.policy_id.action_preview_products()
