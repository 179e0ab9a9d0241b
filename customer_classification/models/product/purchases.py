"""Purchases of many lines in little memory, as sorted whole numbers."""

# What is less of all that was moved is given back: sums of fractions are not exact.
NOTHING = 1e-9
# Lines whose habits are in memory at once.
HABIT_LINES = 1_000_000


class Numbers:
    """Numbers of records in the order of their ids: equal ones go by id.

    :param rows: ``id``, and the ``record`` for which it stands
    """

    def __init__(self, rows):
        import numpy as np
        import pandas as pd

        self._rows = pd.Index(rows["id"])
        self.ids, number = np.unique(rows["record"], return_inverse=True)
        self._index = pd.Index(self.ids)
        self._number = np.append(number, -1)  # that of place -1

    def of(self, ids):
        """Return the numbers of the records for which ids stand, -1 for none."""
        return self._number[self._rows.get_indexer(ids)]

    def number(self, ids):
        """Return the numbers of records, -1 for others."""
        return self._index.get_indexer(ids)


class Purchases:
    """Lines of a part of the customers.

    :param lines: three lists of arrays, which it empties: customer, product and day as
        one number; the quantity in the unit of reference, negative for returns; and
        whether it is no return and not for free
    """

    def __init__(self, lines, width, first_day, days):
        import numpy as np

        self.width, self.first_day, self.days = width, first_day, days
        key, quantity, is_bought = (np.concatenate(lines.pop(0)) for __ in range(3))
        self._given_back = self._pairs_given_back(key, quantity)
        del quantity
        others = np.unique(key[~is_bought] // days)
        key = key[is_bought]
        self._lines = _different(key)
        del key
        self._known = _different(self._lines // days)
        __, is_there = _looked_up(others, self._known)
        if not is_there.all():
            self._known = np.union1d(self._known, others)

    def _pairs_given_back(self, key, quantity):
        """Return the pairs of which nothing was kept."""
        import numpy as np

        returned = np.unique(key[quantity < 0] // self.days)
        if not len(returned):
            return returned
        # Only lines of customers who gave something back are looked for.
        customer = key // (self.width * self.days)
        looked = np.isin(customer, np.unique(returned // self.width))
        pair, quantity = key[looked] // self.days, quantity[looked]
        place, found = _looked_up(pair, returned)
        place, quantity = place[found], quantity[found]
        kept = np.bincount(place, quantity, len(returned))
        moved = np.bincount(place, np.abs(quantity), len(returned))
        return returned[kept <= NOTHING * moved]

    def habits(self, today):
        """Yield the habits of the customers, part by part."""
        import numpy as np
        import pandas as pd

        from ...engine.common.groups import sizes, slices, starts
        from ...engine.customers.next_products import sorted_habits

        begins = starts(self._lines // (self.width * self.days))
        for some in slices(sizes(begins, len(self._lines)), HABIT_LINES):
            end = begins[some.stop] if some.stop < len(begins) else None
            pair, day = np.divmod(self._lines[begins[some.start] : end], self.days)
            customer, product = np.divmod(pair, self.width)
            columns = {"partner_id": customer, "product_id": product}
            columns["day"] = day + self.first_day
            if len(self._given_back):
                columns["is_kept"] = ~np.isin(pair, self._given_back)
            yield sorted_habits(pd.DataFrame(columns, copy=False), today)

    def pair_of(self, habits):
        """Return customer and product of habits as one number."""
        customer, product = (habits[n].to_numpy() for n in ("partner_id", "product_id"))
        return customer * self.width + product

    def known(self, liked):
        """Return all pairs of customers and products, and which ones are liked."""
        import numpy as np
        import pandas as pd

        is_liked = np.zeros(len(self._known), bool)
        for pairs in liked:
            is_liked[np.searchsorted(self._known, pairs)] = True
        customer, product = np.divmod(self._known, self.width)
        return pd.DataFrame(
            {
                "partner_id": customer.astype("int32"),
                "product_id": product.astype("int32"),
                "is_liked": is_liked,
            },
            copy=False,
        )


def _different(values):
    """Sort numbers where they are, and return the different ones."""
    from ...engine.common.groups import starts

    values.sort()
    return values[starts(values)]


def _looked_up(values, numbers):
    """Return the places of values among sorted numbers, if they are there."""
    import numpy as np

    place = np.searchsorted(numbers, values)
    there = np.append(numbers, -1)  # none of the values is negative
    return place, there[place] == values
