"""Leave the classes of existing rules to what they went by.

Rules say after an upgrade what they said before: neither predictions nor what customers
say and do decide, until a new version chooses them.
"""


def migrate(cr, version):
    cr.execute(
        "UPDATE customer_rules SET risk_by_predictions = FALSE, risk_complaints = 0,"
        " risk_dissatisfied = 0, risk_silent = 0, interested_by_enquiry = FALSE"
    )
