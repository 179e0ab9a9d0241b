"""Names of the rules, by subject."""

# (code of the tier, top share of the customers in percent)
DEFAULT_TIERS = (("vip", 5), ("high", 20), ("medium", 50), ("low", 100))
# (metric, weight in percent); these belong to every version.
DEFAULT_METRICS = (("recency", 20), ("frequency", 30), ("monetary", 50))
# Customers compared by shares, and customers without a value.
SHARE_FIELDS = ("tier_ties", "share_of", "count_archived", "no_value_rule")
# Tiers given by one of these rules; the engine knows them by id.
NO_VALUE_TIER = "no_value_tier_id"
# Rules about customers that the engine takes as they are.
PLAIN_FIELDS = (
    *("customers_per_bin", "value_metric", "tier_method"),
    *("min_orders", "min_tenure_days", "min_customers", "grace_days"),
    *("one_step_down", "shrinkage", "min_gap_days", "new_days", "loyal_orders"),
    *("loyal_tenure_days", "at_risk_ratio", "dormant_ratio", "dormant_min_days"),
    *("lost_ratio", "lost_min_days", "won_back_days", "growth_min_orders"),
    *("risk_overdue", "risk_far_overdue", "risk_declining", "risk_refunds"),
    *("risk_medium_from", "risk_high_from", "risk_by_predictions"),
    *("complaints_from", "risk_complaints", "dissatisfied_below"),
    *("satisfaction_min_count", "risk_dissatisfied", "silent_ratio", "risk_silent"),
    "interested_by_enquiry",
    *SHARE_FIELDS,
)
LINE_FIELDS = ("metric_ids", "tier_ids", "segment_ids")
# Rules for customers won back by a campaign.
RHYTHM_FIELDS = ("shrinkage", "min_gap_days", "dormant_ratio", "dormant_min_days")

# Rules for counting purchases: on the policy, for every kind.
DOCUMENT_FIELDS = (
    *("tz", "revenue_source", "count_point_of_sale", "subtract_credit_notes"),
    *("subtract_unlinked_credit_notes", "sale_domain", "invoice_domain"),
)
SOURCE_FIELDS = (*DOCUMENT_FIELDS, "window_months")
SAFETY_FIELDS = (
    *("approval_customer_percent", "approval_revenue_percent"),
    *("approval_min_customers", "drift_limit"),
)
# {field of the policy: model of the documents that it filters}
FILTERS = {"sale_domain": "sale.order", "invoice_domain": "account.move"}

# Rules that decide about values and about being rated: other rules give another
# histogram.
VALUE_RULES = (
    *("tz", "revenue_source", "count_point_of_sale", "subtract_credit_notes"),
    *("subtract_unlinked_credit_notes", "sale_domain", "invoice_domain"),
    "window_months",
    *("value_metric", "min_orders", "min_tenure_days", *SHARE_FIELDS),
)
SCORE_RULES = ("metric_ids", "customers_per_bin", "growth_min_orders")

# Scores of a customer, in the order of the segment map.
SCORE_FIELDS = ("score_recency", "score_frequency", "score_monetary")
SEGMENT_TEMPLATES = ("classes", "ten", "five")
DEFAULT_TEMPLATE = "classes"
