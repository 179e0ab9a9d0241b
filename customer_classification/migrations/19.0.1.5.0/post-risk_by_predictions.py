"""Leave the churn risk of existing rules to the signals.

Rules say after an upgrade what they said before; a new version may choose predictions.
"""


def migrate(cr, version):
    cr.execute("UPDATE customer_rules SET risk_by_predictions = FALSE")
