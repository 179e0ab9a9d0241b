"""Failures of runs: the reason in words, and the notification."""

import json
import logging
import re

from psycopg2.errors import QueryCanceled

from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import plaintext2html

from ..common.classification_reason_mixin import error_text, plain_reason, reason_of

_logger = logging.getLogger(__name__)

# Number of earlier failures searched for the same cause.
LOOKED_BACK = 50


def retryable_error(error):
    """Return the concurrency error behind an error, or None.

    The same work may succeed in a new transaction.
    """
    while error and not isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
        error = error.__cause__ or error.__context__
    return error


def failure_values(run, error):
    """Return values that explain a failure; the log has the traceback."""
    _logger.info("Classification run %s failed", run.id, exc_info=error)
    return {"state": "failed", "error_reason": _reason(run, error)}


def _reason(run, error):
    """Return why a run failed, to be kept: never the text of a statement."""
    if isinstance(error, UserError):
        return reason_of(error)
    if isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
        return plain_reason("busy")
    if isinstance(error, QueryCanceled):
        return plain_reason("too_long")
    return plain_reason("unexpected", reason=error_text(error), run=run.id)


def report_failure(run):
    """Schedule an activity for the responsible user, in that user's language.

    Each cause is reported once until a run of the same kind succeeds.
    """
    if not _is_relied_on(run) or _is_known_cause(run):
        return
    own = run._for_responsible()
    run._notify_manager(
        own.env._("A run failed: classes are not up to date"),
        plaintext2html(
            own.env._(
                "%(error)s\n\nAll keep the classes that they had. Mend what the "
                "sentence names; when a run works again, this activity is done by "
                "itself.",
                error=own.error,
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
    return _cause(run) in {_cause(earlier) for earlier in failed}


def _cause(run):
    """Return why a run failed without numbers, which differ for one cause."""
    reason = json.dumps(run.sudo().error_reason, sort_keys=True)
    return re.sub(r"\d+", "#", reason)
