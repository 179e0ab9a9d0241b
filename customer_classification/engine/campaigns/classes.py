"""Performance class of a campaign, against its target or its peers."""

from __future__ import annotations

from ..common.lazy import np, pd
from .columns import (
    GOALS,
    MEASURE_OF_GOAL,
    PERFORMANCE_REASONS,
    PERFORMANCES,
    TARGET_OF_GOAL,
)

_STRONG, _ON_TARGET, _WEAK = (n for n, __ in enumerate(PERFORMANCES, 1))
_REASON = {reason: number for number, reason in enumerate(PERFORMANCE_REASONS, 1)}
PEER_RATES = ("response_rate", "lead_rate", "conversion_rate")


def judge(figures: pd.DataFrame, campaigns: pd.DataFrame, parameters, today: float):
    """Return the performance of each campaign.

    Columns ``performance``, ``performance_reason``, ``performance_ratio`` (NaN
    unknown), ``peer_count`` and the medians of the peers.

    A campaign is rated when it is over: after its last day, or, without one, when no
    purchase can count for it any more. Before that only a target already reached is
    reported.
    """
    over = is_over(figures, campaigns, today)
    measures = _measures(figures, campaigns)
    peers = _peers(figures, campaigns, measures, over)
    by_target = _ratio(*_targets(figures, campaigns))
    enough = peers["peer_count"] >= parameters.min_peers
    by_peers = _ratio(measures, peers["median"].where(enough))
    if parameters.judged_by == "target":
        by_peers = by_peers * np.nan
    if parameters.judged_by == "peers":
        by_target = by_target * np.nan
    reached = by_target >= 1
    is_known = over | reached
    reason = np.select(
        [
            figures["start"].to_numpy() > today,
            figures["participant_count"].to_numpy() == 0,
            is_known & by_target.notna().to_numpy(),
            ~over,
            by_peers.notna().to_numpy(),
        ],
        [_REASON[w] for w in ("not_started", "nobody", "target", "running", "peers")],
        _REASON["no_measure"],
    )
    ratio = np.select(
        [reason == _REASON["target"], reason == _REASON["peers"]],
        [by_target, by_peers],
        np.nan,
    ).astype("float64")
    return pd.DataFrame(
        {
            "performance": _class(np.round(ratio, 6), parameters),
            "performance_reason": reason,
            "performance_ratio": ratio * 100,
            **{name: peers[name] for name in ("peer_count", *_PEER_COLUMNS)},
        },
        figures.index,
    )


_PEER_COLUMNS = tuple(f"peer_{name}" for name in PEER_RATES)


def is_over(figures, campaigns, today):
    """Mark campaigns that are over.

    Their last day is past; without one, nothing happened for a whole window.
    """
    end = campaigns["end"].to_numpy("float64")
    quiet = figures["last_touch"].to_numpy() + campaigns["window"].to_numpy() < today
    return np.where(np.isnan(end), quiet, end < today)


def _class(ratio, parameters):
    return np.select(
        [np.isnan(ratio), ratio >= parameters.strong, ratio < parameters.weak],
        [0, _STRONG, _WEAK],
        _ON_TARGET,
    )


def _targets(figures, campaigns):
    """Return reached and targeted values by the goal; NaN for no target."""
    reached, target = (pd.Series(np.nan, figures.index) for __ in range(2))
    for number, goal in enumerate(GOALS, 1):
        mine = campaigns["goal"] == number
        figure, name = TARGET_OF_GOAL[goal]
        reached = reached.mask(mine, figures[figure].astype("float64"))
        target = target.mask(mine, campaigns[name].astype("float64"))
    return reached, target.where(target > 0)


def _measures(figures, campaigns):
    """Return measures that compare campaigns of one goal of any size."""
    sized = figures.assign(
        revenue_per_participant=figures["revenue"] / figures["participant_count"]
    )
    found = pd.Series(np.nan, figures.index)
    for number, goal in enumerate(GOALS, 1):
        mine = campaigns["goal"] == number
        found = found.mask(mine, sized[MEASURE_OF_GOAL[goal]].astype("float64"))
    return found.where(figures["participant_count"] > 0)


def _ratio(value, of):
    """Divide; NaN where the divisor is 0 or unknown."""
    return (value / of).where((of > 0) & value.notna())


def _peers(figures, campaigns, measures, over):
    """Return number and medians of the peers of each campaign.

    Peers are the other campaigns of its type and goal that are over.
    """
    known = over & measures.notna().to_numpy()
    values = figures[list(PEER_RATES)].assign(median=measures)
    groups = campaigns.groupby(["type", "goal"], sort=False).indices
    rows = {
        place: _medians(values, [other for other in places if known[other]], place)
        for places in groups.values()
        for place in places
    }
    frame = pd.DataFrame.from_dict(rows, "index", columns=_PEER_FIELDS).sort_index()
    return frame.astype("float64").set_axis(figures.index)


_PEER_FIELDS = ["peer_count", *_PEER_COLUMNS, "median"]


def _medians(values, places, own):
    others = [place for place in places if place != own]
    if not others:
        return [0, *[np.nan] * (len(_PEER_FIELDS) - 1)]
    return [len(others), *np.nanmedian(values.to_numpy("float64")[others], axis=0)]
