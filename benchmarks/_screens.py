"""Questions of the web client, and the time of the answers."""

import time
from pathlib import Path

from lxml import etree

# Prefixes of the fields of this addon on the models of others.
OURS = ("customer_", "product_abc", "product_xyz", "campaign_")


def page(model, fields, domain=()):
    """Return the question for a page of 80 with its count."""
    return lambda: model.web_search_read([*domain], fields, limit=80, count_limit=10001)


def groups(model, by, *aggregates, domain=()):
    """Return the question for the groups of a list, pivot or graph."""
    return lambda: model.formatted_read_group([*domain], list(by), [*aggregates])


def form(record, fields):
    """Return the question for a form of one record."""
    return lambda: record.web_read(fields)


def specification(model, view_type="list"):
    """Return the web client's specification of a view's fields.

    Hidden fields are included.
    """
    arch = etree.fromstring(model.get_view(view_type=view_type)["arch"])
    named = {"fields": {"display_name": {}}}
    return {
        node.get("name"): named
        if model._fields[node.get("name")].type == "many2one"
        else {}
        for node in arch.iter("field")
        if not any(above.tag == "field" for above in node.iterancestors())
    }


def without_ours(fields):
    """Return a specification without the fields of this addon."""
    return {name: of for name, of in fields.items() if not name.startswith(OURS)}


def took(env, ask):
    """Return the seconds on the clock and of processors, and the queries."""
    env.cr.execute("SELECT pg_backend_pid()")
    backend = env.cr.fetchone()[0]
    queries, busy = env.cr.sql_log_count, _busy_seconds(backend)
    started = time.perf_counter()
    ask()
    seconds = time.perf_counter() - started
    return seconds, _busy_seconds(backend) - busy, env.cr.sql_log_count - queries


def _busy_seconds(backend):
    """Return the processor time of Odoo and of its PostgreSQL process.

    Finer than the hundredths of a second of proc(5), /proc/pid/stat.
    """
    nanoseconds = Path(f"/proc/{backend}/schedstat").read_text().split()[0]
    return time.process_time() + int(nanoseconds) / 1e9
