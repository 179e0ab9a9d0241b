from datetime import timedelta

from odoo import api, fields, models


class ClassificationRunTimeMixin(models.AbstractModel):
    """Durations of runs, by the last one of the same kind over all."""

    _name = "classification.run.time.mixin"
    _description = "Duration of Runs"

    remaining_text = fields.Char(
        string="Time Left",
        compute="_compute_remaining_text",
        help="By the last run of the same kind over all.",
    )

    @api.depends("state", "progress", "start_date", "kind", "scope", "company_id")
    @api.depends_context("lang")
    def _compute_remaining_text(self):
        """From what the last run took and what has passed since the start.

        One query a run that is under way, of which a form shows one.
        """
        now = fields.Datetime.now()
        for run in self:
            is_under_way = run.state == "running" and run.scope == "all"
            seconds = is_under_way and run._usual_seconds(run.company_id, run.kind)
            run.remaining_text = seconds and run._remaining(seconds, now)

    def _remaining(self, seconds, now):
        """Return the words for the time that is left of a run."""
        end = (self.start_date or now) + timedelta(seconds=seconds)
        if end <= now:
            return self.env._("It takes longer than the last one.")
        return self.env._(
            "%s left, by the last run.",
            self._time_words((end - now).total_seconds()),
        )

    @api.model
    def _usual_seconds(self, company, kind):
        """Return how long the last run of a kind over all took, 0 without any.

        One query.
        """
        run = self.sudo().search_fetch(
            [
                # A form that is not saved may name any company.
                ("company_id", "in", (company & self.env.companies).ids),
                ("kind", "=", kind),
                ("scope", "=", "all"),
                ("state", "in", ("done", "waiting", "rejected")),
                ("duration", ">", 0),
            ],
            ["duration"],
            order="id desc",
            limit=1,
        )
        return run.duration

    @api.model
    def _usual_time_text(self, company, kinds):
        """Return the expected duration, by the last run of the first known kind.

        :param kinds: kinds of runs, the most alike first
        """
        for kind in kinds:
            seconds = self._usual_seconds(company, kind)
            if seconds:
                return self.env._(
                    "A run over all takes %s, as the last one did.",
                    self._time_words(seconds),
                )
        return self.env._("How long a run takes is known after the first one.")

    @api.model
    def _time_words(self, seconds):
        """Return a duration in the largest unit that says enough."""
        if seconds < 1:
            return self.env._("less than a second")
        if seconds < 90:
            return self.env._("about %s s", round(seconds))
        if seconds < 90 * 60:
            return self.env._("about %s min", round(seconds / 60))
        return self.env._("about %s h", round(seconds / 3600, 1))
