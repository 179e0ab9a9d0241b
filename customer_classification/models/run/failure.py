"""A run that failed: why, in words, and who is told of it."""

import logging
import re

from psycopg2 import Error as DatabaseError
from psycopg2.errors import QueryCanceled

from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import plaintext2html

_logger = logging.getLogger(__name__)

# Number of earlier failures that are searched for the same cause.
LOOKED_BACK = 50


def retryable_error(error):
    """Return the concurrency error behind an error, ``None`` for any other.

    The same work may succeed in a new transaction.
    """
    while error and not isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
        error = error.__cause__ or error.__context__
    return error


def failure_values(run, error):
    """Return values that explain a failure; the log has the traceback."""
    _logger.info("Classification run %s failed", run.id, exc_info=error)
    return {"state": "failed", "error": _sentence(run, error)}


def _sentence(run, error):
    """Return an error in words, never the text of a statement."""
    if isinstance(error, UserError):
        return error.args[0]
    if isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
        return run.env._(
            "Other people were changing the same records all the time. The next "
            "run does the work."
        )
    if isinstance(error, QueryCanceled):
        return run.env._(
            "The work took longer than the database allows. Ask your administrator "
            "for a longer time limit."
        )
    reason = type(error).__name__
    if not isinstance(error, DatabaseError) and str(error).strip():
        reason = f"{reason}: {str(error).strip()}"
    return run.env._(
        "Something went wrong that nobody expected (%(reason)s). Ask your "
        "administrator: the log of the server tells more, see “Classification run "
        "%(run)s”.",
        reason=reason,
        run=run.id,
    )


def report_failure(run):
    """Schedule an activity for the responsible user of the policy.

    Each cause is reported once until a run of the same kind succeeds.
    """
    if not _is_relied_on(run) or _is_known_cause(run):
        return
    run._notify_manager(
        run.env._("A run failed: classes are not up to date"),
        plaintext2html(
            run.env._(
                "%(error)s\n\nAll keep the classes that they had. Mend what the "
                "sentence names; when a run works again, this activity is done by "
                "itself.",
                error=run.error,
            )
        ),
    )


def settle_failures(run, failed):
    """Mark the activities of earlier failures of this kind as done.

    No query without such failures.

    :param failed: failed runs that had an open activity when this run began
    """
    if not failed or not _is_relied_on(run):
        return
    for earlier in failed.exists().filtered(lambda other: other.kind == run.kind):
        earlier._settle_activities(run.env._("It works again."))


def _is_relied_on(run):
    """Return whether people rely on this run without looking at it."""
    return not run._is_trial() and run.scope != "some"


def _is_known_cause(run):
    """Return whether a run failed for the same reason since the last success."""
    alike = [("company_id", "=", run.company_id.id), ("kind", "=", run.kind)]
    worked = run.sudo().search(
        [*alike, ("scope", "!=", "some"), ("state", "in", ("done", "waiting"))],
        order="id desc",
        limit=1,
    )
    failed = run.sudo().search(
        [
            *alike,
            ("scope", "!=", "some"),
            ("state", "=", "failed"),
            ("id", ">", worked.id or 0),
            ("id", "!=", run.id),
        ],
        order="id desc",
        limit=LOOKED_BACK,
    )
    return _cause(run.error) in {_cause(earlier.error) for earlier in failed}


def _cause(error):
    """Return an error without its numbers, which differ for the same cause."""
    return re.sub(r"\d+", "#", error or "")
