"""Memory of a run over customers: earlier rules and limits.

The engine knows a version by its id: the id of the first version with the same rules,
so that a version that changes nothing is equal to the one before it.
"""

from dataclasses import replace

from odoo.exceptions import ValidationError


def remembering(parameters, others, keeps_grace):
    """Return the rules with the parts that they keep of earlier rules.

    :param others: ``{id: rules}`` of the versions that gave the classes before
    :param keeps_grace: whether changed limits keep tolerance and grace, too
    """
    from ...engine import all_tiers, remembered_tiers

    claims = all_tiers if keeps_grace else remembered_tiers
    remembers = {id_: claims(rules, parameters) for id_, rules in others.items()}
    return replace(parameters, remembers=remembers)


def standing_limits(last, parameters):
    """Return the limits of the last run that may stay, or None.

    Only limits that these rules would find in the same way.
    """
    from ...engine import Edges, standing_edges

    if not last.edges:
        return None
    try:
        before = last.policy_id._parameters()
    except ValidationError:  # an old policy that refers to deleted records
        return None
    return standing_edges(Edges.from_json(last.edges), before, parameters)


def ends_of_grace(pipeline, moves):
    """Return for each move whether only a changed limit makes it immediate.

    By the rules before, tolerance or grace period would have kept the class.
    """
    ended = _ended_tiers(pipeline)
    is_tier = moves["axis"] == "value_tier"
    return is_tier & moves["partner_id"].isin(ended) & (moves["cause"] != "person")


def _ended_tiers(pipeline):
    """Return ids of customers whose tier would be better with all memory."""
    from ...engine import all_tiers, classify

    parameters, result = pipeline.parameters, pipeline.result
    others = pipeline.other_rules(pipeline.previous["policy"])
    remembers = {id_: all_tiers(rules, parameters) for id_, rules in others.items()}
    if remembers == parameters.remembers:
        return []
    now = result.frame["value_tier"]
    known = pipeline.previous.reindex(now.index, fill_value=0)
    moved = known["policy"].isin(remembers) & (known["value_tier"] != now)
    whole = replace(parameters, remembers=remembers)
    facts, before = pipeline.facts[moved], known[moved]
    kept = classify(facts, before, whole, pipeline.as_of_date, result.edges)
    kept = kept.frame["value_tier"]
    places = {key: place for place, key in enumerate(parameters.tier_keys)}
    return kept.index[kept.map(places) < now[moved].map(places)]
