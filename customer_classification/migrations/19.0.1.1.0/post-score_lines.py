"""Turn scores into lines of the policy.

The values of four columns are carried over, and a policy without any line gets the
default scores.
"""

from odoo.tools import SQL
from odoo.tools.sql import column_exists

METRICS = (("recency", 20), ("frequency", 30), ("monetary", 50))


def migrate(cr, version):
    for place, (metric, weight) in enumerate(METRICS):
        old = column_exists(cr, "customer_rules", f"weight_{metric}")
        cr.execute(
            SQL(
                """
                INSERT INTO classification_policy_metric
                       (rules_id, metric, sequence, weight, method, bins)
                SELECT p.id, %(metric)s, %(place)s, %(weight)s, 'quantile', %(bins)s
                  FROM customer_rules p
                 WHERE NOT EXISTS (
                       SELECT FROM classification_policy_metric m
                        WHERE m.rules_id = p.id AND m.metric = %(metric)s)
                """,
                metric=metric,
                place=place,
                weight=SQL.identifier("p", f"weight_{metric}") if old else weight,
                bins=SQL.identifier("p", "bins") if old else 5,
            )
        )
