"""Changes made in SQL by runs and rules, to be passed on to Odoo."""

import logging
from contextlib import contextmanager

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.orm.models import NO_ACCESS
from odoo.tools import SQL

from ..common.access_groups import MANAGER_GROUP
from ..common.called_records import check_records
from ..common.classification_condition_mixin import NOT_OURS
from ..common.classification_reason_mixin import failure_reason, kept_reason_field
from ..common.language import known_language
from ..customer.first_classes import all_changes

_logger = logging.getLogger(__name__)

# Events that one transaction passes on.
BATCH = 2_500


class ClassificationEvent(models.Model):
    """A record with changed classes or tags, until Odoo is notified.

    Runs and rules of tags write by SQL, which nothing in Odoo notices. So they leave a
    row for each customer, product or campaign here, in the transaction of the change
    and only where somebody listens (:meth:`_listens`). A scheduled action takes the
    rows in batches, passes them on and deletes them in one transaction: a killed
    server has passed on all of a batch or nothing of it.

    Previews, back-tests, corrections of the past and the first run of a company leave
    no rows. A row that cannot be passed on is kept with its reason and stops nothing
    else.
    """

    _name = "classification.event"
    _inherit = "classification.reason.mixin"
    _description = "Change to Pass On"
    _order = "id"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
    )
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
    )
    campaign_id = fields.Many2one(
        "utm.campaign", readonly=True, ondelete="cascade", index="btree_not_null"
    )
    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade")
    run_id = fields.Many2one(
        "classification.run", string="Found By", readonly=True, ondelete="cascade"
    )
    create_date = fields.Datetime(string="Recorded On", readonly=True)
    is_new = fields.Boolean(string="First Classes", readonly=True)
    # {field of the profile: class before}
    classes_before = fields.Json(readonly=True, groups=NO_ACCESS)
    change_ids = fields.Json(string="Changes", readonly=True, groups=NO_ACCESS)
    # {"added": ids of tags, "removed": ids of tags}
    tags = fields.Json(readonly=True, groups=NO_ACCESS)
    error_reason = kept_reason_field()
    error = fields.Char(
        string="Why Not Passed On",
        compute="_compute_told_reason",
        search="_search_told_reason",
    )

    _waiting_index = models.Index("(id) WHERE error_reason IS NULL")
    _one_subject = models.Constraint(
        "CHECK (num_nonnulls(partner_id, product_tmpl_id, campaign_id) = 1)",
        "A change is that of one customer, product or campaign.",
    )

    @api.depends(
        "partner_id.display_name",
        "product_tmpl_id.display_name",
        "campaign_id.display_name",
    )
    def _compute_display_name(self):
        for event in self:
            event.display_name = event._subject().display_name

    def _subject(self):
        """Return the customer, product or campaign that changed."""
        return self.partner_id or self.product_tmpl_id or self.campaign_id

    # Noting

    @api.model
    def _listens(self, run):
        """Return whether anybody wants to know of the changes of a run.

        Override to extend.
        """
        return run.kind == "production" and run.company_id.customer_notes_moves

    @api.model
    def _listens_to_tags(self):
        """Return whether anybody wants to know of tags. Override to extend."""
        return False

    @api.model
    def _note_moves(self, run):
        """Keep the records that moved in a run.

        Two queries, or none where nobody listens.
        """
        if not self._listens(run) or self._is_first(run):
            return
        self.env.cr.execute(_NOTES[run.kind](run))
        self._wake(self.env.cr.rowcount)

    @api.model
    def _listens_to_segments(self, run):
        """Return whether anybody wants to know of segments. Override to extend."""
        return False

    @api.model
    def _note_segments(self, run, before):
        """Keep whose segment a run changed.

        One query, or none where nobody listens.

        :param before: ``{customer id: id of the segment before, or 0}``
        """
        if not before or not self._listens_to_segments(run) or self._is_first(run):
            return
        ids, segments = list(before), list(before.values())
        self.env.cr.execute(SQL(_NOTE_SEGMENTS, run=run.id, ids=ids, segments=segments))
        self._wake(self.env.cr.rowcount)

    @api.model
    def _is_first(self, run):
        """Return whether the company had no classes before a run."""
        return not run.search_count(
            [
                ("company_id", "=", run.company_id.id),
                ("kind", "=", run.kind),
                ("state", "=", "done"),
                ("scope", "=", "all"),
                ("id", "<", run.id),
            ],
            limit=1,
        )

    @api.model
    @contextmanager
    def _noting_tags(self):
        """Keep whose tags are given or taken by SQL in a block: two queries.

        None where nobody listens.
        """
        if not self._listens_to_tags():
            yield
            return
        self.env.flush_all()
        [(last,)] = self.env.execute_query(
            SQL("SELECT COALESCE(max(id), 0) FROM classification_tag_change")
        )
        yield
        self.env.cr.execute(SQL(_NOTE_TAGS, last=last))
        self._wake(self.env.cr.rowcount)

    @api.model
    def _wake(self, count):
        """Have the scheduled action look, once the transaction is through."""
        if count:
            self.env.ref("customer_classification.ir_cron_events")._trigger()

    # Passing on

    @api.model
    def _cron_deliver(self):
        """Pass on waiting events, batch by batch."""
        cron = self.env["ir.cron"]
        while batch := self._next_batch():
            batch._deliver_or_keep()
            waiting = self.search_count([("error_reason", "=", False)])
            if not cron._commit_progress(len(batch), remaining=waiting):
                break

    @api.model
    def _next_batch(self):
        """Lock the next waiting events that no other transaction is passing on."""
        self.env.flush_all()
        query = SQL(
            "SELECT id FROM classification_event WHERE error_reason IS NULL"
            " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            BATCH,
        )
        return self.browse(row[0] for row in self.env.execute_query(query))

    def _deliver_or_keep(self):
        """Pass events on, each by itself where they cannot go together.

        Failed events are kept with their reason.
        """
        done = self.browse()
        for events in self._groups():
            if events._try_to_deliver():
                done |= events
                continue
            for event in events if len(events) > 1 else ():
                if event._try_to_deliver():
                    done |= event
        failed = self.exists() - done
        done.unlink()
        if failed:
            _logger.info("%s changes could not be passed on", len(failed))

    def _groups(self):
        """Return groups of events: of one run, with each record once."""
        groups = []
        for events in self.grouped("run_id").values():
            while events:
                first = {}
                for event in events:
                    first.setdefault(event._subject(), event)
                group = self.browse(event.id for event in first.values())
                groups.append(group)
                events -= group
        return groups

    def _try_to_deliver(self):
        """Pass these events on; return whether it went well."""
        try:
            with self.env.cr.savepoint():
                self._deliver()
            return True
        except NOT_OURS:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if len(self) == 1:
                self.error_reason = failure_reason(error)
            return False

    def _deliver(self):
        """Pass these events on. Override to extend.

        The events are of one run, each of another record.
        """
        self._post_moves()

    def action_try_again(self):
        """Pass these events on once more."""
        check_records(self)
        if not self.env.user.has_group(MANAGER_GROUP):
            raise AccessError(
                self.env._("Only managers of the classification may do this.")
            )
        self.sudo().error_reason = False
        self._wake(len(self))

    # Conversations of contacts

    def _post_moves(self):
        """Log the moves on the contacts, in the language of the company."""
        customers = self.filtered("partner_id")
        for company, events in customers.grouped("company_id").items():
            if company.customer_notes_moves:
                lang = known_language(self.env, company.partner_id.lang)
                events.with_context(lang=lang)._log_moves()

    def _log_moves(self):
        bodies = {
            partner.id: Markup("<br/>").join(changes.mapped(self._move_words))
            for partner, changes in self._changes().grouped("partner_id").items()
        }
        self.env["res.partner"].browse(bodies)._message_log_batch(bodies=bodies)

    @api.model
    def _move_words(self, change):
        """Return the words for a move, without any amount."""
        axes = dict(change._fields["axis"]._description_selection(self.env))
        [(old, new)] = change._end_labels()
        return self.env._(
            "%(axis)s: %(old)s → %(new)s",
            axis=axes[change.axis],
            old=old or "-",
            new=new or "-",
        )

    def _changes(self, model="classification.change"):
        """Return the changes of these events that still exist."""
        ids = [one for event in self for one in event.change_ids or ()]
        return self.env[model].browse(ids).exists()


def _note_customers(run):
    """Return SQL that notes the customers who moved in a run."""
    return SQL(
        _NOTE_MOVES,
        subject=SQL.identifier("partner_id"),
        is_new=SQL("bool_or(direction = 'first' AND axis = 'value_tier')"),
        field=SQL(
            "CASE axis WHEN 'value_tier' THEN 'value_tier_id'"
            " WHEN 'lifecycle_stage' THEN 'lifecycle_stage_id' ELSE 'churn_risk' END"
        ),
        before=SQL(
            "CASE axis WHEN 'value_tier' THEN to_jsonb(from_tier_id)"
            " WHEN 'lifecycle_stage' THEN to_jsonb(from_stage_id)"
            " ELSE to_jsonb(from_risk) END"
        ),
        changes=all_changes(_CUSTOMER_COLUMNS),
        noted=SQL("is_correction IS NOT TRUE"),
        run=run.id,
    )


def _note_others(table, subject, field):
    """Return ``(run)``: SQL that notes the products or campaigns it moved.

    Those without an earlier change have their first classes.

    :param field: SQL of the field of profiles that moved
    """

    def note(run):
        names = {
            "subject": SQL.identifier(subject),
            "changes": SQL("SELECT * FROM %s", SQL.identifier(table)),
            "run": run.id,
        }
        is_new = SQL(_WITHOUT_EARLIER, **names)
        return SQL(
            _NOTE_MOVES,
            **names,
            is_new=is_new,
            field=SQL(field),
            before=SQL("to_jsonb(from_class)"),
            noted=SQL("TRUE"),
        )

    return note


_CUSTOMER_COLUMNS = (
    *("id", "partner_id", "company_id", "run_id", "axis", "is_correction"),
    *("from_tier_id", "from_stage_id", "from_risk", "direction"),
)
# {kind of run: function (run) that returns the SQL which notes whom it moved}
_NOTES = {
    "production": _note_customers,
    "product": _note_others(
        "product_class_change",
        "product_tmpl_id",
        "CASE axis WHEN 'abc' THEN 'abc_class' WHEN 'xyz' THEN 'xyz_class'"
        " ELSE axis END",
    ),
    "campaign": _note_others(
        "campaign_class_change", "campaign_id", "'performance_class'"
    ),
}
_WITHOUT_EARLIER = """
    NOT EXISTS (SELECT FROM (%(changes)s) e
                 WHERE e.%(subject)s = c.%(subject)s AND e.company_id = c.company_id
                   AND e.run_id IS DISTINCT FROM %(run)s)
"""
# One row a record; {field: class before} of the axes that moved.
_NOTE_MOVES = """
    INSERT INTO classification_event
           (%(subject)s, company_id, run_id, create_date, is_new, classes_before,
            change_ids)
    SELECT %(subject)s, company_id, run_id, now() AT TIME ZONE 'UTC', %(is_new)s,
           jsonb_object_agg(%(field)s, %(before)s), jsonb_agg(id)
      FROM (%(changes)s) c
     WHERE run_id = %(run)s AND %(noted)s
     GROUP BY %(subject)s, company_id, run_id
"""

# Beside the row of moved classes: segments have no changes of their own.
_NOTE_SEGMENTS = """
    INSERT INTO classification_event
           (partner_id, company_id, run_id, create_date, is_new, classes_before)
    SELECT n.id, r.company_id, r.id, now() AT TIME ZONE 'UTC', FALSE,
           jsonb_build_object('segment_id', NULLIF(n.segment, 0))
      FROM classification_run r, unnest(%(ids)s, %(segments)s) n (id, segment)
     WHERE r.id = %(run)s
"""

# One row a contact, of the changes of tags that this transaction made after one.
_NOTE_TAGS = """
    INSERT INTO classification_event (partner_id, create_date, tags)
    SELECT partner_id, now() AT TIME ZONE 'UTC', jsonb_build_object(
               'added', COALESCE(jsonb_agg(DISTINCT partner_tag_id)
                                 FILTER (WHERE action = 'added'), '[]'),
               'removed', COALESCE(jsonb_agg(DISTINCT partner_tag_id)
                                   FILTER (WHERE action = 'removed'), '[]'))
      FROM classification_tag_change
     WHERE id > %(last)s AND kind = 'partner' AND partner_id IS NOT NULL
       AND partner_tag_id IS NOT NULL
     GROUP BY partner_id
"""
