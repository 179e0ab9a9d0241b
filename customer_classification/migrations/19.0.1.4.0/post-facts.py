"""Revert writes that clients could make in the earlier release."""

from odoo.tools import SQL

# Today has begun somewhere on earth up to fourteen hours before it does in UTC.
LATEST_DAY = SQL("((now() AT TIME ZONE 'UTC')::date + 1)")
WRITING_KINDS = ("production", "product", "campaign")
# Written by runs: {table with the classes: table with their history}.
WRITTEN = {
    "customer_profile": "classification_change",
    "product_profile": "product_class_change",
    "campaign_profile": "campaign_class_change",
}
DECISIONS = ("classification_override", "product_class_override")


def migrate(cr, version):
    _take_back_future_runs(cr)
    # Results that somebody wrote kept their hash: the next run writes all of them.
    cr.execute("UPDATE campaign_participant SET content_hash = 0")


def _take_back_future_runs(cr):
    """Forget the findings of runs as of a future day.

    The next run over everybody finds them as of its own day. Otherwise such a run would
    be the last one until then.
    """
    query = SQL(
        """
        UPDATE classification_run
           SET state = 'failed', watermark = NULL,
               error_reason = '{"code": "future_day"}'
         WHERE as_of_date > %s AND kind IN %s AND state <> 'failed'
        RETURNING id
        """,
        LATEST_DAY,
        WRITING_KINDS,
    )
    cr.execute(query)
    runs = [run_id for (run_id,) in cr.fetchall()]
    if not runs:
        return
    for table in (*WRITTEN, *WRITTEN.values()):
        cr.execute(
            SQL("DELETE FROM %s WHERE run_id = ANY(%s)", SQL.identifier(table), runs)
        )
    for table in DECISIONS:
        query = SQL(
            """
            UPDATE %s SET status = 'active'
             WHERE status = 'ended' AND ended_date IS NULL AND end_date >= %s
            """,
            SQL.identifier(table),
            LATEST_DAY,
        )
        cr.execute(query)
