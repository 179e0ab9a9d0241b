"""Limits that a run over all products finds, for runs over some of them.

ABC classes and price bands come from the products together. A run that looks at some
products applies the limits of the last run over all; so its classes are those of a
run over all with the same limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..common.lazy import np, pd

# The share made by greater values, by group: values (the greatest first) and shares.
Curves = Mapping[int, tuple[list[float], list[float]]]


@dataclass(frozen=True)
class BandLimits:
    """The two limits of the price bands.

    :ivar everything: of all products, None where no two prices differ
    :ivar categories: of the categories that have limits of their own
    """

    everything: tuple[float, float] | None = None
    categories: Mapping[int, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class ProductEdges:
    """All limits of a run over all products.

    :ivar abc: shares of the products
    :ivar variants: shares of their variants
    :ivar bands: the limits of the price bands; None where they are fixed by the rules
    """

    abc: Curves
    variants: Curves
    bands: BandLimits | None = None

    def to_json(self) -> dict:
        """Return the limits as JSON, in which all keys are texts."""
        bands = self.bands
        return {
            "abc": _texts_for_keys(self.abc),
            "variants": _texts_for_keys(self.variants),
            "bands": bands and [bands.everything, _texts_for_keys(bands.categories)],
        }

    @classmethod
    def from_json(cls, values: Mapping) -> ProductEdges:
        """Read limits in the form of :meth:`to_json`."""
        bands = values["bands"]
        return cls(
            _numbers_for_keys(values["abc"]),
            _numbers_for_keys(values["variants"]),
            bands and BandLimits(bands[0], _numbers_for_keys(bands[1])),
        )


def _texts_for_keys(found):
    return {str(key): value for key, value in found.items()}


def _numbers_for_keys(found):
    return {int(key): value for key, value in found.items()}


def share_curves(values, groups, share) -> dict[int, tuple[list[float], list[float]]]:
    """Return the curves of products whose shares are known.

    :param share: the result of :func:`share_before`; NaN for values that have none
    """
    frame = pd.DataFrame({"group": groups, "value": values, "share": share})
    frame = frame.dropna().drop_duplicates(["group", "value"])
    frame = frame.sort_values(["group", "value"], ascending=[True, False])
    return {
        int(group): (own["value"].tolist(), own["share"].tolist())
        for group, own in frame.groupby("group")
    }


def share_by_curves(values, groups, curves: Curves):
    """Return the share of the group made by greater values, by known curves.

    A value between two known ones has the share of the lower one, a value below all of
    them has all before it, and in a group without a curve nothing comes before it.
    NaN for values that are not positive.
    """
    share = np.full(len(values), np.nan)
    positive = np.flatnonzero(values > 0)
    for group, places in pd.Series(positive).groupby(groups[positive]):
        known, shares = curves.get(int(group), ([], [0.0]))
        ends = np.append(np.asarray(shares, "float64"), 1.0 if known else [])
        own = places.to_numpy()
        rank = np.searchsorted(-np.asarray(known, "float64"), -values[own], "left")
        share[own] = ends[rank]
    return share
