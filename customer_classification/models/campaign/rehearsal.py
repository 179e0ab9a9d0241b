"""Preview of a run over campaigns, before it changes anything.

No query.
"""

from ...engine import PERFORMANCES
from ..run.word_matrices import Amounts, WordAxes, kept_matrices, shown_matrices

AXES = WordAxes(
    words={"performance": PERFORMANCES},
    colors={"performance": (10, 4, 1)},
    ranked=("performance",),
    move_model="campaign.class.move",
)


def matrices(pipeline):
    """Return the matrix of the moves, with the revenue of the campaigns."""
    axes = ["performance"]
    known = pipeline.campaigns["policy"] != 0
    amounts = Amounts(pipeline.figures["revenue"], known)
    before, now = pipeline.campaigns[axes], pipeline.figures[axes]
    return kept_matrices(AXES, before, now, amounts)


def view(run, sees_money):
    """Return the matrix in the reader's words."""
    return shown_matrices(AXES, run, run.env._("Campaigns"), sees_money)
