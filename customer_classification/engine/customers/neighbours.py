"""Products that the same customers buy, for a first purchase.

Two products are near each other by the share of the buyers of one who buy the other,
times the reverse (the cosine of their buyers, squared), shrunk where they are few. What
a customer has not bought yet is ranked by the sum of its nearness to what was bought.

*How it works*: both steps go over whole numbers in blocks, so that memory is bounded.
Of each product, what its buyers have is counted at once, and only the nearest ones are
kept. Customers and the products near theirs are sorted as one number each, with the
place of the nearness in it.

Sources: Sarwar, Karypis, Konstan, Riedl, "Item-based collaborative filtering
recommendation algorithms", WWW 2001; Bell, Koren, ICDM 2007, for the shrinkage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.groups import highest, sizes, slices, sorted_numbers, starts, steps, sums
from ..common.lazy import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Nearest products of each that score: beyond twenty, the sums hardly change and take
# most of the time.
NEAREST = 20
# Buyers of both by which similarities are shrunk, and the least of them.
SHRINKAGE, LEAST_BUYERS = 1.0, 2
# What nearness counts at most beside the scores of what was bought.
BESIDE = 0.2
COLUMNS = [
    "partner_id",
    "product_id",
    "score",
    "because_id",
    "both_count",
    "buyer_count",
]
# Pairs of products, or of customers and products, that are in memory at once.
_PAIRS = 100_000
# So many cells are counted as fast as one number is sorted.
_CELLS_OF_A_PAIR = 4


def nearest(
    bought: pd.DataFrame, count: int = NEAREST, may_be_near: NDArray | None = None
) -> pd.DataFrame:
    """Return the nearest products of each.

    :param bought: ``partner_id`` and ``product_id``, each pair once
    :param may_be_near: ids of the only products that may be near another one
    :returns: ``product_id``, ``other_id`` (each both ways), ``both_count`` (customers
        who have both), ``buyer_count`` (of the first) and ``similarity``; by product,
        nearest first
    """
    product, ids = _numbered(bought["product_id"].to_numpy())
    allowed = np.ones(len(ids), bool)
    if may_be_near is not None:
        allowed = np.isin(ids, may_be_near)
    baskets = _Baskets.of(bought["partner_id"].to_numpy(), product, len(ids))
    parts = [baskets.nearest(some, count, allowed) for some in baskets.blocks()]
    names = ["product_id", "other_id", "both_count", "buyer_count", "similarity"]
    empty = [np.zeros(0, kind) for kind in ("int32",) * 4 + ("float64",)]
    columns = [np.concatenate(each) for each in zip(empty, *parts, strict=True)]
    table = pd.DataFrame(dict(zip(names, columns, strict=True)), copy=False)
    for name in names[:2]:
        table[name] = ids[table[name].to_numpy()]
    return table


def _numbered(values):
    """Return the number of each value in the order of the values, and these."""
    number, values = pd.factorize(values, sort=True)
    return number.astype("int32"), np.asarray(values)


class _Baskets(NamedTuple):
    """Purchases of each customer, and the buyers of each product.

    Customers and products are numbers.
    """

    basket: NDArray  # the products of all customers, one after the other
    begin: NDArray  # of each buyer of each product, where the basket begins
    size: NDArray  # and its size
    product: NDArray  # the product of each of these buyers, in order
    buyers: NDArray  # number of buyers of each product
    first: NDArray  # of each product, its first buyer; behind the last, all of them

    @classmethod
    def of(cls, customer, product, count):
        """:param count: number of products"""
        customer = _numbered(customer)[0]
        basket = product[np.argsort(customer, kind="stable")]
        size = np.bincount(customer)
        begin = np.cumsum(size) - size
        order = np.argsort(product, kind="stable")
        customer = customer[order]
        buyers = np.bincount(product, minlength=count)
        first = np.append(0, np.cumsum(buyers))
        begin, size = begin[customer], size[customer]
        return cls(basket, begin, size, product[order], buyers, first)

    def blocks(self):
        """Yield slices of products whose pairs fit into memory."""
        pairs = np.bincount(self.product, self.size, len(self.buyers))
        return slices(pairs, _PAIRS)

    def nearest(self, some, count, allowed):
        """Return the columns of the nearest products of a block of products."""
        product, other, both = self._counted(some)
        kept = allowed[other] & (both >= LEAST_BUYERS) & (product != other)
        product, other, both = product[kept], other[kept], both[kept]
        own, others = self.buyers[product], self.buyers[other]
        shared = both.astype("float64")
        similarity = shared**2 / (own * others) * shared / (shared + SHRINKAGE)
        best = highest(product - some.start, similarity, count, other)
        both, own = both.astype("int32"), own.astype("int32")
        columns = (product, other, both, own, similarity)
        return [column[best] for column in columns]

    def _counted(self, some):
        """Return product, other product and their common buyers, for a block."""
        width = len(self.buyers)
        rows = slice(int(self.first[some.start]), int(self.first[some.stop]))
        parts = [
            _counts(
                self._pairs(rows.start + part.start, rows.start + part.stop, some),
                width * (some.stop - some.start),
            )
            for part in slices(self.size[rows], _PAIRS)
        ]
        key, both = parts[0]
        if len(parts) > 1:
            keys, numbers = (np.concatenate(each) for each in zip(*parts, strict=True))
            key, place = np.unique(keys, return_inverse=True)
            both = np.bincount(place, numbers).astype("int64")
        return some.start + key // width, key % width, both

    def _pairs(self, begin, end, some):
        """Return the products of the baskets of some buyers, each pair one number."""
        size = self.size[begin:end]
        own = (self.product[begin:end].astype("int64") - some.start) * len(self.buyers)
        place = np.repeat(self.begin[begin:end], size) + steps(size)
        return np.repeat(own, size) + self.basket[place]


def _counts(keys, cells):
    """Return the different keys, all below ``cells``, with their numbers."""
    if cells > _CELLS_OF_A_PAIR * len(keys):
        return np.unique(keys, return_counts=True)
    counts = np.bincount(keys, minlength=cells)
    found = np.flatnonzero(counts)
    return found, counts[found]


def next_products(
    habits: pd.DataFrame, near: pd.DataFrame, count: int = 10
) -> pd.DataFrame:
    """Return what customers will most likely buy next, bought before or not.

    :param habits: ``partner_id``, ``product_id`` and ``score`` of what was bought, each
        pair once: :func:`.next_products.due_score` tells the score
    :param near: as of :func:`nearest`
    :returns: ``partner_id``, ``product_id`` and ``score``; by customer, best first
    """
    keys = ["partner_id", "product_id"]
    beside = _scored(habits, near, are_new=False)[[*keys, "score"]]
    most = beside.groupby("partner_id")["score"].transform("max")
    beside = beside.assign(score=beside["score"] * BESIDE / most)
    both = pd.concat([habits[[*keys, "score"]], beside], ignore_index=True)
    both = both.groupby(keys, as_index=False)["score"].sum()
    partner, product = (_numbered(both[name].to_numpy())[0] for name in keys)
    best = highest(partner, both["score"].to_numpy(), count, product)
    return both.take(best).reset_index(drop=True)


def new_products(
    bought: pd.DataFrame, near: pd.DataFrame, count: int = 10
) -> pd.DataFrame:
    """Return what customers may buy for the first time.

    :param bought: ``partner_id`` and ``product_id``, each pair once; optionally
        ``is_liked``: False for what is known to the customer and tells nothing
    :param near: as of :func:`nearest`
    :returns: ``partner_id``, ``product_id``, ``score``, ``because_id`` (the nearest
        product that was bought), ``both_count`` and ``buyer_count`` of that pair: "18
        of 25 who buy it buy this"; by customer, best first
    """
    return _scored(bought, near, count)


def _scored(bought, near, count=None, are_new=True):
    """Return products by their nearness to what customers bought.

    :param count: products of each customer, all by default
    :param are_new: whether what was bought is left out
    """
    products = pd.Index(_numbered(bought["product_id"].to_numpy())[1])
    products = products.union(pd.Index(near["other_id"].unique()))
    customer, partners = _numbered(bought["partner_id"].to_numpy())
    rows = np.argsort(customer, kind="stable")
    customer = customer[rows]
    product = products.get_indexer(bought["product_id"]).astype("int32")[rows]
    liked = np.ones(len(customer), bool)
    if "is_liked" in bought:
        liked = bought["is_liked"].to_numpy()[rows]
    del rows
    nearness = _Nearness(near, products)
    begins = np.append(starts(customer), len(customer))
    weight = np.bincount(customer, nearness.count[product] * liked + 1)
    nobody = nearness.best(customer[:0], product[:0], liked[:0], 0, are_new)
    found = [[column] for column in nobody]
    for block in slices(weight, min(_PAIRS, nearness.most_customers)):
        some = slice(begins[block.start], begins[block.stop])
        own = customer[some] - block.start
        part = nearness.best(own, product[some], liked[some], count, are_new)
        for column, values in zip(found, part, strict=True):
            column.append(values)
        found[0][-1] += block.start
    who, what, entry, score = (np.concatenate(found.pop(0)) for __ in nobody)
    columns = (
        *(partners[who], products.to_numpy()[what], score),
        *(nearness.near[name].to_numpy()[entry] for name in _REASON),
    )
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)), copy=False)


_REASON = ("product_id", "both_count", "buyer_count")


class _Nearness:
    """The nearest products by number, for blocks of customers."""

    def __init__(self, near, products):
        near = near[near["product_id"].isin(products)]
        product = products.get_indexer(near["product_id"])
        other = products.get_indexer(near["other_id"])
        # The nearest one is the reason: of equal ones, that which comes first among
        # the neighbours of its product, and the last product of these.
        place = _places(product)
        order = np.lexsort((product, -place, near["similarity"].to_numpy()))
        self.near, product, other = near.take(order), product[order], other[order]
        self.similarity = self.near["similarity"].to_numpy()
        self.count = np.bincount(product, minlength=len(products))
        self.begin = np.cumsum(self.count) - self.count
        self.bits = len(near).bit_length()
        self.width = len(products)
        # As many as fit into one whole number.
        self.most_customers = (1 << 62) // max(1, self.width << self.bits)
        number = np.arange(len(near))
        number = (other.astype("int64") << self.bits) | number
        # What is near each product, one product after the other.
        self.codes = number[np.argsort(product, kind="stable")]

    def best(self, customer, product, liked, count, are_new):
        """Return the best products of a block of customers, and the reasons.

        :returns: customers, products, places in ``near``, and scores
        """
        key = self._candidates(customer[liked], product[liked])
        if are_new:
            # What was bought is marked by a place behind all reasons.
            bought = customer.astype("int64") * self.width + product
            mark = bought << self.bits | len(self.near)
            key = np.concatenate([key, mark])
        key = sorted_numbers(key, int(key.max(initial=0)).bit_length())
        pair, entry = key >> self.bits, key & ((1 << self.bits) - 1)
        begins = starts(pair)
        score = sums(np.append(self.similarity, 0)[entry], begins)
        reason = entry[begins + sizes(begins, len(key)) - 1]
        pair = pair[begins]
        kept = np.flatnonzero(reason < len(self.near))
        who, what = pair[kept] // self.width, pair[kept] % self.width
        score, reason = score[kept], reason[kept]
        best = slice(None) if count is None else highest(who, score, count, what)
        short = (each[best].astype("int32") for each in (who, what, reason))
        return *short, score[best]

    def _candidates(self, customer, product):
        """Return customers, the products near theirs, and by what, as one number."""
        count = self.count[product]
        place = np.repeat(self.begin[product], count) + steps(count)
        own = customer.astype("int64") * (self.width << self.bits)
        return np.repeat(own, count) + self.codes[place]


def _places(product):
    """Return which neighbour of its product each row is, from 0."""
    begins = starts(product)
    return steps(sizes(begins, len(product)))
