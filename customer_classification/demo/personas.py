"""Purchase patterns of the demo customers, before they are in Odoo.

Plain Python. Chance comes from one seed, so that the same day gives the same
customers; all days are counted back from that day, so that the demo never grows old.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from .words import Namer

SEED = 2019
HISTORY_DAYS = 790
# {country: weight} of the customers of the first and of the second company
COUNTRY_WEIGHTS = (
    {"us": 72, "ca": 14, "gb": 8, "mx": 6},
    {"de": 32, "fr": 22, "nl": 22, "it": 13, "es": 11},
)
# How much each product is asked for, in the order of the demo: a few make most of it.
POPULARITY = (12, 10, 1.2, 6, 1.5, 3, 2, 0.8, 5, 2.5, 1, 0.6, 0, 0)
DECAF, SINGLE_ORIGIN, GREEN_TEA, CHOCOLATE, SYRUP, GIFT_BOX = 2, 3, 4, 6, 7, 10
GRINDER, INSTALLATION, TRAINING = 11, 12, 13
# Share of grinder buyers who take a service with it.
SERVICE_SHARES = {INSTALLATION: 0.6, TRAINING: 0.25}


@dataclass(frozen=True)
class Purchase:
    """A purchase on a day, at list prices.

    ``company`` is 0 for the first company and 1 for the second one.
    """

    day: date
    amount: float
    company: int


@dataclass(frozen=True)
class Persona:
    """A way of buying.

    :ivar counts: customers of this kind in the first and the second company
    :ivar level: lowest and highest usual amount of a purchase
    :ivar days: ``(rng, today) -> [(days ago, factor on the amount)]``
    :ivar person_share: how many are private persons, 0..1
    """

    code: str
    counts: tuple[int, int]
    level: tuple[float, float] = (0, 0)
    days: Callable = lambda rng, today: []
    person_share: float = 0.2


@dataclass
class Customer:
    """A customer with all purchases.

    ``company`` is where most of them are made.
    """

    persona: str
    company: int
    country: str
    city: str
    name: str
    is_person: bool
    contacts: list[str] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)
    is_shared: bool = False
    pays_foreign: bool = False
    archived: bool = False


# Ways of buying: [(days ago, factor on the amount)], the oldest first


def _rhythm(rng, start, end, gap):
    """Return purchases about every ``gap`` days.

    The last one is exactly ``end`` days ago.
    """
    days, day = [], end
    while day <= start:
        days.append((round(day), 1))
        day += gap * rng.uniform(0.75, 1.25)
    return days[::-1]


def _vip(rng, today):
    start = rng.randint(480, HISTORY_DAYS)
    return _rhythm(rng, start, rng.randint(1, 5), rng.uniform(7, 10))


def _loyal(rng, today):
    start = rng.randint(400, HISTORY_DAYS)
    return _rhythm(rng, start, rng.randint(2, 22), rng.uniform(25, 36))


def _seasonal(rng, today):
    """Before the summer and before the end of the year."""
    ages = range(2, HISTORY_DAYS)
    season = [age for age in ages if (today - timedelta(age)).month in (6, 11, 12)]
    chosen = sorted(rng.sample(season, min(len(season), rng.randint(8, 12))))
    return [(age, rng.uniform(0.8, 1.5)) for age in chosen[::-1]]


def _occasional(rng, today):
    start = rng.randint(200, 700)
    return _rhythm(rng, start, rng.randint(4, 80), rng.uniform(70, 150))


def _one_time(rng, today):
    return [(rng.randint(35, HISTORY_DAYS), 1)]


def _new(rng, today):
    ages = rng.sample(range(1, 25), rng.randint(1, 3))
    return [(age, 1) for age in sorted(ages, reverse=True)]


def _growing(rng, today):
    """More often and more each time."""
    days, age, gap, factor = [], rng.randint(180, 240), 34, 0.4
    while age > 1:
        days.append((round(age), factor))
        age -= gap * rng.uniform(0.9, 1.1)
        gap, factor = max(9, gap * 0.87), factor * 1.1
    return days


def _won_back(rng, today):
    """A regular customer, silent for months, who bought again."""
    pause = rng.randint(260, 330)
    days = _rhythm(rng, rng.randint(600, HISTORY_DAYS), pause, rng.uniform(25, 35))
    return [*days, (rng.randint(3, 50), 0.8)]


def _dormant(rng, today):
    gap = rng.uniform(20, 32)
    last = round(gap * rng.uniform(4.2, 5.5))
    return _rhythm(rng, last + 13 * gap, last, gap)


def _lost(rng, today):
    gap, last = rng.uniform(25, 42), rng.randint(320, 480)
    return _rhythm(rng, min(HISTORY_DAYS, last + 8 * gap), last, gap)


def _declining(rng, today):
    """Less often and less each time; every second one is late besides."""
    last = rng.choice((rng.randint(2, 14), rng.randint(42, 48)))
    before = _rhythm(rng, rng.randint(480, 760), 200, rng.uniform(14, 19))
    recent = _rhythm(rng, 180, last, rng.uniform(27, 34))
    return before + [(age, 0.45) for age, __ in recent]


def _overdue(rng, today):
    gap = rng.uniform(28, 34)
    return _rhythm(rng, rng.randint(420, 700), round(2.1 * gap), gap)


def _refunding(rng, today):
    start = rng.randint(330, 600)
    return _rhythm(rng, start, rng.randint(2, 18), rng.uniform(22, 30))


def _web_shop(rng, today):
    start = rng.randint(60, 600)
    return _rhythm(rng, start, rng.randint(2, 45), rng.uniform(35, 90))


def _thrifty(rng, today):
    """Often, and next to nothing each time."""
    start = rng.randint(400, 600)
    return _rhythm(rng, start, rng.randint(2, 9), rng.uniform(20, 26))


def _wavering(rng, today):
    """Some purchases half a year ago and before, and a small one lately."""
    ages = sorted(rng.sample(range(190, 341, 10), rng.randint(4, 5)), reverse=True)
    return [*((age, 1) for age in ages), (rng.randint(22, 36), 0.6)]


def _tasting(rng, today):
    """Three purchases within a week, a month ago, and none since."""
    last = rng.randint(29, 37)
    return [(last + 6, 1), (last + 3, 1), (last, 1)]


def _left(rng, today):
    """Return purchases that ended a quarter before those of dormant ones."""
    gap, last = rng.uniform(20, 32), rng.randint(190, 250)
    return _rhythm(rng, last + 8 * gap, last, gap)


PERSONAS = (
    Persona("vip", (6, 3), (1600, 4200), _vip, 0),
    Persona("loyal", (26, 10), (260, 1100), _loyal, 0.05),
    Persona("seasonal", (18, 7), (300, 900), _seasonal, 0.1),
    Persona("occasional", (42, 16), (90, 480), _occasional, 0.3),
    Persona("one_time", (34, 12), (50, 600), _one_time, 0.5),
    Persona("new", (14, 6), (80, 700), _new, 0.25),
    Persona("growing", (8, 4), (300, 900), _growing, 0),
    Persona("won_back", (9, 4), (200, 800), _won_back, 0.1),
    Persona("dormant", (13, 6), (200, 900), _dormant, 0.1),
    Persona("lost", (24, 9), (120, 700), _lost, 0.2),
    Persona("declining", (10, 5), (300, 1100), _declining, 0),
    Persona("overdue", (7, 3), (300, 900), _overdue, 0),
    Persona("refunding", (6, 3), (250, 700), _refunding, 0.1),
    Persona("web_shop", (24, 8), (25, 160), _web_shop, 1),
    Persona("prospect", (26, 12)),
    Persona("interested", (16, 8)),
    # The last ones: chance would give all others other purchases behind new ones.
    Persona("thrifty", (4, 3), (6, 9), _thrifty, 0.5),
    Persona("wavering", (8, 8), (200, 800), _wavering, 0.1),
    Persona("tasting", (7, 6), (80, 400), _tasting, 0.1),
    Persona("left", (28, 6), (120, 700), _left, 0.2),
)


# Customers


def plan(today):
    """All demo customers as of a day.

    :param today: the day from which everything is counted back
    """
    rng = random.Random(SEED)
    namer = Namer(rng)
    return [
        _customer(rng, namer, persona, company, number, today)
        for persona in PERSONAS
        for company, count in enumerate(persona.counts)
        for number in range(count)
    ]


def _customer(rng, namer, persona, company, number, today):
    weights = COUNTRY_WEIGHTS[company]
    [country] = rng.choices(list(weights), list(weights.values()))
    is_person = rng.random() < persona.person_share
    customer = Customer(
        persona=persona.code,
        company=company,
        country=country,
        city=namer.city(country),
        name=namer.person(country) if is_person else namer.business(country),
        is_person=is_person,
        is_shared=persona.code in ("vip", "loyal", "occasional") and number % 6 == 2,
        pays_foreign=persona.code != "vip" and rng.random() < 0.12,
        archived=persona.code in ("lost", "one_time") and number % 8 == 4,
    )
    if not is_person:
        customer.contacts = [namer.person(country) for __ in range(rng.randint(0, 2))]
    customer.purchases = _purchases(rng, persona, customer, today)
    return customer


def _purchases(rng, persona, customer, today):
    """Return the purchases of a customer, the oldest first.

    Shared customers also buy now and then from the other company.
    """
    level = rng.uniform(*persona.level)
    purchases = {}
    for age, factor in persona.days(rng, today):
        day = _working_day(today - timedelta(age))
        amount = level * factor * _season(day) * rng.lognormvariate(0, 0.3)
        company = customer.company
        if customer.is_shared and rng.random() < 0.25:
            company = 1 - company
        purchases[day] = Purchase(day, round(amount, 2), company)
    return list(purchases.values())


def _working_day(day):
    """The day itself, or the Friday before a weekend."""
    return day - timedelta(max(0, day.weekday() - 4))


def _season(day):
    """People drink and give more coffee when it is cold."""
    return {7: 0.85, 8: 0.8, 11: 1.1, 12: 1.3}.get(day.month, 1)


def popularity(day, today):
    """Return the demand for each product on a day.

    One is new, one is discontinued, one rises, one falls, two have their season. On any
    day, that makes products of every stage of the sales lifecycle.
    """
    ago = (today - day).days
    part = min(1, ago / HISTORY_DAYS)
    changed = {
        DECAF: 0 if ago < 400 else 1,
        SINGLE_ORIGIN: 1 if ago < 110 else 0,
        GREEN_TEA: 0.05 + 3 * (1 - part) ** 2,
        SYRUP: 0.2 + 2.6 * part,
        CHOCOLATE: {11: 2, 12: 3, 1: 3, 2: 2}.get(day.month, 0.5),
        GIFT_BOX: {11: 6, 12: 9}.get(day.month, 0.2),
    }
    return [weight * changed.get(place, 1) for place, weight in enumerate(POPULARITY)]


def basket(rng, prices, amount, weights):
    """Positions and quantities of products that together cost about an amount.

    :param prices: the prices of the products
    :param weights: how much each is asked for
    :return: list of ``(position in prices, quantity)``, each product once
    """
    affordable = [
        place
        for place, price in enumerate(prices)
        if price <= amount and weights[place]
    ]
    if not affordable:
        return [(prices.index(min(prices)), 1)]
    # Without putting back: the largest of powers of chance (Efraimidis, Spirakis 2006).
    keys = {place: rng.random() ** (1 / weights[place]) for place in affordable}
    count = rng.choice((1, 2, 2, 3, 4))
    chosen = sorted(keys, key=keys.get, reverse=True)[:count]
    share = amount / len(chosen)
    lines = [(place, max(1, round(share / prices[place]))) for place in sorted(chosen)]
    if GRINDER not in chosen:
        return lines
    return lines + [
        (place, 1) for place, part in SERVICE_SHARES.items() if rng.random() < part
    ]
