"""Constants of the calculation, and the limits found by it."""

from __future__ import annotations

import calendar
import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from . import rules, segments
from .columns import EXTRA_METRICS, METRICS, SCORED_METRICS


@dataclass(frozen=True)
class Component:
    """A metric of the value score.

    ``weight`` counts beside the other weights, in any unit. The metric has ``bins``
    bins of equal shares of the buyers, or those between the fixed inner thresholds
    ``edges``, which rise (days, orders, money, or growth in -1..1).
    """

    metric: str
    weight: float
    bins: int = 5
    edges: tuple[float, ...] | None = None

    def __post_init__(self):
        if self.edges is not None:
            object.__setattr__(self, "edges", tuple(map(float, self.edges)))


# Recency, frequency and monetary value make the RFM code and are always present.
DEFAULT_COMPONENTS = (
    Component("recency", 0.2),
    Component("frequency", 0.3),
    Component("monetary", 0.5),
)


@dataclass(frozen=True)
class TierLimit:
    """A value tier and where it begins and ends.

    ``limit`` is the top share of the buyers in percent (5 = the best 5 %) or the lowest
    value, by :attr:`Parameters.tier_method`. The last tier takes the rest, whatever its
    limit. ``keep_limit`` is, in the same unit, how far a customer may fall and keep the
    tier; None: :attr:`Parameters.keep_margin` decides.
    """

    key: int
    limit: float
    keep_limit: float | None = None


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """One version of the rules.

    Days are calendar days, shares are 0..1 unless said otherwise, money is in company
    currency.

    :raises RuleError: when the rules contradict themselves.
    """

    policy: int
    tiers: tuple[TierLimit, ...]  # the best first
    unrated_key: int

    window_months: int = 12
    components: tuple[Component, ...] = DEFAULT_COMPONENTS
    customers_per_bin: int = 10

    value_metric: str = "revenue"
    tier_method: str = "top_percent"
    min_orders: int = 2
    min_tenure_days: int = 30
    min_customers: int = 10
    keep_margin: float = 0.10
    grace_days: int = 30
    one_step_down: bool = False
    limit_tolerance: float = 0.20
    tier_ties: str = "out"
    count_archived: bool = False
    share_of: str = "buyers"
    no_value_rule: str = "limits"
    no_value_key: int = 0  # the tier of their own, where the rule gives one

    shrinkage: float = 2
    min_gap_days: float = 1

    new_days: int = 30
    loyal_orders: int = 5
    loyal_tenure_days: int = 180
    at_risk_ratio: float = 1.5
    dormant_ratio: float = 3
    lost_ratio: float = 6
    dormant_min_days: int = 30
    lost_min_days: int = 60
    won_back_days: int = 90

    decline_growth: float = -0.33
    refund_share: float = 0.20
    growth_min_orders: int = 3
    risk_overdue: float = 2
    risk_far_overdue: float = 4
    risk_declining: float = 2
    risk_refunds: float = 1
    complaints_from: int = 2
    dissatisfied_below: float = 50
    satisfaction_min_count: int = 2
    silent_ratio: float = 2
    risk_complaints: float = 2
    risk_dissatisfied: float = 2
    risk_silent: float = 1
    interested_by_enquiry: bool = True
    risk_medium_from: float = 2
    risk_high_from: float = 4
    # Where predictions are proved, the risk goes by them instead of by points: limits
    # of the probability of a purchase.
    risk_by_predictions: bool = True
    risk_medium_below: float = 0.7
    risk_high_below: float = 0.4

    segments: tuple[segments.Segment, ...] = ()

    currency_digits: int = 2
    # Rules for counting purchases, as the caller's values: compared, not interpreted.
    documents: tuple = ()
    # {other version: {its tier: tier here of which it is remembered}}
    remembers: Mapping[int, Mapping[int, int]] = field(
        default_factory=dict, compare=False
    )

    def __post_init__(self):
        object.__setattr__(self, "tiers", tuple(self.tiers))
        components = sorted(self.components, key=_place)
        object.__setattr__(self, "components", tuple(components))
        rules.check(self)
        segments.check(self.segments)

    @property
    def weights(self) -> dict[str, float]:
        """``{metric: weight}`` of the components."""
        return {item.metric: item.weight for item in self.components}

    @property
    def is_ranked(self) -> bool:
        """Return whether tiers are shares of the buyers, not fixed limits."""
        return self.tier_method == "top_percent"

    @property
    def tier_keys(self) -> tuple[int, ...]:
        """Keys of the tiers, the best first; the last one takes the rest."""
        keys = tuple(tier.key for tier in self.tiers)
        return (*keys, self.no_value_key) if self.has_no_value_tier else keys

    @property
    def has_no_value_tier(self) -> bool:
        """Return whether a lowest tier takes the values of 0 and less."""
        return self.no_value_rule == "own"

    @property
    def value_digits(self) -> int:
        """Return the decimals of the values that decide tiers.

        A score has one.
        """
        return 1 if self.value_metric == "score" else self.currency_digits

    @property
    def reads_feedback(self) -> bool:
        """Return whether complaints or answers of customers decide anything."""
        by_signals = self.risk_complaints > 0 or self.risk_dissatisfied > 0
        return by_signals or "satisfaction" in self.weights

    @property
    def reads_interactions(self) -> bool:
        """Return whether interactions with customers decide anything."""
        return self.risk_silent > 0 or "interactions" in self.weights

    @property
    def reads_heard(self) -> bool:
        """Return whether anything decides but purchases and what is open."""
        reads = self.reads_feedback or self.reads_interactions
        return reads or self.interested_by_enquiry

    def reads_no_more_than(self, other: Parameters) -> bool:
        """Return whether facts read for other rules have all that these need."""
        names = ("reads_feedback", "reads_interactions", "interested_by_enquiry")
        return all(getattr(self, name) <= getattr(other, name) for name in names)

    def before_start(self, as_of: datetime.date) -> datetime.date:
        """First day of the window before the one that ends with ``as_of``."""
        return self.window_start(self.window_start(as_of) - datetime.timedelta(1))

    def window_start(self, as_of: datetime.date) -> datetime.date:
        """First day of the window that ends with ``as_of``.

        The day after the one ``window_months`` months back; where that month is
        shorter, after its last day (12 months to 2024-02-29 begin on 2023-03-01).
        """
        return _months_back(as_of, self.window_months) + datetime.timedelta(1)

    def half_start(self, as_of: datetime.date) -> datetime.date:
        """First day of the recent half of the window; half a month is 15 days."""
        months, half_months = divmod(self.window_months, 2)
        start = _months_back(as_of, months)
        return start + datetime.timedelta(1 - 15 * half_months)


@dataclass(frozen=True)
class Edges:
    """Limits found in a population.

    They are kept so that a run over some customers gives the same as a run over all.

    ``recency`` (days), ``frequency`` (orders) and ``monetary`` (money) are the inner
    thresholds, rising, ``extras`` those of the other metrics by name; ``tier_limits``
    maps the key of a tier to the value from which it begins, ``keep_limits`` to the
    value down to which it is kept; both are empty with too few buyers. ``limits_found``
    maps it to the day on which that limit was found, and among how many buyers; a limit
    from before days were kept has none. The last tier takes the rest and has no limit.
    ``frozen`` has the keys of the tiers whose limits somebody keeps on purpose,
    ``frozen_since`` the day since which, as ISO text.
    """

    recency: tuple[float, ...] = ()
    frequency: tuple[float, ...] = ()
    monetary: tuple[float, ...] = ()
    population_gap_days: int = 30
    tier_limits: Mapping[int, float] = field(default_factory=dict)
    buyer_count: int = 0
    extras: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    keep_limits: Mapping[int, float] = field(default_factory=dict)
    limits_found: Mapping[int, tuple[str, int]] = field(
        default_factory=dict, compare=False
    )
    frozen: tuple[int, ...] = ()
    frozen_since: str = ""

    def thresholds(self, metric: str) -> tuple[float, ...]:
        """Return the inner thresholds of a metric, rising; none if unknown."""
        if metric in METRICS:
            return getattr(self, metric)
        return self.extras.get(metric, ())

    @property
    def bins(self) -> dict[str, int]:
        """Return the actual number of bins of each metric."""
        return {
            metric: len(self.thresholds(metric)) + 1
            for metric in (*METRICS, *self.extras)
        }

    def to_json(self) -> dict:
        """Values that any JSON store takes: no tuples, no infinity, text keys."""
        return {
            **{metric: list(self.thresholds(metric)) for metric in self.bins},
            "bins": self.bins,
            "population_gap_days": self.population_gap_days,
            "tier_limits": _limits_to_json(self.tier_limits),
            "keep_limits": _limits_to_json(self.keep_limits),
            "limits_found": {str(k): list(v) for k, v in self.limits_found.items()},
            "buyer_count": self.buyer_count,
            **self._frozen_to_json(),
        }

    def _frozen_to_json(self):
        if not self.frozen:
            return {}
        return {"frozen": list(self.frozen), "frozen_since": self.frozen_since}

    @classmethod
    def from_json(cls, values: Mapping) -> Edges:
        """Return edges from JSON; the inverse of :meth:`to_json`.

        Edges of older releases lack extra metrics, keep limits and days, and may have a
        limit of the last tier.
        """
        return cls(
            **{metric: tuple(values[metric]) for metric in METRICS},
            population_gap_days=values["population_gap_days"],
            tier_limits=_limits_from_json(values["tier_limits"]),
            buyer_count=values["buyer_count"],
            extras={
                metric: tuple(values[metric])
                for metric in EXTRA_METRICS
                if metric in values
            },
            keep_limits=_limits_from_json(values.get("keep_limits", {})),
            limits_found={
                int(key): (day, buyers)
                for key, (day, buyers) in values.get("limits_found", {}).items()
            },
            frozen=tuple(values.get("frozen", ())),
            frozen_since=values.get("frozen_since", ""),
        )

    def replace(self, **values) -> Edges:
        """A copy with other values."""
        return replace(self, **values)


def _months_back(day: datetime.date, months: int) -> datetime.date:
    """The same day of an earlier month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(day.day, last))


def _place(component):
    """Place among the components; an unknown metric goes last, to be refused."""
    known = component.metric in SCORED_METRICS
    return SCORED_METRICS.index(component.metric) if known else len(SCORED_METRICS)


def _limits_to_json(limits):
    return {
        str(key): limit if math.isfinite(limit) else None
        for key, limit in limits.items()
    }


def _limits_from_json(values):
    return {
        int(key): -math.inf if limit is None else limit for key, limit in values.items()
    }
