"""The execution of one run: attempts, progress and ending."""

import time
from contextlib import contextmanager

from odoo import fields

from .failure import failure_values, report_failure, retryable_error, settle_failures

# Number of attempts when other transactions change the run's rows.
ATTEMPTS = 3


def running_values():
    """Return the values of a run that is being executed."""
    return {
        "state": "running",
        "start_date": fields.Datetime.now(),
        "step": "collect",
        "progress": 5,
    }


class Execution:
    """Executes one run, of any kind.

    In the transaction of a caller, everything is undone with it. A scheduled action
    commits between the steps, so that the progress is seen; the writing is one
    transaction, so that a killed run leaves all in the old or in the new state.

    :param run: the run, as the program itself sees it
    :param commits: whether the transaction is the run's own, else the caller's
    :param subject_ids: the only subjects of this run, all by default
    :param last: the last run of the kind, where it is known
    :param failed: failed runs of the company that have an open activity
    """

    def __init__(self, run, commits=False, subject_ids=None, last=None, failed=None):
        run.ensure_one()
        self.run = run
        self.commits = commits
        self.subject_ids = subject_ids
        self.last = last
        self.watermark = None
        self._failed = failed
        self._started = time.monotonic()

    def execute(self):
        """Do the work and return the run; a failure is written on the run.

        :raises OperationalError: in the transaction of a caller, after a conflict
            with another one: Odoo repeats the caller's request
        """
        self._started = time.monotonic()
        if self.run.state != "running":
            self.run.write(running_values())
        self.watermark = self.run._pipeline(self).next_watermark()
        self.commit()
        failure = self._attempt()
        if failure:
            self._end(failure)
            report_failure(self.run)
        return self.run

    def set_step(self, step, progress):
        """Write the progress, which others see where the run commits."""
        self.run.write({"step": step, "progress": progress})
        self.commit()

    def commit(self):
        """Commit, in a transaction that is the run's own."""
        if self.commits:
            self.run.env["ir.cron"]._commit_progress()

    def _attempt(self):
        """Run the pipeline, again after a conflict with another transaction.

        :return: values of a failed run, else nothing
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._undo_on_error():
                    self._run_pipeline()
                return {}
            except Exception as error:
                retryable = retryable_error(error)
                if retryable and not self.commits:
                    raise retryable from error
                if not retryable or attempt == ATTEMPTS:
                    return failure_values(self.run, retryable or error)

    def _run_pipeline(self):
        """Run the phases of the run's kind and write its end."""
        pipeline = self.run._pipeline(self)
        state = pipeline.run_phases()
        self._end({"state": state, "progress": 100, "error_reason": False})
        if state == "waiting":
            self.run._ask_for_approval()
        pipeline.after_run()
        settle_failures(self.run, self._failed)

    def _end(self, values):
        """Write the end of the run and its outcome."""
        self.run.write(
            {
                **values,
                "end_date": fields.Datetime.now(),
                "duration": time.monotonic() - self._started,
            }
        )

    @contextmanager
    def _undo_on_error(self):
        """Roll back the writes of a failed attempt, and nothing else."""
        if not self.commits:
            with self.run.env.cr.savepoint():
                yield
            return
        try:
            yield
            self.commit()
        except Exception:
            self.run.env.cr.rollback()
            raise
