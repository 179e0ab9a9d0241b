"""Kinds of runs over customers."""

RUN_KINDS = [
    ("production", "Production"),
    ("preview", "Preview"),
    ("back_test", "Back-test"),
]
