"""The blocks of the overview as tables of a spreadsheet.

Columns have the same names whatever the language, so that other programs can rely on
them; a new column comes at the end.
"""

_MOVES = ("from", "to", "customers", "revenue")
COLUMNS = {
    "tiers": ("tier", "customers", "revenue", "customers_before", "revenue_before"),
    "tier_moves": _MOVES,
    "stage_moves": _MOVES,
    "grid": ("recency", "frequency", "segment", "customers", "revenue"),
    "bridge": ("movement", "customers", "amount"),
    "risk": ("salesperson", "tier", "customers", "revenue"),
    "cohorts": ("first_month", "months_since", "is_running", "customers", "revenue"),
    "concentration": ("customers", "revenue"),
}
BLOCKS = ("tiers", "flow", "grid", "bridge", "risk", "cohorts", "pareto")


def sheets(blocks):
    """Return ``{name of a sheet: rows}``, each row a tuple of values.

    :param blocks: those of ``BLOCKS``, as the overview gives them; amounts that the
        reader may not see are None
    """
    return {
        "tiers": _tiers(blocks["tiers"]),
        "tier_moves": _moves(blocks["tiers"]),
        "stage_moves": _moves(blocks["flow"]),
        "grid": _grid(blocks["grid"]),
        "bridge": _bridge(blocks["bridge"]),
        "risk": _moves(blocks["risk"]),
        "cohorts": _cohorts(blocks["cohorts"]),
        "concentration": [
            (one["count"], one["sum"]) for one in blocks["pareto"]["points"]
        ],
    }


def _tiers(block):
    before = {row["key"]: row for row in block["rows"] if row["is_customer"]}
    return [
        (
            *(column["name"], column["count"], column["sum"]),
            *(before[column["key"]]["count"], before[column["key"]]["sum"]),
        )
        for column in block["columns"]
        if column["is_customer"]
    ]


def _moves(block):
    """Return the cells of a matrix: row, column, customers and their amount."""
    return [
        (
            block["rows"][cell["row"]]["name"],
            block["columns"][cell["column"]]["name"],
            cell["count"],
            cell["sum"],
        )
        for cell in block["cells"]
    ]


def _grid(block):
    names = {segment["id"]: segment["name"] for segment in block["segments"]}
    return [
        (
            *(cell["recency"], cell["frequency"], names[cell["segment_id"]]),
            *(cell["count"], cell["sum"]),
        )
        for cell in block["cells"]
    ]


def _bridge(block):
    return [
        (name, one["count"], one["sum"])
        for name, one in (
            ("opening", block["opening"]),
            *((one["name"], one) for one in block["movements"]),
            ("closing", block["closing"]),
        )
    ]


def _cohorts(block):
    return [
        (
            *(cohort["month"], cell["age"], cell["is_partial"]),
            cell["buyers"]["count"],
            cell["revenue"]["sum"] if cell["revenue"] else None,
        )
        for cohort in block["cohorts"]
        for cell in cohort["cells"]
    ]
