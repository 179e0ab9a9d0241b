"""Signals of what customers say and do beside buying, and their numbers.

All of it comes from optional columns of the facts: without a row nothing is known of
the customer, and nothing follows from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..common.lazy import np
from .columns import SIGNALS
from .rhythm import due_after

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .parameters import Parameters

# Signals that are shown only where they count something.
HEARD_SIGNALS = ("complaints", "dissatisfied", "silent")


def heard_signals(facts, rhythm, today, parameters: Parameters) -> dict[str, NDArray]:
    """Return ``{name: customers with the signal}``.

    :param today: day number, one for all or an array of one for each
    """
    silence = today - last_contact(facts)
    found = {
        "complaints": complaints_rise(facts, parameters),
        "dissatisfied": is_rated(facts, parameters)
        & (facts.satisfaction < parameters.dissatisfied_below),
        "silent": silence >= silent_after(rhythm, parameters),
    }
    return {
        name: shown
        for name, shown in found.items()
        if getattr(parameters, f"risk_{name}") > 0
    }


def complaints_rise(facts, parameters) -> NDArray:
    """Mark customers with enough complaints, and more than before."""
    before = np.nan_to_num(facts.complaint_count_before)
    enough = facts.complaint_count >= parameters.complaints_from
    return enough & (facts.complaint_count > before)


def is_rated(facts, parameters) -> NDArray:
    """Mark customers with enough answers for a mean."""
    return facts.satisfaction_count >= parameters.satisfaction_min_count


def last_contact(facts) -> NDArray:
    """Return the day of the last interaction or purchase, the later of both.

    NaN where no interaction is known: of whom nothing is noted nobody knows whether
    they are silent.
    """
    spoken, bought = facts.last_interaction_date, facts.last_purchase_date
    return np.where(bought > spoken, bought, spoken)


def silent_after(rhythm, parameters) -> NDArray:
    """Days since the last interaction or purchase from which one is silent."""
    return due_after(rhythm.gap, parameters.silent_ratio)


def has_enquired(facts, parameters) -> NDArray:
    """Mark customers with an answered enquiry, where the rules count it."""
    return (facts.answered_enquiry_count > 0) & parameters.interested_by_enquiry


def known_satisfaction(facts, parameters) -> NDArray:
    """Return the mean of the answers, NaN with too few of them."""
    return np.where(is_rated(facts, parameters), facts.satisfaction, np.nan)


def heard_numbers(facts, signals, is_interested, parameters) -> dict[str, NDArray]:
    """Return the columns of the result that explain these signals.

    Only of customers who show them: all other rows stay as they are, whatever is
    heard.

    :param signals: bits of ``SIGNALS``
    :param is_interested: mask of the customers whose stage is *interested*
    """

    def where(name, values, nothing):
        return np.where(signals & (1 << SIGNALS.index(name)), values, nothing)

    enquired = is_interested & has_enquired(facts, parameters)
    return {
        "signal_complaint_count": where("complaints", facts.complaint_count, 0),
        "signal_complaint_count_before": where(
            "complaints", np.nan_to_num(facts.complaint_count_before), 0
        ),
        "signal_satisfaction": where("dissatisfied", facts.satisfaction, np.nan),
        "signal_satisfaction_count": where("dissatisfied", facts.satisfaction_count, 0),
        "signal_interaction_date": where("silent", last_contact(facts), np.nan),
        "answered_enquiry_count": np.where(enquired, facts.answered_enquiry_count, 0),
    }
