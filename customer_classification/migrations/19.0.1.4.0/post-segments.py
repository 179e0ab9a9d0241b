"""Turn segments into records, and their map into a part of each policy.

Customers keep the word that they had until the next run, and every version gets the map
that agrees with the classes: the former fixed map is gone.
"""

from odoo.tools import SQL
from odoo.tools.sql import column_exists

from odoo.addons.customer_classification.engine.customers.segment_maps import TEMPLATES


def migrate(cr, version):
    if column_exists(cr, "customer_profile", "rfm_segment"):
        _keep_words(cr)
    _give_maps(cr)


def _keep_words(cr):
    cr.execute(
        """
        UPDATE customer_profile f SET segment_id = s.id
          FROM customer_segment s
         WHERE s.code = f.rfm_segment
        """
    )
    cr.execute("ALTER TABLE customer_profile DROP COLUMN rfm_segment")


def _give_maps(cr):
    """Give each version the segment map.

    In SQL: published versions are closed to the ORM. Rules about customers have
    records of their own by now (19.0.1.5.0 before the update).
    """
    names = ("sequence", "code", "cells", "activity", "value", "otherwise")
    lines = [(place, *line) for place, line in enumerate(TEMPLATES["classes"], 1)]
    columns = dict(zip(names, map(list, zip(*lines, strict=True)), strict=True))
    cr.execute(
        SQL(
            """
            INSERT INTO classification_policy_segment
                   (rules_id, segment_id, sequence, cells, claim_activity,
                    claim_value, otherwise_id, create_uid, write_uid, create_date,
                    write_date)
            SELECT p.id, s.id, line.sequence, line.cells, line.activity, line.value,
                   o.id, 1, 1, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
              FROM customer_rules p
             CROSS JOIN unnest(%(sequence)s, %(code)s, %(cells)s, %(activity)s,
                               %(value)s, %(otherwise)s)
                     AS line(sequence, code, cells, activity, value, otherwise)
              JOIN customer_segment s ON s.code = line.code
              LEFT JOIN customer_segment o ON o.code = line.otherwise
             WHERE NOT EXISTS (SELECT FROM classification_policy_segment known
                                WHERE known.rules_id = p.id)
             ORDER BY p.id, line.sequence
            """,
            **columns,
        )
    )
