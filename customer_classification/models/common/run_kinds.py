"""Kinds of runs over customers, and of runs that change no class."""

RUN_KINDS = [
    ("production", "Production"),
    ("preview", "Preview"),
    ("back_test", "Back-test"),
]
# Runs of these kinds change no class: nothing is explained by them later.
TRIAL_KINDS = ("preview", "back_test", "product_preview")
