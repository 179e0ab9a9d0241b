"""Choices of fields that several models of customers share."""

RISK_SELECTION = [("low", "Low"), ("medium", "Medium"), ("high", "High")]
# Numbers of Odoo's palette: green, orange, red.
RISK_COLORS = {"low": 10, "medium": 2, "high": 1}
# Codes of the engine, in its order, with the words for them.
TIER_REASONS = [
    ("limit", "By the limit"),
    ("kept", "Kept: still above the keep limit"),
    ("grace", "Kept: grace period"),
    ("lapsed", "Nothing bought in the window"),
    ("no_purchase", "Not rated: never bought"),
    ("too_new", "Not rated: too few orders and too short a time"),
    ("few_customers", "Not rated: too few customers to compare with"),
    ("no_margin", "Not rated: margin not known"),
    ("no_score", "Not rated: nothing known of what the score weighs"),
    ("no_value", "Not rated: a value of 0 or less"),
]
