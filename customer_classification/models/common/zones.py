from odoo.tools import SQL


def day_in(zone, moment):
    """Return SQL of the day of a moment, kept in UTC, in a time zone.

    :param zone: name of the time zone
    :param moment: SQL of a timestamp
    """
    if zone == "UTC":
        return SQL("(%s)::date", moment)
    return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", moment, zone)
