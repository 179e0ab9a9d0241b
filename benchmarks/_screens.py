"""Questions of the web client, and the time of the answers."""

import re
import time
from pathlib import Path

from lxml import etree

# Prefixes of the fields of this addon on the models of others.
OURS = ("customer_", "product_abc", "product_xyz", "campaign_")
# Classes of the lists that ask for the columns that are shown only.
SHOWN_COLUMNS = (
    *("classification_shown_columns", "customer_profile_list"),
    "customer_work_list",
)
# Attributes of texts, as in `shown_columns/left_out.esm.js`.
TEXTS = ("string", "help", "confirm", "sum", "avg", "widget")


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

    Hidden fields are included, but for the lists of `SHOWN_COLUMNS`: these leave out,
    as for a user who chose no columns, those that are optional, hidden at first and not
    needed by an expression, an option or the currency of the others.
    """
    arch = etree.fromstring(model.get_view(view_type=view_type)["arch"])
    named = {"fields": {"display_name": {}}}
    left_out = _left_out(model, arch) if arch.get("js_class") in SHOWN_COLUMNS else ()
    return {
        node.get("name"): named
        if model._fields[node.get("name")].type == "many2one"
        else {}
        for node in _fields(arch)
        if node.get("name") not in left_out
    }


def _fields(arch):
    """Return the nodes of a view's own fields, without those of views in it."""
    return [
        node
        for node in arch.iter("field")
        if not any(above.tag == "field" for above in node.iterancestors())
    ]


def _left_out(model, arch):
    """Return the names of the fields that a list does not ask for."""
    hidden = [node for node in _fields(arch) if node.get("optional") == "hide"]
    off = {node.get("name") for node in hidden}
    off -= {node.get("name") for node in _fields(arch) if node not in hidden}
    kept = [node for node in arch.iter(etree.Element) if node.get("name") not in off]
    return off - {word for node in kept for word in _words(model, node)}


def _words(model, node):
    """Return the words that may be fields which a node of a list needs."""
    field = model._fields.get(node.get("name"))
    texts = [value for name, value in node.attrib.items() if name not in TEXTS]
    return re.findall(r"[A-Za-z_]\w*", " ".join(texts)) + [
        getattr(field, "currency_field", None)
    ]


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
