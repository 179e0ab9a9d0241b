import logging
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tools import format_date

from ..common.access_groups import INSIGHT_GROUP
from ..common.classification_condition_mixin import NOT_OURS
from ..common.classification_reason_mixin import (
    failure_reason,
    kept_reason,
    kept_reason_field,
    plain_reason,
    reason_sentence,
    record_name,
)
from ..common.language import known_language
from ..common.punctuation import clauses, labelled

_logger = logging.getLogger(__name__)

REPORT_SELECTION = [
    ("customer_grading", "Customer Grading Report"),
    ("campaign", "Campaign Report"),
    ("tag", "Tag Report"),
]
# What Odoo says of a wkhtmltopdf that it can use; the pages need nothing from the web
# server, so that it may also have one worker alone.
_PDF_STATES = ("ok", "upgrade", "workers")
_PAGE = Markup(
    '<!DOCTYPE html><html><head><meta charset="utf-8"/></head><body>%s</body></html>'
)
# The field that names what a report is about.
_SUBJECTS = {"campaign": "campaign_ids", "tag": "tag_ids"}


class CustomerReportSchedule(models.Model):
    """A report that is mailed to chosen users every week or month.

    As a page in the mail, and as a PDF beside it where wkhtmltopdf is installed.

    It is of the last whole week (Monday to Sunday) or month, and goes out on the first
    day after it on which the scheduled action runs. Each receiver gets it with the own
    rights, in the own language: amounts are for those who may see all sales. Nothing
    is sent about periods that ended before the schedule was made.

    A mail that cannot be written stops no other, and a schedule that fails stops no
    other one. The reason is on the form and in *To Fix*, its author is told once, and
    it is tried again the next day.

    *Query budget*: for each schedule a few, and for each receiver those of the report.
    """

    _name = "customer.report.schedule"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Scheduled Report"
    _order = "report, id"
    _protected_fields = frozenset(("error_reason",))
    _kept_reason = "error_reason"  # for the list of what is to be fixed

    name = fields.Char(compute="_compute_name")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        index=True,
        default=lambda self: self.env.company,
    )
    report = fields.Selection(
        REPORT_SELECTION, required=True, default="customer_grading"
    )
    campaign_ids = fields.Many2many(
        "utm.campaign",
        relation="customer_report_schedule_campaign_rel",
        column1="schedule_id",
        column2="campaign_id",
        string="Campaigns",
        help="Those that had begun and were not over before the period, if none is "
        "chosen.",
    )
    tag_ids = fields.Many2many(
        "res.partner.category",
        relation="customer_report_schedule_tag_rel",
        column1="schedule_id",
        column2="tag_id",
        string="Tags",
    )
    interval = fields.Selection(
        [("week", "Every Week"), ("month", "Every Month")],
        string="How Often",
        required=True,
        default="week",
    )
    start_date = fields.Date(
        string="From",
        required=True,
        default=fields.Date.context_today,
        help="The first report is of the week or month that ends on this day or later.",
    )
    user_ids = fields.Many2many(
        "res.users",
        relation="customer_report_schedule_user_rel",
        column1="schedule_id",
        column2="user_id",
        string="Receivers",
        domain=[("share", "=", False)],
        help="Each gets what he or she may see, in the own language.",
    )
    sending_ids = fields.One2many(
        "customer.report.sending", "schedule_id", string="Sent", readonly=True
    )
    error_reason = kept_reason_field()
    problem_text = fields.Char(string="Not Sent", compute="_compute_problem_text")

    @api.depends("report", "interval")
    @api.depends_context("lang")
    def _compute_name(self):
        words = {
            name: dict(self._fields[name]._description_selection(self.env))
            for name in ("report", "interval")
        }
        for one in self:
            one.name = self.env._(
                "%(report)s (%(interval)s)",
                report=words["report"].get(one.report, ""),
                interval=words["interval"].get(one.interval, ""),
            )

    @api.depends("sending_ids.state", "sending_ids.reason", "error_reason")
    @api.depends_context("lang")
    def _compute_problem_text(self):
        for one, kept in zip(self, self.sudo(), strict=True):
            last = one.sending_ids[:1].period_date
            failed = one.sending_ids.filtered(
                lambda row, last=last: row.state == "failed" and row.period_date == last
            )
            one.problem_text = clauses(
                one.env,
                [
                    labelled(one.env, row.user_id.sudo().name, row.reason)
                    for row in failed
                ],
            )
            if not failed and kept.error_reason:
                one.problem_text = reason_sentence(one.env, kept.error_reason)

    @api.constrains("report", "tag_ids")
    def _check_subject(self):
        for one in self:
            if one.report == "tag" and not one.tag_ids:
                raise ValidationError(
                    self.env._("Choose the tags that the report is about.")
                )

    @api.constrains("user_ids")
    def _check_receivers(self):
        for one in self:
            if one.sudo().user_ids.filtered("share"):
                raise ValidationError(
                    self.env._("Reports are mailed to users of the company only.")
                )

    # Sending

    @api.model
    def _cron_send(self):
        """Write the mails that are due, one schedule after the other."""
        schedules = self.sudo().search([("active", "=", True)])
        for number, schedule in enumerate(schedules, 1):
            schedule._send_or_rest()
            left = len(schedules) - number
            self.env["ir.cron"]._commit_progress(1, remaining=left)

    def _send_or_rest(self):
        """Write the mails that are due, or note why not: others go on."""
        try:
            with self.env.cr.savepoint():
                reason = self._send()
        except NOT_OURS:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            _logger.info("Scheduled report %s failed: %s", self.id, error)
            reason = failure_reason(error)
        self._set_error(reason)

    def _send(self):
        """Write the mails of the last whole period, each once.

        :return: the reason to be kept where somebody got none, else False
        """
        self.ensure_one()
        first, last = self._period()
        if last < self.start_date:
            return False
        if not self.user_ids:
            return plain_reason("no_receivers")
        sendings = self.env["customer.report.sending"].sudo()
        failed = {}
        for user in self.user_ids.sorted("id"):
            row = sendings._claim(self, user, first)
            if row and (reason := self._send_to(user, row, first, last)):
                failed[user] = reason
        return self._reason_of(failed)

    @api.model
    def _reason_of(self, failed):
        """Return the reason of a schedule, of the first receiver without mail."""
        if not failed:
            return False
        user, reason = next(iter(failed.items()))
        words = {"user": record_name(user), "reason": kept_reason(reason)}
        if len(failed) == 1:
            return plain_reason("unsent_report", **words)
        return plain_reason("unsent_reports", count=len(failed), **words)

    def _set_error(self, reason):
        """Set the reason why the report was not sent; tell the author once.

        Again where it is another one, or where it was sent meanwhile.
        """
        if (self.error_reason or False) == reason:
            return
        self.error_reason = reason
        author = self.create_uid
        if not reason or not author.active or author.share:
            return
        own = self.with_context(lang=known_language(self.env, author.lang))
        self.env["mail.thread"].message_notify(
            partner_ids=author.partner_id.ids,
            subject=own.env._("Not sent: %s", own.name),
            body=reason_sentence(own.env, reason),
            model=self._name,
            res_id=self.id,
        )

    def _period(self):
        """Return the first and the last day of the last whole week or month."""
        history = self.env["classification.history"].with_company(self.company_id)
        today = history.with_context(allowed_company_ids=self.company_id.ids)._today()
        if self.interval == "week":
            last = today - timedelta(days=today.weekday() + 1)
            return last - timedelta(days=6), last
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last

    def _send_to(self, user, row, first, last):
        """Write the mail to one receiver, or note and return why not."""
        try:
            with self.env.cr.savepoint():
                values = self._mail_values(user, first, last)
                self.env["mail.mail"].sudo().create(values)
        except NOT_OURS:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            _logger.info("Report %s to %s failed: %s", self.id, user.id, error)
            reason = failure_reason(error)
            row._note_failure(reason_sentence(self.env, reason))
            return reason
        return False

    def _mail_values(self, user, first, last):
        """Return the values of a mail, as its receiver may see it.

        :raises UserError: the user may or can get none
        """
        self._check_receiver(user)
        reader = self.with_user(user).with_context(
            lang=known_language(self.env, user.lang),
            tz=user.tz,
            allowed_company_ids=self.company_id.ids,
        )
        sheets = reader._sheets(self.sudo(), first, last)
        words = reader.env
        subject = words._(
            "%(report)s: %(company)s, %(first)s to %(last)s",
            report=dict(self._fields["report"]._description_selection(words))[
                self.report
            ],
            company=self.company_id.name,
            first=format_date(words, first),
            last=format_date(words, last),
        )
        sender = self.company_id.partner_id
        body = words["ir.qweb"]._render(
            "customer_classification.report_sheets_mail",
            {"sheets": sheets, "open": words._("Open in Odoo")},
        )
        return {
            "subject": subject,
            "body_html": body,
            "attachment_ids": self._pdf_commands(subject, body),
            "author_id": sender.id,
            "email_from": sender.email_formatted or user.email_formatted,
            "recipient_ids": [Command.link(user.partner_id.id)],
            "auto_delete": True,
            "headers": {"X-Auto-Response-Suppress": "OOF"},
        }

    @api.model
    def _pdf_commands(self, name, body):
        """Return commands that attach a page as PDF, none without wkhtmltopdf.

        The file belongs to the message, and goes with it.
        """
        pdf = self._pdf(body)
        if not pdf:
            return []
        values = {
            "name": f"{name.replace('/', '-')}.pdf",
            "raw": pdf,
            "mimetype": "application/pdf",
            "res_model": "mail.message",
            "res_id": 0,
        }
        return [Command.create(values)]

    @api.model
    def _pdf(self, body):
        """Return a page as PDF, or None: the mail goes out all the same."""
        reports = self.env["ir.actions.report"].sudo()
        if reports.get_wkhtmltopdf_state() not in _PDF_STATES:
            return None
        try:
            return reports._run_wkhtmltopdf(
                [_PAGE % body],
                report_ref="customer_classification.report_campaign_action",
            )
        except (OSError, UserError):
            _logger.warning("No PDF of a scheduled report", exc_info=True)
            return None

    def _check_receiver(self, user):
        """Refuse receivers who may not see the report, or cannot be reached."""
        words = self.env
        if not user.active or user.share or not user.has_group(INSIGHT_GROUP):
            raise UserError(words._("This user may not see the report."))
        if self.company_id not in user.company_ids:
            raise UserError(words._("This user does not work in the company."))
        if not user.email:
            raise UserError(words._("This user has no e-mail address."))

    @api.model
    def _sheets(self, schedule, first, last):
        """Return the sheets with the rights of the reader.

        :param schedule: the schedule with superuser rights
        """
        model = f"report.customer_classification.report_{schedule.report}"
        if schedule.report == "customer_grading":
            return [self.env[model]._sheet(first - timedelta(days=1), last)]
        subjects = schedule[_SUBJECTS[schedule.report]]
        if schedule.report == "campaign" and not subjects:
            subjects = schedule._running_campaigns(first, last)
        readable = subjects.with_env(self.env)._filtered_access("read")
        if not readable:
            raise UserError(self.env._("There is nothing that this user may read."))
        return self.env[model]._sheets(readable)

    def _running_campaigns(self, first, last):
        """Return the campaigns of the company within a period: one query."""
        profiles = self.env["campaign.profile"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("start_date", "<=", last),
                *("|", ("end_date", "=", False), ("end_date", ">=", first)),
            ]
        )
        return profiles.campaign_id
