"""What the engine says, in words that can be translated.

The engine knows no language: it raises and notes in English. Here its sentences
stand once more, where Odoo's export of terms finds them.
"""

# pylint: disable=prefer-env-translation  # at import there is no environment
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

RULE_SENTENCES = [
    _lt("The window needs at least one month."),
    _lt("The scores need 3 to 10 bins."),
    _lt("A weight of a score cannot be negative."),
    _lt("At least one score needs a weight."),
    _lt("There must be at least one value tier."),
    _lt("A tier's limit must be a number."),
    _lt("A tier's top share must be above 0 and at most 100 percent."),
    _lt("Lower tiers need larger top shares."),
    _lt("Only the lowest tier can be without a limit."),
    _lt("Lower tiers need lower limits."),
    _lt("The margin by which a tier is kept must be from 0 to 1."),
    _lt("The ratio for at risk must be above 0 and not above the one for dormant."),
    _lt("A customer cannot be lost before being dormant."),
    _lt("The growth of decline is from -1 to 1."),
    _lt("The share of refunds that counts must be above 0."),
    _lt("The tier of customers who are not rated cannot have a limit."),
]

NOTE_SENTENCES = {
    "few_customers_for_bins": _lt(
        "%(metric)s: the scores go from 1 to %(bins)s only, because %(buyers)s "
        "customers bought in the window."
    ),
    "no_spread": _lt("%(metric)s: all customers are alike, so it gives no score."),
    "few_customers_for_tiers": _lt(
        "No value tiers: %(buyers)s customers bought in the window, and shares of "
        "the customers need %(needed)s."
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

METRIC_LABELS = {
    "recency": _lt("Recency"),
    "frequency": _lt("Frequency"),
    "monetary": _lt("Monetary value"),
}


def rule_sentence(env, sentence):
    """The translation of a sentence of the engine; itself where it has none."""
    for known in RULE_SENTENCES:
        if known._source == sentence:
            return env._(known)
    return sentence


def note_sentence(env, note):
    """A note of the engine, ``{"code": ..., numbers}``, as a translated sentence."""
    sentence = NOTE_SENTENCES.get(note.get("code"))
    if not sentence:
        return str(note)
    values = dict(note)
    if "metric" in note:
        values["metric"] = env._(METRIC_LABELS[note["metric"]])
    # A lazy sentence takes its values only when it is made.
    text = env._(sentence)
    return text % values
