"""Products that the same customers buy, for a first purchase.

Two products are near each other by the share of the buyers of one who buy the other,
times the reverse (the cosine of their buyers, squared), shrunk where they are few. What
a customer has not bought yet is ranked by the sum of its nearness to what was bought.

*How it works*: products are counted by pairs once, by the database where they are many;
the nearest of each are kept, and customers are scored against them in blocks.

Sources: Sarwar, Karypis, Konstan, Riedl, "Item-based collaborative filtering
recommendation algorithms", WWW 2001; Bell, Koren, ICDM 2007, for the shrinkage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..common.lazy import np, pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAREST = 50
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
    "is_new",
]
# Pairs, and customers × products, that are in memory at once.
_PAIRS, _CELLS = 4_000_000, 8_000_000


def count_pairs(bought: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers bought both of two products.

    In memory, for some ten thousand products; a database counts more by a join.

    :param bought: ``partner_id`` and ``product_id``, in any order, also repeatedly
    :returns: ``product_id``, ``other_id``, ``both_count``: each pair once
    """
    rows = bought[["partner_id", "product_id"]].drop_duplicates()
    product, ids = pd.factorize(rows["product_id"].to_numpy(), sort=True)
    customer = pd.factorize(rows["partner_id"].to_numpy())[0]
    order = np.lexsort((product, customer))
    product, customer = product[order], customer[order]
    keys, counts = _counted(product, customer, len(ids))
    return pd.DataFrame(
        {
            "product_id": ids[keys // max(1, len(ids))],
            "other_id": ids[keys % max(1, len(ids))],
            "both_count": counts,
        }
    )


def _counted(product, customer, width):
    """Number of each pair of products, as one key, and how often it is there."""
    sizes = np.bincount(customer)
    # Of each row, the rows of the same customer that follow.
    later = np.cumsum(sizes)[customer] - np.arange(len(customer)) - 1
    ends = np.cumsum(later)
    keys, counts = np.zeros(0, "int64"), np.zeros(0, "int64")
    begin = 0
    while begin < len(product):
        reached = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, reached + _PAIRS, "right")))
        some = _pairs(product, later, begin, end, width)
        keys, counts = _merged(keys, counts, some)
        begin = end
    return keys, counts


def _pairs(product, later, begin, end, width):
    count = later[begin:end]
    first = np.repeat(np.arange(begin, end), count)
    step = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    return product[first] * width + product[first + 1 + step]


def _merged(keys, counts, pairs):
    found, number = np.unique(pairs, return_counts=True)
    every, place = np.unique(np.concatenate([keys, found]), return_inverse=True)
    summed = np.bincount(place.ravel(), np.concatenate([counts, number]), len(every))
    return every, summed.astype("int64")


def nearest(
    pairs: pd.DataFrame, buyers: pd.Series, count: int = NEAREST
) -> pd.DataFrame:
    """Return the nearest products of each.

    :param pairs: as of :func:`count_pairs`
    :param buyers: number of customers of each product, by its id
    :returns: ``product_id``, ``other_id`` (both ways), ``both_count``,
        ``buyer_count`` (of the first) and ``similarity``; by product, nearest first
    """
    pairs = pairs[pairs["both_count"] >= LEAST_BUYERS]
    turned = {"product_id": "other_id", "other_id": "product_id"}
    both = pd.concat([pairs, pairs.rename(columns=turned)], ignore_index=True)
    own = buyers.reindex(both["product_id"]).to_numpy("float64")
    other = buyers.reindex(both["other_id"]).to_numpy("float64")
    shared = both["both_count"].to_numpy("float64")
    similarity = shared**2 / (own * other) * shared / (shared + SHRINKAGE)
    both = both.assign(buyer_count=own.astype("int64"), similarity=similarity)
    both = both.sort_values(
        ["product_id", "similarity", "other_id"], ascending=[True, False, True]
    )
    place = both.groupby("product_id").cumcount()
    return both[place < count].reset_index(drop=True)


def next_products(
    habits: pd.DataFrame, near: pd.DataFrame, count: int = 10
) -> pd.DataFrame:
    """Return what customers will most likely buy next, bought before or not.

    :param habits: ``partner_id``, ``product_id`` and ``score`` of what was bought, each
        pair once: :func:`.next_products.due_score` tells the score
    :param near: as of :func:`nearest`
    :returns: as :func:`new_products`, and ``is_new``
    """
    own = habits["score"].to_numpy("float64")
    return _best_of_all(habits, own, near, count)


def new_products(
    bought: pd.DataFrame, near: pd.DataFrame, count: int = 10
) -> pd.DataFrame:
    """Return what customers may buy for the first time.

    :param bought: ``partner_id`` and ``product_id``, each pair once
    :param near: as of :func:`nearest`
    :returns: ``partner_id``, ``product_id``, ``score``, ``because_id`` (the nearest
        product that was bought), ``both_count`` and ``buyer_count`` of that pair: "18
        of 25 who buy it buy this"; by customer, best first
    """
    return _best_of_all(bought, None, near, count).drop(columns="is_new")


def _best_of_all(bought, own, near, count):
    """Return the best products of all customers, block by block."""
    products = pd.Index(bought["product_id"].unique())
    products = products.union(pd.Index(near["other_id"].unique()))
    customer, partners = pd.factorize(bought["partner_id"].to_numpy(), sort=True)
    order = np.argsort(customer, kind="stable")
    customer = customer[order]
    product = products.get_indexer(bought["product_id"])[order]
    own = None if own is None else own[order]
    found = _Nearness(near, products)
    block = max(1, _CELLS // max(1, len(products)))
    parts = []
    for first in range(0, len(partners), block):
        some = slice(*np.searchsorted(customer, [first, first + block]))
        scores = None if own is None else own[some]
        size = min(block, len(partners) - first)
        part = found.best(customer[some] - first, product[some], scores, size, count)
        parts.append(part.assign(partner_id=partners[part["partner_id"] + first]))
    return _named(parts or [found.best(customer, product, own, 0, 0)], products)


def _named(parts, products):
    """Put the blocks together, with ids for numbers."""
    table = pd.concat(parts, ignore_index=True)
    ids = np.append(products.to_numpy(), None)
    for name in ("product_id", "because_id"):
        table[name] = pd.Series(ids[table[name]], table.index).infer_objects()
    return table


class _Nearness:
    """The nearest products by number, for blocks of customers."""

    def __init__(self, near, products):
        near = near[near["product_id"].isin(products)]
        self.product = product = products.get_indexer(near["product_id"])
        self.other = products.get_indexer(near["other_id"])
        self.near, self.width = near, len(products)
        self.count = np.bincount(product[product >= 0], minlength=self.width)
        self.start = np.cumsum(self.count) - self.count
        self.similarity = near["similarity"].to_numpy()

    def best(self, customer, product, own, size, count):
        """Return the best products of a block of customers, with their reasons.

        :param own: scores of what was bought, beside which nearness counts a little;
            None: only what was not bought is looked for
        """
        row, place = self._spread(product)
        key = customer[row] * self.width + self.other[place]
        value = self.similarity[place]
        score = np.bincount(key, value, size * self.width).reshape(size, self.width)
        if own is None:
            score[customer, product] = 0
        else:
            most = score.max(axis=1, keepdims=True, initial=0)
            score = score * BESIDE / np.where(most > 0, most, 1)
            score[customer, product] += own
        who, what = _highest(score, count)
        is_new = np.ones(score.shape, bool)
        is_new[customer, product] = False
        # The nearest one is the reason: the last in the order of nearness.
        order = np.lexsort((-place, value))
        reason = np.full(size * self.width, -1)
        reason[key[order]] = place[order]
        table = self._explained(reason[who * self.width + what])
        scores = {"score": score[who, what], "is_new": is_new[who, what]}
        return table.assign(partner_id=who, product_id=what, **scores)[COLUMNS]

    def _explained(self, place):
        """Numbers behind each place among the near ones; none at -1."""
        numbers = {
            "because_id": self.product,
            "both_count": self.near["both_count"].to_numpy("int64"),
            "buyer_count": self.near["buyer_count"].to_numpy("int64"),
        }
        nothing = {"because_id": -1}
        return pd.DataFrame(
            {
                name: np.append(values, nothing.get(name, 0))[place]
                for name, values in numbers.items()
            }
        )

    def _spread(self, product):
        """Return each row as often as its product has near ones, and their places."""
        count = self.count[product]
        row = np.repeat(np.arange(len(product)), count)
        step = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        return row, self.start[product][row] + step


def _highest(score: NDArray, count: int) -> tuple[NDArray, NDArray]:
    """Return rows and columns of the highest positive scores of each row.

    Of equal ones, the first columns.
    """
    order = np.argsort(-score, axis=1, kind="stable")[:, :count]
    who = np.repeat(np.arange(len(score)), order.shape[1])
    what = order.ravel()
    kept = score[who, what] > 0
    return who[kept], what[kept]
