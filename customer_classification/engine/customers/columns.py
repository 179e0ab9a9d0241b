"""Names, kinds and units of the columns of customers."""

from __future__ import annotations

from types import SimpleNamespace

from ..common.columns import (
    Column,
    aligned,
    read_column,
    require_columns,
    require_unique,
    to_dates,
    unusable_notes,
)
from ..common.lazy import np, pd

METRICS = ("recency", "frequency", "monetary")
EXTRA_METRICS = (
    *("margin", "growth", "average_order", "tenure", "interactions", "satisfaction"),
)
SCORED_METRICS = METRICS + EXTRA_METRICS
STAGES = (
    "prospect",
    "interested",
    "new",
    "active",
    "loyal",
    "dormant",
    "lost",
    "won_back",
)
RISKS = ("low", "medium", "high")
# Bit n of churn_signals is the n-th name; see also risk.BY_PREDICTION.
SIGNALS = (
    *("overdue", "far_overdue", "declining", "refunds"),
    *("complaints", "dissatisfied", "silent"),
)
TIER_REASONS = (
    "limit",  # by its numbers
    "kept",  # below the tier's limit, not below its keep limit
    "grace",  # below the keep limit, not for long enough
    "lapsed",  # bought before, nothing in the window
    "no_purchase",
    "too_new",
    "few_customers",  # too few buyers for shares of them
    "no_margin",
    "no_score",  # nothing of what the score weighs is known
    "no_value",  # a value of 0 or less, which the rules do not rate
)
AXES = ("value_tier", "lifecycle_stage", "churn_risk")

# One row per customer and company, up to the as-of day; "window" is the one of
# Parameters.window_start, its halves meet at Parameters.half_start. Money is net of
# tax in company currency at the document's own date. Source: the policy's documents.
FACTS = {
    "first_purchase_date": Column("day", "day of the first purchase ever"),
    "last_purchase_date": Column("day", "day of the last purchase"),
    "previous_purchase_date": Column("day", "last purchase day before the last one"),
    "visit_count": Column("count", "distinct purchase days ever"),
    "order_count": Column("count", "purchases in the window"),
    "lifetime_order_count": Column("count", "purchases ever"),
    "revenue": Column("money", "sales less refunds in the window"),
    "lifetime_revenue": Column("money", "sales less refunds ever"),
    "refund_amount": Column("money", "refunds in the window, positive"),
    "margin": Column("known", "margin in the window, NaN where costs are unknown"),
    "revenue_recent": Column("money", "net revenue in the recent half of the window"),
    "revenue_previous": Column("money", "net revenue in the half before"),
    "order_count_recent": Column("count", "purchases in the recent half"),
    "order_count_previous": Column("count", "purchases in the half before"),
    "window_first_date": Column("day", "oldest document of any sign in the window"),
    "recent_first_date": Column("day", "oldest document in the recent half"),
    "open_opportunity_count": Column("count", "open opportunities"),
    "open_quotation_count": Column("count", "open quotations"),
    "open_opportunity_revenue": Column("money", "their expected revenue"),
    "open_quotation_amount": Column("money", "their amount"),
}

# What was heard of a customer up to the as-of day; NaN where nothing ever was.
HEARD_FACTS = {
    "complaint_count": Column("measure", "complaints in the window"),
    "complaint_count_before": Column("measure", "complaints in the window before"),
    "satisfaction": Column("measure", "mean of the answers in the window, 0..100"),
    "satisfaction_count": Column("measure", "number of these answers"),
    "interaction_count": Column("measure", "interactions in the window"),
    "last_interaction_date": Column("day", "day of the last interaction"),
    "answered_enquiry_count": Column("measure", "answered enquiries in the window"),
    "heard_first_date": Column("day", "oldest of all these in the window"),
    "heard_before_first_date": Column("day", "oldest complaint in the window before"),
}

# Optional columns; without one, the rule that needs it uses another.
MORE_FACTS = {
    "comeback_count": Column("known", "purchases that ended a dormant time"),
    "quotation_end_date": Column("day", "first day on which a quotation expires"),
    **HEARD_FACTS,
}

# The customer's last classes, with the facts that distinguish own changes from the
# passing of time.
PREVIOUS = {
    "value_tier": Column("count", "key of the tier, 0 never classified"),
    "lifecycle_stage": Column("count", "code of the stage, 0 none"),
    "churn_risk": Column("count", "code of the risk, 0 none"),
    "tier_below_since": Column("day", "first day seen below the tier's keep limit"),
    "won_back_count": Column("count", "times won back"),
    "lifetime_order_count": Column("count", "as in the facts, as of then"),
    "lifetime_revenue": Column("money", "as in the facts, as of then"),
    "first_purchase_date": Column("day", "as in the facts, as of then"),
    "last_purchase_date": Column("day", "as in the facts, as of then"),
    "policy": Column("count", "id of the policy version that classified"),
    "open_opportunity_count": Column("count", "as in the facts, as of then"),
    "open_quotation_count": Column("count", "as in the facts, as of then"),
}

# Optional columns; without one, no cause follows from it.
MORE_PREVIOUS = {
    "churn_signals": Column("count", "bits of SIGNALS, as of then"),
    "answered_enquiry_count": Column("count", "as in the result, as of then"),
}

# Columns of the result with their types.
RESULT = {
    "recency_days": "int32",  # days since the last purchase, -1 none
    "tenure_days": "int32",  # days since the first purchase, -1 none
    "expected_gap_days": "float64",  # days, NaN without purchase
    "overdue_ratio": "float64",  # recency / expected gap
    "expected_purchase_date": "day",
    "dormant_date": "day",  # from which silence makes dormant, NaT not before lost
    "lost_date": "day",  # from which it makes lost; days that are over stand, too
    "average_order": "float64",  # net money per order in the window
    "growth": "float64",  # -1..1
    "score_recency": "int8",  # 1 worst .. number of bins, 0 none
    "score_frequency": "int8",
    "score_monetary": "int8",
    "value_score": "float64",  # 0..100
    "value_tier": "int64",  # key
    "tier_reason": "int8",  # code of TIER_REASONS
    "tier_below_since": "day",
    "lifecycle_stage": "int8",  # code of STAGES
    "churn_risk": "int8",  # code of RISKS
    "churn_signals": "int16",  # bits of SIGNALS
    # Numbers of the signals that are shown, else 0, NaN or NaT.
    "signal_complaint_count": "int32",
    "signal_complaint_count_before": "int32",
    "signal_satisfaction": "float64",  # mean, 0..100
    "signal_satisfaction_count": "int32",
    "signal_interaction_date": "day",  # last interaction before the silence
    "answered_enquiry_count": "int32",  # of who is interested by them
    "won_back_count": "int32",
    "next_review_date": "day",
    "held_back": "bool",  # a demotion is withheld
}


class Facts:
    """Arrays of the facts by name, each read when it is first asked for.

    All of a million customers at once would take as much memory as the frame.
    Beside the columns ``is_archived``, which only frames with a column ``active`` have.
    """

    def __init__(self, frame, digits):
        self._frame = frame
        self._digits = digits

    def __getattr__(self, name):
        """Return the array of a column, NaN where it is optional and absent."""
        values = self._read(name)
        setattr(self, name, values)
        return values

    def _read(self, name):
        frame = self._frame
        if name == "is_archived":
            archived = frame["active"].to_numpy() == 0 if "active" in frame else False
            return np.broadcast_to(archived, len(frame))
        column = FACTS.get(name) or MORE_FACTS.get(name)
        if not column:
            raise AttributeError(name)
        if name not in frame:
            return np.full(len(frame), np.nan)
        return read_column(frame[name], column.kind, self._digits)


def read_facts(frame, digits: int):
    """Return arrays of the facts, and notes about unusable numbers.

    :param frame: DataFrame with the columns of ``FACTS``, and any of ``MORE_FACTS``,
        index unique
    :param digits: decimals of the currency; money is rounded to them, because sums
        of cents in binary are off by dust (5 customers of Online Retail have a net
        of 1e-13)
    :returns: (:class:`Facts`, list of notes)
    :raises ValueError: a column is missing or a customer is repeated
    """
    require_columns(frame, FACTS, "facts")
    require_unique(frame, "facts")
    notes = [
        note
        for name, column in {**FACTS, **MORE_FACTS}.items()
        if name in frame
        for note in unusable_notes(frame[name], column.kind)
    ]
    return Facts(frame, digits), notes


def read_previous(frame, index, digits: int):
    """Return arrays of the previous state in the order of ``index``.

    Absent rows and ``None`` mean customers never classified.

    :raises ValueError: a column is missing or a customer is repeated
    """
    if frame is None:
        frame = pd.DataFrame({name: np.zeros(0) for name in PREVIOUS})
    require_columns(frame, PREVIOUS, "columns of the previous state")
    require_unique(frame, "rows of the previous state")
    rows = None if frame.index.equals(index) else frame.index.get_indexer(index)
    arrays = {
        name: aligned(read_column(frame[name], column.kind, digits), rows)
        for name, column in PREVIOUS.items()
    }
    for name, column in MORE_PREVIOUS.items():
        arrays[name] = np.zeros(len(index))
        if name in frame:
            values = read_column(frame[name], column.kind, digits)
            arrays[name] = aligned(values, rows)
    return SimpleNamespace(**arrays)


def result_frame(values: dict, index):
    """Return the DataFrame of ``RESULT`` from arrays by name.

    Only the given columns, each in its type.
    """
    columns = {
        name: to_dates(values[name]) if dtype == "day" else values[name].astype(dtype)
        for name, dtype in RESULT.items()
        if name in values
    }
    # One block per column: gathering them would double the memory for a moment.
    return pd.DataFrame(columns, index=index, copy=False)
