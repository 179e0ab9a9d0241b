"""Memory of a run over products: earlier rules."""

from dataclasses import replace


def remembering(parameters, others, keeps_grace):
    """Return the rules with the parts that they keep of earlier rules.

    :param others: ``{id: rules}`` of the versions that gave the classes before
    :param keeps_grace: whether changed limits keep tolerance and grace, too
    """
    from ...engine import all_axes, remembered_axes

    claims = all_axes if keeps_grace else remembered_axes
    remembers = {id_: claims(rules, parameters) for id_, rules in others.items()}
    return replace(parameters, remembers=remembers)


def ends_of_grace(pipeline, moves):
    """Return for each move whether only a changed limit makes it immediate.

    By the rules before, tolerance or grace period would have kept the class.
    """
    import numpy as np

    from ...engine import PRODUCT_AXES, all_axes, classify_products

    parameters, previous = pipeline.parameters, pipeline.previous
    others = pipeline.other_rules(previous["policy"])
    remembers = {id_: all_axes(rules, parameters) for id_, rules in others.items()}
    ends = np.zeros(len(moves), bool)
    if remembers == parameters.remembers:
        return ends
    whole = replace(parameters, remembers=remembers)
    sold, day = pipeline.state.sold, pipeline.as_of_date
    kept = classify_products(sold, previous, whole, day, pipeline.edges)
    for axis in ("abc", "xyz"):  # a trend has neither tolerance nor grace to lose
        number = PRODUCT_AXES.index(axis) + 1
        ended = kept.index[(kept[axis] > 0) & (kept[axis] < pipeline.frame[axis])]
        ends |= (moves["axis"] == number) & moves["product"].isin(ended)
    return ends & (moves["cause"] != pipeline.cause_codes["person"])
