"""Translatable sentences for the codes of the engine.

The engine knows no language: it raises and notes codes with numbers. Here are the
sentences for them, where Odoo's export of terms finds them.
"""

# pylint: disable=prefer-env-translation  # at import there is no environment
from odoo.tools import formatLang
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

RULE_SENTENCES = {
    # Single numbers
    "not_finite": _lt("%(field)s must be a number."),
    "negative": _lt("%(field)s cannot be negative."),
    "below_one": _lt("%(field)s must be at least 1."),
    "not_positive": _lt("%(field)s must be above 0."),
    "out_of_range": _lt("%(field)s must be from %(low)s to %(high)s."),
    "above_most": _lt("%(field)s can be at most %(most)s."),
    "unknown_choice": _lt("%(field)s: there is no choice “%(value)s”."),
    "above_other": _lt(
        "%(field)s (%(value)s) cannot be above %(other)s (%(other_value)s)."
    ),
    # Scores
    "unknown_metric": _lt("There is no score of the name “%(metric)s”."),
    "metric_twice": _lt("%(metric)s: stands twice among the scores."),
    "metric_missing": _lt(
        "%(metric)s is missing among the scores. Recency, frequency and monetary value "
        "always stand; give a weight of 0 to one that shall not count."
    ),
    "bins_out_of_range": _lt(
        "%(metric)s: scores from 1 to %(bins)s are not possible; choose %(low)s to "
        "%(high)s."
    ),
    "weight_negative": _lt("%(metric)s: the weight cannot be negative."),
    "weight_unknown": _lt("%(metric)s: the weight must be a number."),
    "no_weight": _lt("Give at least one score a weight: all of them are 0."),
    "edges_missing": _lt("%(metric)s: give its fixed limits, for example 10; 20; 30."),
    "edges_too_many": _lt("%(metric)s: at most %(most)s limits are possible."),
    "edge_unknown": _lt("%(metric)s: each limit must be a number."),
    "edges_not_rising": _lt(
        "%(metric)s: the limits must rise, but %(high)s follows %(low)s."
    ),
    # Tiers
    "no_tier": _lt("Give the policy at least one value tier with its limit."),
    "key_zero": _lt("A limit has no value tier. Choose one, or remove the line."),
    "tier_twice": _lt("%(tier)s: stands twice among the value tiers."),
    "tier_unrated": _lt(
        "%(tier)s: the tier of customers who are not rated cannot have a limit."
    ),
    "no_value_tier_missing": _lt(
        "Choose the value tier of customers with a value of 0 or less."
    ),
    "no_value_tier_twice": _lt(
        "%(tier)s: stands among the limits. Choose another value tier for customers "
        "with a value of 0 or less."
    ),
    "limit_unknown": _lt("%(tier)s: the limit must be a number."),
    "limit_infinite": _lt("%(tier)s: the limit must be a number."),
    "share_out_of_range": _lt(
        "%(tier)s: the best %(limit)s %% is not possible; choose more than 0 and at "
        "most 100."
    ),
    "share_not_larger": _lt(
        "%(tier)s: the best %(limit)s %% are not more customers than those of "
        "%(above)s (%(above_limit)s %%)."
    ),
    "share_leaves_gap": _lt(
        "%(tier)s: customers beyond the best %(limit)s %% would have no tier. The "
        "lowest tier takes everybody else: set it to 100 %%."
    ),
    "limit_not_lower": _lt(
        "%(tier)s: the limit of %(limit)s is not below that of %(above)s "
        "(%(above_limit)s)."
    ),
    "limit_leaves_gap": _lt(
        "%(tier)s: customers below %(limit)s would have no tier. The lowest tier takes "
        "everybody else: set its limit to 0."
    ),
    "keep_unknown": _lt("%(tier)s: the keep limit must be a number."),
    "keep_above_limit": _lt(
        "%(tier)s: the keep limit of %(keep)s is above the limit of %(limit)s."
    ),
    "keep_share_smaller": _lt(
        "%(tier)s: kept by the best %(keep)s %%, which are fewer than the best "
        "%(limit)s %% who enter."
    ),
    "keep_share_out_of_range": _lt(
        "%(tier)s: kept by the best %(keep)s %% is not possible; choose at most 100."
    ),
    "keep_crosses": _lt(
        "%(tier)s: kept down to %(keep)s only, while the better %(above)s is kept down "
        "to %(above_keep)s."
    ),
    "keep_share_crosses": _lt(
        "%(tier)s: kept by the best %(keep)s %% only, while the better %(above)s is "
        "kept by the best %(above_keep)s %%."
    ),
    # Segments
    "segment_zero": _lt("A line of the segments has no segment. Choose one."),
    "segment_twice": _lt("%(segment)s: stands twice among the segments."),
    "cell_unknown": _lt("%(segment)s: there is no box %(cell)s."),
    "cell_twice": _lt("%(cell)s belongs to %(segment)s and to %(other_segment)s."),
    "cell_missing": _lt("%(cell)s has no segment."),
    "cells_missing": _lt("%(cell)s has no segment, and %(more)s more have none."),
    "claim_unknown": _lt("%(segment)s: there is no choice “%(claim)s”."),
    "otherwise_missing": _lt(
        "%(segment)s: choose the segment of customers of whom it would be untrue."
    ),
    "otherwise_unknown": _lt(
        "%(segment)s: customers of whom it would be untrue get %(other_segment)s, "
        "which stands in no line."
    ),
    "otherwise_circle": _lt(
        "%(segment)s: customers of whom it would be untrue get %(other_segment)s, and "
        "from there come back here. Let the way end at a segment that says nothing."
    ),
}

NOTE_SENTENCES = {
    "few_customers_for_bins": _lt(
        "%(metric)s: the scores go from 1 to %(bins)s only, because %(buyers)s "
        "customers bought in the window."
    ),
    "few_known_for_bins": _lt(
        "%(metric)s: the scores go from 1 to %(bins)s only, because it is known of "
        "%(buyers)s customers."
    ),
    "nothing_known": _lt("%(metric)s: known of nobody, so it gives no score."),
    "no_spread": _lt("%(metric)s: all customers are alike, so it gives no score."),
    "few_customers_for_tiers": _lt(
        "No value tiers: %(buyers)s customers bought in the window, and shares of "
        "the customers need %(needed)s."
    ),
    "tied_share": _lt(
        "%(tier)s: %(customers)s of %(buyers)s customers reach its limit, where the "
        "rules say the best %(share)s %%, because several have the same value."
    ),
    "kept_share": _lt(
        "%(tier)s: %(customers)s of %(buyers)s customers reach its limit, which is "
        "kept, where the rules say the best %(share)s %%."
    ),
    "archived_left_out": _lt(
        "%(customers)s archived customers who bought in the window are left out where "
        "scores and shares are found."
    ),
    "not_positive_left_out": _lt(
        "%(customers)s customers who bought in the window have a value of 0 or less "
        "and are left out where shares are found."
    ),
    "no_value_last": _lt(
        "%(customers)s customers have a value of 0 or less: they belong to "
        "%(no_value_tier)s, the last tier, once their grace period is over."
    ),
    "no_value_own": _lt(
        "%(customers)s customers have a value of 0 or less: they belong to "
        "%(no_value_tier)s, a tier of their own, once their grace period is over."
    ),
    "no_value_unrated": _lt(
        "%(customers)s customers have a value of 0 or less and are not rated."
    ),
    "no_gaps": _lt("Nobody bought twice yet, so a rhythm of %(days)s days is assumed."),
    "future_dates": _lt(
        "%(customers)s customers have purchases dated after the day of the run."
    ),
    "clock_back": _lt(
        "The clock stands before the day of the last run, so nothing was changed."
    ),
    "not_finite": _lt("%(customers)s customers have a %(column)s that is no number."),
}

# Parameters that people read and write in percent.
PERCENT_FIELDS = (
    *("keep_margin", "limit_tolerance", "decline_growth", "refund_share"),
    *("risk_high_below", "risk_medium_below"),
)


def rule_sentence(policy, error):
    """Return the sentence of a ``RuleError`` of the engine.

    It names the line and the fields of the policy concerned.
    """
    sentence = RULE_SENTENCES.get(error.code)
    if not sentence:
        return str(error)
    env, values = policy.env, error.values
    in_percent = (
        values.get("field") in PERCENT_FIELDS or values.get("metric") == "growth"
    )
    scale = 100 if in_percent else 1
    words = {
        name: plain_number(env, value * scale)
        if isinstance(value, int | float)
        else value
        for name, value in values.items()
    }
    for name in {"tier", "above"} & set(values):
        tier = env["customer.value.tier"].browse(values[name]).exists()
        words[name] = tier.display_name
    for name in {"segment", "other_segment"} & set(values):
        segment = env["customer.segment"].browse(values[name]).exists()
        words[name] = segment.display_name
    if "cell" in values:
        words["cell"] = "R{} F{} M{}".format(*values["cell"])
    for name in {"field", "other"} & set(values):
        words[name] = policy._fields[values[name]]._description_string(env)
    if "metric" in values:
        words["metric"] = metric_label(env, values["metric"])
    translated = env._(sentence)
    return translated % words


def note_sentence(env, note):
    """Return a note of the engine as a translated sentence.

    A note is ``{"code": ..., numbers}``.
    """
    sentence = NOTE_SENTENCES.get(note.get("code"))
    if not sentence:
        return str(note)
    values = dict(note)
    if "metric" in note:
        values["metric"] = metric_label(env, note["metric"])
    for name in {"tier", "no_value_tier"} & set(note):
        values[name] = env["customer.value.tier"].browse(note[name]).exists().name
    if "share" in note:
        values["share"] = plain_number(env, note["share"])
    translated = env._(sentence)
    return translated % values


def metric_label(env, metric):
    """The name of a metric of the score in the reader's language."""
    field = env["classification.policy.metric"]._fields["metric"]
    return dict(field._description_selection(env)).get(metric, metric)


def plain_number(env, value):
    """Return a number in the reader's language without useless decimals.

    At most six: 12,000 and 0.25.
    """
    decimals = f"{value:.6f}".rstrip("0").partition(".")[2]
    return formatLang(env, value, digits=len(decimals))
