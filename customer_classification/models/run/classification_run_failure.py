import logging
import re

from psycopg2 import Error as DatabaseError
from psycopg2.errors import QueryCanceled

from odoo import models
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import plaintext2html

_logger = logging.getLogger(__name__)

# Runs that somebody relies on without looking: those of the scheduled actions.
TOLD_KINDS = ("production", "product", "campaign")
# So many failures are looked through for the same cause.
LOOKED_BACK = 50


class ClassificationRun(models.Model):
    """A run that failed: why, in words, and to whom it is told."""

    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    def _failure(self, error):
        """Values that tell people what went wrong; the log has the traceback."""
        _logger.info("Classification run %s failed", self.id, exc_info=error)
        return {"state": "failed", "error": self._failure_sentence(error)}

    def _failure_sentence(self, error):
        """What people can understand of an error: never the text of a statement."""
        if isinstance(error, UserError):
            return error.args[0]
        if isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            return self.env._(
                "Other people were changing the same records all the time. The next "
                "run does the work."
            )
        if isinstance(error, QueryCanceled):
            return self.env._(
                "The work took longer than the database allows. Ask your administrator "
                "for a longer time limit."
            )
        reason = type(error).__name__
        if not isinstance(error, DatabaseError) and str(error).strip():
            reason = f"{reason}: {str(error).strip()}"
        return self.env._(
            "Something went wrong that nobody expected (%(reason)s). Ask your "
            "administrator: the log of the server tells more, see “Classification run "
            "%(run)s”.",
            reason=reason,
            run=self.id,
        )

    # Telling

    def _tell_of_failure(self):
        """Give the one who is responsible for the policy something to do, once a cause
        until it works again."""
        if not self._is_relied_on() or self._is_known_cause():
            return
        self._tell_manager(
            self.env._("A run failed: classes are not up to date"),
            plaintext2html(
                self.env._(
                    "%(error)s\n\nAll keep the classes that they had. Mend what the "
                    "sentence names; when a run works again, this activity is done by "
                    "itself.",
                    error=self.error,
                )
            ),
        )

    def _is_relied_on(self):
        return self.kind in TOLD_KINDS and self.scope != "some"

    def _is_known_cause(self):
        """Whether a run failed for the same reason since it worked the last time."""
        alike = [("company_id", "=", self.company_id.id), ("kind", "=", self.kind)]
        worked = self.sudo().search(
            [*alike, ("scope", "!=", "some"), ("state", "in", ("done", "waiting"))],
            order="id desc",
            limit=1,
        )
        failed = self.sudo().search(
            [
                *alike,
                ("scope", "!=", "some"),
                ("state", "=", "failed"),
                ("id", ">", worked.id or 0),
                ("id", "!=", self.id),
            ],
            order="id desc",
            limit=LOOKED_BACK,
        )
        return _cause(self.error) in {_cause(run.error) for run in failed}

    def _after_run(self):
        result = super()._after_run()
        if self._is_relied_on():
            self._settle_failures()
        return result

    def _settle_failures(self):
        """What was told of failures before is done: it works again. No query where
        nothing was told: the start of this run has looked."""
        told = self.sudo().browse(self.env.context.get("told_run_ids") or ())
        for run in told.exists().filtered(lambda run: run.kind == self.kind):
            run._settle_activities(self.env._("It works again."))


def _cause(error):
    """An error without its numbers, by which the same cause reads differently."""
    return re.sub(r"\d+", "#", error or "")
