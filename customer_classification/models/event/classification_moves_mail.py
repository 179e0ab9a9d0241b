"""Weekly mail that names the customers who moved."""

import logging
from datetime import timedelta

from odoo import api, models
from odoo.fields import Command, Domain
from odoo.tools import SQL, format_date

from ..common.access_groups import MANAGER_GROUP
from ..common.language import known_language
from ..common.punctuation import clauses, labelled, listed
from ..customer.columns import STAGE_RANK
from ..history.classification_migration import RISK_RANK

_logger = logging.getLogger(__name__)

# Customers named in one mail; of the others it says how many there are.
NAMED = 20
USER_GROUP = "customer_classification.group_user"
# Kinds of moves, the most urgent first.
KINDS = ("fall", "leave", "risk", "rise", "other", "new")
_CLASSES = ("tier_id", "stage_id", "risk")


class ClassificationMovesMail(models.AbstractModel):
    """Weekly mail to salespeople and managers about the customers who moved.

    An option of the company, off by default. A week is from Monday to Sunday; its mail
    goes out on the next Monday, or on the first day after it on which the scheduled
    action runs. Salespeople read of their own customers, managers of all, each only of
    those whom he or she may see, in the own language. Who has nothing to read gets no
    mail. Classes are compared as of the Sundays, so that a customer who went there and
    back has not moved. No amounts are in it.

    The company keeps the Monday up to which its mails are written, in the transaction
    that writes them: none comes twice. Odoo's queue sends them one by one, so that one
    that cannot be sent stops no other.

    *Query budget*: for each company a few, and for each receiver three, for any number
    of customers.
    """

    _name = "classification.moves.mail"
    _description = "Weekly Mail of Moves"

    @api.model
    def _cron_send(self):
        """Write the mails of the companies that ask for them, one after the other."""
        companies = (
            self.env["res.company"].sudo().search([("customer_mails_moves", "=", True)])
        )
        for number, company in enumerate(companies, 1):
            self._write_mails(company)
            self.env["ir.cron"]._commit_progress(1, remaining=len(companies) - number)

    @api.model
    def _write_mails(self, company):
        """Write the mails about the last whole week, unless that was done."""
        monday = self._monday(company)
        if not self._claim(company, monday):
            return
        days = (monday - timedelta(days=8), monday - timedelta(days=1))
        movers = self._movers(company, *days)
        if not movers:
            return
        failed = {}
        for user in self._receivers(company, movers):
            try:
                with self.env.cr.savepoint():
                    self._write_mail(user, company, days, movers)
            except Exception as error:
                self.env.invalidate_all(flush=False)
                failed[user] = str(error) or type(error).__name__
        self._tell_failed(company, failed)

    @api.model
    def _monday(self, company):
        """Return the Monday of this week, where the company is."""
        history = self.env["classification.history"].with_company(company)
        today = history.with_context(allowed_company_ids=company.ids)._today()
        return today - timedelta(days=today.weekday())

    @api.model
    def _claim(self, company, monday):
        """Note that the mails up to a Monday are written; False if they were."""
        company.flush_recordset()
        claimed = self.env.execute_query(
            SQL(
                "UPDATE res_company SET customer_moves_mailed_until = %(monday)s"
                " WHERE id = %(company)s AND (customer_moves_mailed_until IS NULL"
                " OR customer_moves_mailed_until < %(monday)s) RETURNING id",
                monday=monday,
                company=company.id,
            )
        )
        company.invalidate_recordset(["customer_moves_mailed_until"])
        return bool(claimed)

    @api.model
    def _movers(self, company, first, last):
        """Return ``{salesperson id: ids of customers}`` with a change in a week.

        One query. Nothing in the week of the first classes of a company.
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT r.user_id, array_agg(DISTINCT r.id)
                  FROM (SELECT partner_id FROM classification_change
                         WHERE company_id = %(company)s AND valid_date > %(first)s
                           AND valid_date <= %(last)s
                         UNION
                        SELECT partner_id FROM classification_first_class
                         WHERE company_id = %(company)s AND valid_date > %(first)s
                           AND valid_date <= %(last)s) c
                  JOIN res_partner r ON r.id = c.partner_id
                 WHERE EXISTS (SELECT FROM classification_first_class
                                WHERE company_id = %(company)s
                                  AND valid_date <= %(first)s
                                UNION ALL
                               SELECT FROM classification_change
                                WHERE company_id = %(company)s
                                  AND valid_date <= %(first)s)
                 GROUP BY r.user_id
                """,
                company=company.id,
                first=first,
                last=last,
            )
        )
        return dict(rows)

    @api.model
    def _receivers(self, company, movers):
        """Return who may get a mail: managers, and salespeople of movers."""
        users = self.env["res.users"].sudo().with_context(active_test=True)
        domain = [
            ("share", "=", False),
            ("company_ids", "in", company.ids),
            ("partner_id.email", "!=", False),
            ("all_group_ids", "in", self.env.ref(USER_GROUP).ids),
            *("|", ("id", "in", [one for one in movers if one])),
            ("all_group_ids", "in", self.env.ref(MANAGER_GROUP).ids),
        ]
        return users.search(domain, order="id")

    # One mail

    @api.model
    def _write_mail(self, user, company, days, movers):
        """Write the mail of one receiver, if there is something to say."""
        ids = movers.get(user.id, [])
        if user.has_group(MANAGER_GROUP):
            ids = [one for found in movers.values() for one in found]
        reader = self._as_reader(user, company)
        moves = reader._moves(days, ids)
        if not any(moves.values()):
            return
        values = reader._mail_values(company, user, days, moves)
        self.env["mail.mail"].sudo().create(values)

    @api.model
    def _as_reader(self, user, company):
        """Look with the rights of a receiver, at one company, in the own language."""
        return self.with_user(user).with_context(
            lang=known_language(self.env, user.lang),
            tz=user.tz,
            allowed_company_ids=company.ids,
        )

    @api.model
    def _moves(self, days, ids):
        """Return ``{kind of move: ids of customers}`` that the user may see.

        One query.
        """
        groups = self._migration(days)._read_group(
            Domain("partner_id", "in", ids) & Domain("to_customer", "=", True),
            ["from_customer", *self._class_names()],
            ["partner_id:array_agg"],
        )
        found = {kind: [] for kind in KINDS}
        for was_customer, *classes, partner_ids in groups:
            before, now = classes[:3], classes[3:]
            if not was_customer:
                found["new"] += partner_ids
            elif before != now:
                found[self._kind_of(before, now)] += partner_ids
        return found

    @api.model
    def _class_names(self):
        return [f"{end}_{name}" for end in ("from", "to") for name in _CLASSES]

    @api.model
    def _migration(self, days):
        """Return the customers between two days."""
        model = self.env["classification.migration"]
        return model.with_context(history_from_date=days[0], history_date=days[1])

    @api.model
    def _kind_of(self, before, now):
        """Return the most urgent word for a move.

        :param before: tier, stage and risk before
        """
        (old_tier, old_stage, old_risk), (tier, stage, risk) = before, now
        places = [(-one.sudo().sequence, -one.id) for one in (old_tier, tier)]
        if old_tier and tier and places[1] < places[0]:
            return "fall"
        ranks = [STAGE_RANK.get(one.sudo().code, 0) for one in (old_stage, stage)]
        if ranks[1] < ranks[0] and stage.sudo().code in ("dormant", "lost"):
            return "leave"
        if risk == "high" or RISK_RANK.get(risk, 3) < RISK_RANK.get(old_risk, 3):
            return "risk" if old_risk != risk else "other"
        if places[1] > places[0] or ranks[1] > ranks[0]:
            return "rise"
        return "other"

    @api.model
    def _mail_values(self, company, user, days, moves):
        """Return the values of a mail in the language of its reader."""
        subject = self.env._(
            "%(company)s: customers who moved, %(first)s to %(last)s",
            company=company.name,
            first=format_date(self.env, days[0] + timedelta(days=1)),
            last=format_date(self.env, days[1]),
        )
        sections = self._sections(days, moves)
        named = sum(len(section["rows"]) for section in sections)
        body = self.env["ir.qweb"]._render(
            "customer_classification.moves_mail",
            {
                "title": subject,
                "sections": sections,
                "columns": self._labels(),
                "more": sum(map(len, moves.values())) - named,
                "url": f"{self.get_base_url()}/odoo/classification-changes",
            },
            lang=known_language(self.env, user.lang),
        )
        sender = company.sudo().partner_id
        return {
            "subject": subject,
            "body_html": body,
            "author_id": sender.id,
            "email_from": sender.email_formatted or user.sudo().email_formatted,
            "recipient_ids": [Command.link(user.partner_id.id)],
            "auto_delete": True,
            "headers": {"X-Auto-Response-Suppress": "OOF"},
        }

    @api.model
    def _labels(self):
        """Return the heads of the columns."""
        labels = self.env["classification.migration"]._fields
        names = ("partner_id", "user_id")
        customer, person = (
            labels[name]._description_string(self.env) for name in names
        )
        return [customer, self.env._("From"), self.env._("To"), person]

    @api.model
    def _sections(self, days, moves):
        """Return the titles, numbers and first customers of each kind of move.

        Two queries.
        """
        titles = {
            "fall": self.env._("Fell to a lower tier"),
            "leave": self.env._("Became dormant or lost"),
            "risk": self.env._("At a higher risk to leave"),
            "rise": self.env._("Rose"),
            "other": self.env._("Other moves"),
            "new": self.env._("New customers"),
        }
        named, left = {}, NAMED
        for kind, ids in moves.items():
            named[kind] = sorted(ids)[:left]
            left -= len(named[kind])
        wanted = [one for ids in named.values() for one in ids]
        model = self._migration(days)
        found = model.search([("partner_id", "in", wanted)])
        rows = {row.partner_id.id: self._row(row) for row in found}
        return [
            {
                "title": title,
                "count": len(moves[kind]),
                "rows": [rows[one] for one in named[kind] if one in rows],
            }
            for kind, title in titles.items()
            if moves[kind]
        ]

    @api.model
    def _row(self, row):
        """Return the cells of a customer: names, and the classes that moved."""
        before, now = [], []
        for name in _CLASSES:
            old, new = (self._word(row, f"{end}_{name}") for end in ("from", "to"))
            if old != new:
                before.append(old or "-")
                now.append(new or "-")
        return {
            "name": row.partner_id.display_name,
            "url": f"{self.get_base_url()}/odoo/res.partner/{row.partner_id.id}",
            "before": listed(self.env, before),
            "now": listed(self.env, now),
            "user": row.user_id.sudo().name or "",
        }

    @api.model
    def _word(self, row, name):
        field = row._fields[name]
        if field.relational:
            return row[name].name
        words = dict(field._description_selection(self.env))
        label = words.get(row[name])
        return label and self.env._("risk %(risk)s", risk=label.lower())

    # Failures

    @api.model
    def _tell_failed(self, company, failed):
        """Tell the person responsible for the policy who got no mail, and why."""
        if not failed:
            return
        _logger.info("%s mails of moves could not be written", len(failed))
        run = (
            self.env["classification.run"]
            .sudo()
            ._last_run_of_kind(company, "production")
        )
        run = run._for_responsible()
        lines = [
            labelled(run.env, user.name, reason) for user, reason in failed.items()
        ]
        note = run.env._("Some got no weekly mail: %s", clauses(run.env, lines))
        run._notify_manager(run.env._("Weekly mail of moves failed"), note)
