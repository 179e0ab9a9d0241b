"""Purchases to come, by the counts and days of those so far (MBG/NBD).

Customers buy at rates of their own (gamma distributed), and after each purchase leave
with a chance of their own (beta distributed). In BG/NBD nobody leaves after the first
purchase, so that whoever bought once is alive for certain; MBG/NBD lets them.

*Data*: ``x`` repeat purchase days, ``t_x`` days from the first to the last purchase,
``age`` days from the first purchase until today.

Sources: Batislam, Denizel, Filiztekin, International Journal of Research in Marketing
24 (2007) 201–209; Fader, Hardie, Lee, Marketing Science 24 (2005) 275–284; Platzer,
Reutterer, Marketing Science 35 (2016) 779–799, for the expected number of purchases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..common.lazy import np
from ..common.minimise import minimise
from ..common.special import hypergeometric

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Days are counted in units in which the longest age is this.
SPAN = 10.0
# Where the parameters tend to without data (r, alpha, a, b), and how much: the
# likelihood of customers who buy regularly has no maximum. docs/science.md §11.
CENTRE = (0.5, 1.0, 0.5, 1.5)
RIDGE = 0.1
# Beyond these limits the rates of all customers are the same, or nobody ever leaves:
# the likelihood is flat, and its parameters mean nothing.
LOWEST, HIGHEST = 1e-5, 1e6
# Groups of equal numbers above which days are put together, seven or more.
MOST_GROUPS = 50_000


class Groups(NamedTuple):
    """Customers of equal numbers, and how many they are."""

    x: NDArray
    t_x: NDArray
    age: NDArray
    size: NDArray


@dataclass(frozen=True)
class MbgNbd:
    """Fitted parameters; ``alpha`` is in days.

    ``leaves_at_first``: whether a customer can leave after the first purchase, as in
    MBG/NBD; not so in BG/NBD.
    """

    r: float
    alpha: float
    a: float
    b: float
    leaves_at_first: bool = True

    @property
    def parameters(self) -> tuple[float, float, float, float]:
        """The four parameters."""
        return self.r, self.alpha, self.a, self.b

    def alive(self, x: NDArray, t_x: NDArray, age: NDArray) -> NDArray:
        """Probability that a customer has not left."""
        chances = x + self.leaves_at_first
        silence = np.log1p((age - t_x) / (self.alpha + t_x))
        odds = self.a / np.maximum(self.b + chances - 1, 1e-300)
        with np.errstate(over="ignore"):
            left = odds * np.exp((self.r + x) * silence)
        return np.where(chances > 0, 1 / (1 + left), 1.0)

    def active(self, x: NDArray, t_x: NDArray, age: NDArray, horizon: float) -> NDArray:
        """Probability of a purchase within a horizon."""
        wait = np.log1p(horizon / (self.alpha + age))
        return self.alive(x, t_x, age) * -np.expm1(-(self.r + x) * wait)

    def expected(self, x: NDArray, t_x: NDArray, age: NDArray, horizon: float):
        """Expected number of purchases within a horizon."""
        return self.alive(x, t_x, age) * self._expected_if_alive(x, age, horizon)

    def _expected_if_alive(self, x, age, horizon):
        """Number of purchases of customers who have not left.

        The published formula, or Euler's transformation of it, whichever has terms that
        neither overflow nor cancel each other.
        """
        a = self.a + (1e-6 if abs(self.a - 1) < 1e-6 else 0)  # a - 1 is a divisor
        many, whole = self.r + x, a + self.b + x + self.leaves_at_first - 1
        z = horizon / (self.alpha + age + horizon)
        turned = (whole > many) & (a - 1 < many)
        series = hypergeometric(
            np.where(turned, whole - many, many),
            np.where(turned, a - 1, whole - a + 1),
            whole,
            z,
        )
        power = np.where(turned, a - 1, many)
        return whole / (a - 1) * (1 - np.exp(power * np.log1p(-z)) * series)


def group(x: NDArray, t_x: NDArray, age: NDArray) -> Groups:
    """Put customers with equal numbers together.

    Where there are too many different ones, days count in sevens, or more: 160,000
    groups instead of 456,000 move the parameters by less than half a percent.
    """
    days = 1
    while True:
        # Up, so that who bought again keeps some days to have done so.
        groups = _grouped(x, *(np.ceil(each / days) for each in (t_x, age)), days)
        if len(groups.size) <= MOST_GROUPS or days > 365:
            return groups
        days *= 7 if days == 1 else 2


def _grouped(x, t_x, age, days):
    base = int(age.max()) + 1 if len(age) else 1
    keys = (x.astype("int64") * base + t_x.astype("int64")) * base
    keys, size = np.unique(keys + age.astype("int64"), return_counts=True)
    rest, age = np.divmod(keys, base)
    x, t_x = np.divmod(rest, base)
    columns = (x, _middle(t_x, days), _middle(age, days), size)
    return Groups(*(column.astype("float64") for column in columns))


def _middle(number, days):
    """Return the middle of each group of days: of days alone, the day itself."""
    return np.where(number > 0, number * days - (days - 1) / 2, 0)


def fit(
    groups: Groups, ridge: float = RIDGE, leaves_at_first: bool = True
) -> MbgNbd | None:
    """Return the likeliest parameters; None where they mean nothing.

    :param ridge: how much the logarithms of the parameters are held to ``CENTRE``; 0
        for the published estimates
    """
    if not len(groups.size) or not groups.age.max() > 0:
        return None
    unit = SPAN / groups.age.max()
    scaled = groups._replace(t_x=groups.t_x * unit, age=groups.age * unit)
    likelihood = _Likelihood(scaled, leaves_at_first)
    centre = np.log(np.array(CENTRE))

    def loss(logs):
        parameters = np.exp(np.clip(logs, -30, 30))
        value, slope = likelihood(parameters)
        away = logs - centre
        return ridge * (away @ away) - value, 2 * ridge * away - slope * parameters

    best = minimise(loss, centre)
    values = np.exp(np.clip(best.place, -30, 30))
    if not best.is_found or not ((values > LOWEST) & (values < HIGHEST)).all():
        return None
    r, alpha, a, b = values.tolist()
    return MbgNbd(r, alpha / float(unit), a, b, leaves_at_first)


def log_likelihood(model: MbgNbd, groups: Groups) -> float:
    """Return the log-likelihood of the numbers, in the given unit of days."""
    found, __ = _Likelihood(groups, model.leaves_at_first)(np.array(model.parameters))
    return float(found)


class _Likelihood:
    """Log-likelihood and its gradient.

    Most of it depends on the number of purchases alone, of which there are few
    different ones; only some logarithms are taken for each group.
    """

    def __init__(self, groups, leaves_at_first):
        self.groups = groups
        self.counts, self.place = np.unique(groups.x, return_inverse=True)
        self.customers = np.bincount(self.place, groups.size)
        self.chances = self.counts + leaves_at_first

    def __call__(self, parameters):
        r, alpha, a, b = (np.float64(value) for value in parameters)
        by_count, slope = self._by_count(r, a, b)
        (x, t_x, age, size), chances = self.groups, self.chances[self.place]
        stayed = np.log(alpha + age)
        went = np.log(alpha + t_x)
        can_leave = chances > 0
        divisor = np.where(can_leave, b + chances - 1, 1.0)
        # Odds of having left after the last purchase to being there still.
        odds = np.log(a / divisor) + (r + x) * (stayed - went)
        odds = np.where(can_leave, odds, -np.inf)
        value = np.logaddexp(0, odds) - (r + x) * stayed
        left = np.where(can_leave, 1 / (1 + np.exp(-np.clip(odds, -700, 700))), 0)
        here = 1 - left
        slope += np.array(
            [
                -(size * (here * stayed + left * went)).sum(),
                -(size * (r + x) * (here / (alpha + age) + left / (alpha + t_x))).sum(),
                (size * left).sum() / a,
                -(size * left / divisor).sum(),
            ]
        )
        total = size.sum()
        slope += np.array([np.log(alpha) * total, r / alpha * total, 0, 0])
        value = (size * value).sum() + by_count + r * np.log(alpha) * total
        return value, slope

    def _by_count(self, r, a, b):
        """Return the terms that depend on the purchase count, and their slope.

        Quotients of gamma functions whose arguments differ by whole numbers, as sums:
        differences of large logarithms would be dust where a and b are large.
        """
        k = np.arange(self.chances.max(initial=0))
        stays = -np.log1p(a / (b + k))
        value = self._up_to(self.counts, np.log(r + k))
        value += self._up_to(self.chances, stays)
        slope = [
            self._up_to(self.counts, 1 / (r + k)),
            0.0,
            -self._up_to(self.chances, 1 / (a + b + k)),
            self._up_to(self.chances, a / ((b + k) * (a + b + k))),
        ]
        return value, np.array(slope, "float64")

    def _up_to(self, numbers, terms):
        """Sum over customers of the first so many terms of each."""
        sums = np.concatenate([[0.0], np.cumsum(terms)])
        return float((self.customers * sums[numbers.astype("int64")]).sum())
