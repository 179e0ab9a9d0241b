from odoo.tools import SQL


def day_in(zone, moment):
    """Return SQL of the day of a moment, kept in UTC, in a time zone.

    :param zone: name of the time zone
    :param moment: SQL of a timestamp
    """
    if zone == "UTC":
        return SQL("(%s)::date", moment)
    return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", moment, zone)


def day_by_rules(moment, company):
    """Return SQL of the day of a moment in UTC where a company's rules are.

    The zones are read once a statement; without rules the day is that of UTC.

    :param moment: SQL of a timestamp
    :param company: SQL of the id of the company, or of NULL
    """
    return SQL(
        """
        (%s AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(
            (SELECT jsonb_object_agg(y.company_id, y.tz) FROM classification_policy y
              WHERE y.state = 'published') ->> (%s)::text, 'UTC'))::date
        """,
        moment,
        company,
    )
