from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .classification_tag_kind import KINDS

LOCK_KEY = 190_417  # of pg_try_advisory_xact_lock; any number of our own
MANY = 100_000


class ClassificationTagRule(models.Model):
    """How rules run: all that match are found by one statement a rule, and what
    differs from what is there is written by a fixed number of statements for all."""

    # One file for each idea of a rule.
    _inherit = "classification.tag.rule"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _cron_run(self):
        """Run all rules, count the tags anew, look for doubles, remind the owners."""
        self._run()
        for kind in KINDS.values():
            self.env[kind.tag_model]._refresh_usage()
            self.env["classification.tag.usage"]._take(kind)
            self.env["classification.tag.duplicate"]._find(kind)
            self.env[kind.tag_model]._remind_owners()

    @api.model
    def _run(self):
        """Run the rules that are switched on.

        Seven queries a rule, of which one finds who matches and five are savepoints,
        and thirteen for each kind and level of rules that ask for other tags; none for
        records. What cannot be used rests, and all others run.

        :raises UserError: they are being run elsewhere
        """
        self.env.flush_all()
        self._lock_rules()
        # What a client has put into the context changes nothing.
        self = self.with_env(self.env(su=True, context={}))  # noqa: PLW0642
        rules = self.search([("state", "=", "running")])
        rules = rules.filtered(lambda rule: rule._tag().active)
        resting, asked = rules._resting()
        for level in (rules - resting)._levels(asked):
            for kind in KINDS.values():
                of_kind = level.filtered(lambda rule, kind=kind: rule.kind == kind.name)
                if of_kind:
                    resting |= of_kind._decide(kind)
        for kind in KINDS.values():
            if kind.name in rules.mapped("kind"):
                self.env[kind.model].invalidate_model([kind.field])
                self.env[kind.tag_model].sudo()._refresh_usage()
        self.env["classification.tag.link"].invalidate_model()

    def _lock_rules(self):
        [(taken,)] = self.env.execute_query(
            SQL("SELECT pg_try_advisory_xact_lock(%s)", LOCK_KEY)
        )
        if not taken:
            raise UserError(
                self.env._("The rules are being run right now. Try again in a minute.")
            )

    def _resting(self):
        """Rules that cannot be used, and what the others ask for.

        Those that keep the same tag as one that cannot be used rest, too: half of the
        tag would be taken away.

        :return: ``(rules, {rule: tags that it asks for})``; the reason is on the rules
        """
        asked = {}
        for rule in self:
            try:
                asked[rule] = rule._in_words()._read()
            except UserError as error:
                rule._rest(error.args[0])
        usable = self.filtered(lambda rule: rule in asked)
        while circle := usable._circle(asked):
            waiting = usable.filtered(lambda rule: rule._node() in circle)  # noqa: B023
            for rule in waiting:
                rule._rest(rule._in_words()._circle_sentence(circle))
            usable -= waiting
        return self._same_tags(self - usable), asked

    def _read(self):
        """Have the condition read once; return the tags that it asks for.

        :raises UserError: it cannot be used, or its responsible may not read it
        """
        self._responsible_condition().try_out()
        return self._asked_tags()

    def _in_words(self):
        """The rule in the language of its responsible, who is to read why it rests."""
        return self.with_context(lang=self.responsible_id.lang)

    def _same_tags(self, rules):
        """Those that keep a tag that some of the rules keep."""
        tags = rules._tag_keys()
        return self.filtered(lambda rule: rule._tag_keys() <= tags)

    def _tag_keys(self):
        return {(rule.kind, rule._tag().id) for rule in self}

    def _rest(self, reason):
        """Say why a rule gives and takes nothing; once to its owner, too."""
        if self.error == reason:
            return
        self.error = reason
        owners = self._tag().tag_owner_id | self.responsible_id
        for user in owners.filtered("active"):
            tag = self._tag().with_context(lang=user.lang)
            self.env["mail.thread"].message_notify(
                partner_ids=user.partner_id.ids,
                subject=tag.env._("The rule of the tag %s rests", tag.display_name),
                body=reason,
                model=tag._name,
                res_id=tag.id,
            )

    def _decide(self, kind):
        """Run rules of one kind, none of which waits for another; return those that
        the database could not run."""
        self.env.cr.execute(
            "CREATE TEMPORARY TABLE tmp_tag_match (tag int, record int) ON COMMIT DROP"
        )
        failed = self.browse()
        for rule in self:
            if not rule._match():
                failed |= rule
        rules = self - self._same_tags(failed)
        tags = self.env[kind.tag_model].sudo().browse({r._tag().id for r in rules})
        names = self._names(kind, tags)
        self._execute(
            *(_NOTICE_REMOVED, _NOTICE_GIVEN, _WANTED_PLAIN, _WANTED_EXCLUSIVE),
            *("ANALYZE tmp_tag_wanted", _MISSING, _GIVE),
            **names,
        )
        if self.env.cr.rowcount > MANY:
            # The database would plan what follows for the small tables of before,
            # until it looks at them by itself.
            self._execute("ANALYZE classification_tag_link, %(relation)s", **names)
        self._execute(
            *(_TAKE, _DISPLACE, _FORGET_DISPLACED),
            "DROP TABLE tmp_tag_match, tmp_tag_wanted, tmp_tag_missing",
            **names,
        )
        return self - rules

    def _execute(self, *statements, **names):
        for statement in statements:
            self.env.cr.execute(SQL(statement, **names))

    def _match(self):
        """Add who matches to the temporary table; False where the database refuses."""
        try:
            condition = self._in_words()._responsible_condition()
            with condition.guarded():
                self.env.cr.execute(
                    SQL(
                        "INSERT INTO tmp_tag_match SELECT %s, m.id FROM %s m",
                        self._tag().id,
                        condition.ids(),
                    ),
                    log_exceptions=False,
                )
                matched = self.env.cr.rowcount
        except UserError as error:
            self._rest(error.args[0])
            return False
        self.write(
            {
                "matched_count": matched,
                "last_run_date": fields.Datetime.now(),
                "error": False,
            }
        )
        return True

    def _names(self, kind, tags):
        """What the statements name, as SQL."""
        exclusive = tags.filtered(lambda tag: tag.parent_id.tag_is_exclusive)
        return {
            "relation": kind.table,
            "rel_tag": kind.tag,
            "rel_record": kind.record,
            "tags": kind.tag_table,
            "tag": kind.tag_key,
            "record": kind.record_key,
            "kind": kind.name,
            "all": tags.ids,
            "plain": (tags - exclusive).ids,
            "exclusive": exclusive.ids,
            "now": SQL("now() AT TIME ZONE 'UTC'"),
        }


# None of these rows names its author: a rule is nobody, and the database would look up
# two users for each of millions of rows.

# What a person took away or gave behind our back is a person's, too.
_NOTICE_REMOVED = """
WITH gone AS (
    UPDATE classification_tag_link l
       SET state = 'removed', origin = 'person', user_id = NULL, write_date = %(now)s
     WHERE l.%(tag)s = ANY(%(all)s) AND l.state = 'present' AND NOT EXISTS (
           SELECT FROM %(relation)s r
            WHERE r.%(rel_tag)s = l.%(tag)s AND r.%(rel_record)s = l.%(record)s)
 RETURNING l.%(tag)s AS tag, l.%(record)s AS record)
INSERT INTO classification_tag_change
       (kind, %(tag)s, %(record)s, action, origin, create_date, write_date)
SELECT %(kind)s, gone.tag, gone.record, 'removed', 'person', %(now)s, %(now)s
  FROM gone
"""
_NOTICE_GIVEN = """
UPDATE classification_tag_link l
   SET state = 'present', origin = 'person', user_id = NULL, write_date = %(now)s
 WHERE l.%(tag)s = ANY(%(all)s) AND l.state <> 'present' AND EXISTS (
       SELECT FROM %(relation)s r
        WHERE r.%(rel_tag)s = l.%(tag)s AND r.%(rel_record)s = l.%(record)s)
"""
_WANTED_PLAIN = """
CREATE TEMPORARY TABLE tmp_tag_wanted ON COMMIT DROP AS
SELECT DISTINCT m.tag, m.record
  FROM tmp_tag_match m
 WHERE m.tag = ANY(%(plain)s) AND NOT EXISTS (
       SELECT FROM classification_tag_link l
        WHERE l.%(tag)s = m.tag AND l.%(record)s = m.record AND l.state = 'removed'
          AND l.kind = %(kind)s)
"""
# Of an exclusive group: what a person gave stands; then what matches since now, then
# what is there; among equals the first of the tree.
_WANTED_EXCLUSIVE = """
INSERT INTO tmp_tag_wanted
SELECT tag, record FROM (
    SELECT m.tag, m.record, row_number() OVER (
               PARTITION BY t.parent_id, m.record
               ORDER BY CASE l.state WHEN 'present' THEN 1 WHEN 'displaced' THEN 2
                             ELSE 0 END, t.tag_sort_key, t.id) AS place
      FROM (SELECT DISTINCT tag, record FROM tmp_tag_match
             WHERE tag = ANY(%(exclusive)s)) m
      JOIN %(tags)s t ON t.id = m.tag
      LEFT JOIN classification_tag_link l
        ON l.%(tag)s = m.tag AND l.%(record)s = m.record
     WHERE l.state IS DISTINCT FROM 'removed' AND NOT EXISTS (
           SELECT FROM %(relation)s r
             JOIN %(tags)s s ON s.id = r.%(rel_tag)s AND s.parent_id = t.parent_id
             LEFT JOIN classification_tag_link own
               ON own.%(tag)s = s.id AND own.%(record)s = m.record
            WHERE r.%(rel_record)s = m.record AND s.id <> m.tag
              AND own.origin IS DISTINCT FROM 'rule')
    ) ranked
 WHERE place = 1
"""
# A table of its own: to look into a relation while it grows is to look again and again
# through all that has just been written.
_MISSING = """
CREATE TEMPORARY TABLE tmp_tag_missing ON COMMIT DROP AS
SELECT w.tag, w.record FROM tmp_tag_wanted w
 WHERE NOT EXISTS (
       SELECT FROM %(relation)s r
        WHERE r.%(rel_tag)s = w.tag AND r.%(rel_record)s = w.record)
 ORDER BY w.tag, w.record
"""
_GIVE = """
WITH given AS (
    INSERT INTO %(relation)s (%(rel_tag)s, %(rel_record)s)
    SELECT m.tag, m.record FROM tmp_tag_missing m
        ON CONFLICT DO NOTHING
 RETURNING %(rel_tag)s AS tag, %(rel_record)s AS record
), linked AS (
    INSERT INTO classification_tag_link
           (kind, %(tag)s, %(record)s, state, origin, create_date, write_date)
    SELECT %(kind)s, g.tag, g.record, 'present', 'rule', %(now)s, %(now)s
      FROM given g
        ON CONFLICT (%(tag)s, %(record)s) WHERE %(tag)s IS NOT NULL
        DO UPDATE SET state = 'present', origin = 'rule', user_id = NULL,
           write_date = EXCLUDED.write_date
)
INSERT INTO classification_tag_change
       (kind, %(tag)s, %(record)s, action, origin, create_date, write_date)
SELECT %(kind)s, g.tag, g.record, 'added', 'rule', %(now)s, %(now)s
  FROM given g
"""
_TAKE = """
WITH lost AS (
    DELETE FROM classification_tag_link l
     WHERE l.%(tag)s = ANY(%(all)s) AND l.state = 'present' AND l.origin = 'rule'
       AND NOT EXISTS (
           SELECT FROM tmp_tag_wanted w
            WHERE w.tag = l.%(tag)s AND w.record = l.%(record)s)
 RETURNING l.%(tag)s AS tag, l.%(record)s AS record
), taken AS (
    DELETE FROM %(relation)s r USING lost
     WHERE r.%(rel_tag)s = lost.tag AND r.%(rel_record)s = lost.record
)
INSERT INTO classification_tag_change
       (kind, %(tag)s, %(record)s, action, origin, origin_before, create_date,
        write_date)
SELECT %(kind)s, lost.tag, lost.record, 'removed', 'rule', 'rule', %(now)s, %(now)s
  FROM lost
"""
# Who gives way is remembered, or it would count as new the next time.
_DISPLACE = """
INSERT INTO classification_tag_link
       (kind, %(tag)s, %(record)s, state, origin, create_date, write_date)
SELECT DISTINCT %(kind)s, m.tag, m.record, 'displaced', 'rule', %(now)s, %(now)s
  FROM tmp_tag_match m
 WHERE m.tag = ANY(%(exclusive)s) AND NOT EXISTS (
       SELECT FROM tmp_tag_wanted w WHERE w.tag = m.tag AND w.record = m.record)
   AND NOT EXISTS (
       SELECT FROM %(relation)s r
        WHERE r.%(rel_tag)s = m.tag AND r.%(rel_record)s = m.record)
    ON CONFLICT DO NOTHING
"""
_FORGET_DISPLACED = """
DELETE FROM classification_tag_link l
 WHERE l.%(tag)s = ANY(%(exclusive)s) AND l.state = 'displaced' AND NOT EXISTS (
       SELECT FROM tmp_tag_match m WHERE m.tag = l.%(tag)s AND m.record = l.%(record)s)
"""
