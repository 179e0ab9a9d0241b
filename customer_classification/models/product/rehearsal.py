"""Preview of a run over products, before it changes anything.

No query.
"""

from ..run.word_matrices import Amounts, WordAxes, kept_matrices, shown_matrices
from .columns import CLASSES

AXES = WordAxes(
    words=CLASSES,
    colors={
        "abc": (10, 4, 0),
        "xyz": (10, 4, 2),
        "price_band": (0, 0, 0),
        "sales_lifecycle": (4, 10, 0, 2, 1),
    },
    ranked=("abc", "xyz"),
    move_model="product.class.move",
)


def matrices(pipeline):
    """Return the matrices of the moves, with the revenue of the products."""
    known = pipeline.previous["policy"] != 0
    amounts = Amounts(pipeline.facts["revenue"], known)
    return kept_matrices(AXES, pipeline.shown.before, pipeline.shown.now, amounts)


def view(run, sees_money):
    """Return the matrices in the reader's words."""
    return shown_matrices(AXES, run, run.env._("Products"), sees_money)
