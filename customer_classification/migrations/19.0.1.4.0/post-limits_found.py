"""Set the days since which the limits in force hold, for sentences.

Runs kept the limits that they used, and not the day on which they were found. It is
that of the first of the runs over everybody, one after the other, that used them.
"""

import json

from odoo.tools import groupby

_RUNS = """
    SELECT company_id, policy_id, id, as_of_date, edges FROM classification_run
     WHERE kind = 'production' AND scope = 'all' AND state = 'done'
       AND watermark IS NOT NULL AND edges IS NOT NULL
     ORDER BY company_id, id DESC
"""
_KEEP = """
    UPDATE classification_run
       SET edges = edges || jsonb_build_object('limits_found', %s::jsonb)
     WHERE company_id = %s AND policy_id = %s AND id >= %s AND edges IS NOT NULL
       AND NOT edges ? 'limits_found'
"""


def migrate(cr, version):
    cr.execute(_RUNS)
    for company_id, runs in groupby(cr.fetchall(), key=lambda row: row[0]):
        policy_id, last_id = runs[0][1:3]
        own = [run for run in runs if run[1] == policy_id]
        found = json.dumps(_limits_found(own))
        cr.execute(_KEEP, [found, company_id, policy_id, last_id])


def _limits_found(runs):
    """Return ``{tier: [day, number of buyers]}`` of the newest run's limits.

    The runs come newest first.
    """
    found = {}
    for tier, limit in runs[0][-1].get("tier_limits", {}).items():
        for *__, day, edges in runs:
            if edges.get("tier_limits", {}).get(tier) != limit:
                break
            found[tier] = [day.isoformat(), edges.get("buyer_count", 0)]
    return found
