"""What a policy says: every constant of the calculation, and the limits it found."""

from __future__ import annotations

import calendar
import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from .columns import METRICS

VALUE_METRICS = ("revenue", "margin", "score")
TIER_METHODS = ("top_percent", "limit")
MAX_BINS = 10


@dataclass(frozen=True)
class TierLimit:
    """A value tier and where it begins.

    ``limit`` is the top share of the buyers in percent (5 = the best 5 %) or the
    lowest value, as :attr:`Parameters.tier_method` says. The last tier takes the
    rest, whatever its limit.
    """

    key: int
    limit: float


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """One version of the rules. Days are calendar days, shares are 0..1 unless said
    otherwise, money is in company currency.

    :raises ValueError: with a sentence for people when the rules contradict
        themselves.
    """

    policy: int
    tiers: tuple[TierLimit, ...]  # the best first
    unrated_key: int

    window_months: int = 12
    bins: int = 5
    customers_per_bin: int = 10
    fixed_edges: Mapping[str, tuple[float, ...]] | None = None
    weight_recency: float = 0.2
    weight_frequency: float = 0.3
    weight_monetary: float = 0.5

    value_metric: str = "revenue"
    tier_method: str = "top_percent"
    min_orders: int = 2
    min_tenure_days: int = 30
    min_customers: int = 10
    keep_margin: float = 0.10
    grace_days: int = 30
    one_step_down: bool = False

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
    risk_medium_from: float = 2
    risk_high_from: float = 4

    currency_digits: int = 2

    def __post_init__(self):
        _freeze_edges(self)
        for check in (
            _check_numbers,
            _check_window_and_bins,
            _check_weights,
            _check_fixed_edges,
            _check_tiers,
            _check_demotion,
            _check_lifecycle,
            _check_risk,
        ):
            check(self)

    @property
    def weights(self) -> tuple[float, float, float]:
        """Weights of recency, frequency and monetary value, in this order."""
        return self.weight_recency, self.weight_frequency, self.weight_monetary

    @property
    def is_ranked(self) -> bool:
        """Whether tiers are shares of the buyers, not fixed limits."""
        return self.tier_method == "top_percent"

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
    """Limits found in a population, kept so that a run over some customers gives
    what a run over all gives.

    ``recency`` (days), ``frequency`` (orders) and ``monetary`` (money) are the inner
    thresholds, rising; ``tier_limits`` maps the key of a tier to the value from which
    it begins and is empty when there were too few buyers to tell.
    """

    recency: tuple[float, ...] = ()
    frequency: tuple[float, ...] = ()
    monetary: tuple[float, ...] = ()
    population_gap_days: int = 30
    tier_limits: Mapping[int, float] = field(default_factory=dict)
    buyer_count: int = 0

    @property
    def bins(self) -> dict[str, int]:
        """How many bins each metric really has."""
        return {metric: len(getattr(self, metric)) + 1 for metric in METRICS}

    def to_json(self) -> dict:
        """Values that any JSON store takes: no tuples, no infinity, text keys."""
        return {
            **{metric: list(getattr(self, metric)) for metric in METRICS},
            "bins": self.bins,
            "population_gap_days": self.population_gap_days,
            "tier_limits": {
                str(key): limit if math.isfinite(limit) else None
                for key, limit in self.tier_limits.items()
            },
            "buyer_count": self.buyer_count,
        }

    @classmethod
    def from_json(cls, values: Mapping) -> Edges:
        """The inverse of :meth:`to_json`; only a lowest tier has no limit."""
        return cls(
            **{metric: tuple(values[metric]) for metric in METRICS},
            population_gap_days=values["population_gap_days"],
            tier_limits={
                int(key): -math.inf if limit is None else limit
                for key, limit in values["tier_limits"].items()
            },
            buyer_count=values["buyer_count"],
        )

    def replace(self, **values) -> Edges:
        """A copy with other values."""
        return replace(self, **values)


def _months_back(day: datetime.date, months: int) -> datetime.date:
    """The same day of an earlier month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(day.day, last))


def _freeze_edges(parameters):
    edges = {
        metric: tuple(float(edge) for edge in values)
        for metric, values in (parameters.fixed_edges or {}).items()
    }
    object.__setattr__(parameters, "fixed_edges", edges)
    object.__setattr__(parameters, "tiers", tuple(parameters.tiers))


def _require(condition, sentence):
    if not condition:
        raise ValueError(sentence)


def _check_numbers(parameters):
    """No number but a tier's limit may be infinite; none may be unknown."""
    for item in fields(parameters):
        value = getattr(parameters, item.name)
        if isinstance(value, int | float):
            _require(math.isfinite(value), f"{item.name} must be a finite number.")


def _check_window_and_bins(parameters):
    _require(parameters.window_months >= 1, "The window needs at least one month.")
    _require(3 <= parameters.bins <= MAX_BINS, f"The scores need 3 to {MAX_BINS} bins.")
    _require(parameters.customers_per_bin >= 1, "A bin needs at least one customer.")
    _require(
        0 <= parameters.currency_digits <= 6,
        "The currency needs 0 to 6 decimal digits.",
    )


def _check_weights(parameters):
    _require(min(parameters.weights) >= 0, "A weight of a score cannot be negative.")
    _require(sum(parameters.weights) > 0, "At least one score needs a weight.")


def _check_fixed_edges(parameters):
    for metric, edges in parameters.fixed_edges.items():
        _require(metric in METRICS, f"There is no score of the name {metric}.")
        _require(
            len(edges) < MAX_BINS, f"The fixed limits of {metric} make too many bins."
        )
        _require(
            all(map(math.isfinite, edges)),
            f"The fixed limits of {metric} must be finite numbers.",
        )
        _require(
            _is_rising(edges),
            f"The fixed limits of {metric} must rise, each above the last.",
        )


def _is_rising(values):
    return all(low < high for low, high in zip(values, values[1:], strict=False))


def _check_tiers(parameters):
    _require(
        parameters.value_metric in VALUE_METRICS,
        f"The value is one of {', '.join(VALUE_METRICS)}.",
    )
    _require(
        parameters.tier_method in TIER_METHODS,
        f"The tiers are found by one of {', '.join(TIER_METHODS)}.",
    )
    keys = [tier.key for tier in parameters.tiers]
    _require(keys, "There must be at least one value tier.")
    _require(0 not in [*keys, parameters.unrated_key], "A tier's key cannot be 0.")
    _require(len({*keys}) == len(keys), "A value tier is listed twice.")
    _require(
        parameters.unrated_key not in keys,
        "The tier of customers who are not rated cannot have a limit.",
    )
    _check_limits(parameters)


def _check_limits(parameters):
    limits = [tier.limit for tier in parameters.tiers]
    _require(not any(map(math.isnan, limits)), "A tier's limit must be a number.")
    if parameters.is_ranked:
        _require(
            all(0 < limit <= 100 for limit in limits),
            "A tier's top share must be above 0 and at most 100 percent.",
        )
        _require(_is_rising(limits), "Lower tiers need larger top shares.")
    else:
        _require(
            all(map(math.isfinite, limits[:-1])) and limits[-1] < math.inf,
            "Only the lowest tier can be without a limit.",
        )
        _require(_is_rising(limits[::-1]), "Lower tiers need lower limits.")


def _check_demotion(parameters):
    _require(
        0 <= parameters.keep_margin <= 1,
        "The margin by which a tier is kept must be from 0 to 1.",
    )
    for name in ("grace_days", "min_orders", "min_tenure_days", "min_customers"):
        _require(getattr(parameters, name) >= 0, f"{name} cannot be negative.")


def _check_lifecycle(parameters):
    _require(parameters.min_gap_days > 0, "The shortest gap must be above 0 days.")
    for name in ("shrinkage", "new_days", "loyal_orders", "loyal_tenure_days"):
        _require(getattr(parameters, name) >= 0, f"{name} cannot be negative.")
    for name in ("dormant_min_days", "won_back_days"):
        _require(getattr(parameters, name) >= 0, f"{name} cannot be negative.")
    _require(
        0 < parameters.at_risk_ratio <= parameters.dormant_ratio,
        "The ratio for at risk must be above 0 and not above the one for dormant.",
    )
    _require(
        parameters.dormant_ratio <= parameters.lost_ratio
        and parameters.dormant_min_days <= parameters.lost_min_days,
        "A customer cannot be lost before being dormant.",
    )


def _check_risk(parameters):
    _require(
        -1 <= parameters.decline_growth <= 1, "The growth of decline is from -1 to 1."
    )
    _require(
        parameters.refund_share > 0, "The share of refunds that counts must be above 0."
    )
    _require(parameters.growth_min_orders >= 1, "Growth needs at least one order.")
    _require(
        0 < parameters.risk_medium_from <= parameters.risk_high_from,
        "High risk cannot begin below medium risk.",
    )
