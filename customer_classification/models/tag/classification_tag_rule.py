from graphlib import CycleError, TopologicalSorter

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one, check_records
from ..common.classification_condition_mixin import Condition
from ..common.classification_reason_mixin import (
    chained,
    kept_reason_field,
    reason_of,
    reason_sentence,
    record_name,
    refusal,
)
from ..common.language import known_language
from ..common.profiling import MAY_BE_PROFILED, NOT_OBJECTING
from .classification_tag_domain import asked_tags
from .classification_tag_kind import KINDS

WHAT_IT_SAYS = frozenset(
    ("kind", "partner_tag_id", "product_tag_id", "campaign_tag_id", "domain")
    + ("company_id",)
)

LOCK_KEY = 190_417  # of pg_try_advisory_xact_lock; any number of our own
MANY = 100_000


class ClassificationTagRule(models.Model):
    """Rule of a smart tag: matching records have it, others do not.

    A rule takes away only tags that a rule gave, and does not give again a tag that a
    person took away. It is drafted, looked at in a preview, and then switched on. Its
    condition finds the records that its responsible may read: the user who wrote it, or
    switched it on last.
    """

    _name = "classification.tag.rule"
    _inherit = [
        "classification.bounds.mixin",
        "classification.condition.mixin",
        "classification.protected.mixin",
        "classification.reason.mixin",
    ]
    _description = "Rule of a Smart Tag"
    _order = "kind, partner_tag_id, product_tag_id, campaign_tag_id, id"
    _rec_names_search = ["partner_tag_id", "product_tag_id", "campaign_tag_id"]
    _condition_texts = ("domain",)
    _condition_fields = WHAT_IT_SAYS
    _protected_fields = frozenset(
        ("state", "error_reason", "last_run_date", "matched_count", "readers")
        + ("preview_date", "preview_user_id", "preview_matched", "preview_added")
        + ("preview_removed", "preview_kept_off", "preview_revenue", "responsible_id")
    )

    name = fields.Char(compute="_compute_name", search="_search_name")
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [("partner", "Contacts"), ("product", "Products"), ("campaign", "Campaigns")],
        required=True,
        default="partner",
        string="Tags",
    )
    model_name = fields.Char(compute="_compute_model_name")
    partner_tag_id = fields.Many2one(
        "res.partner.category", string="Contact Tag", ondelete="cascade", index=True
    )
    product_tag_id = fields.Many2one("product.tag", ondelete="cascade", index=True)
    campaign_tag_id = fields.Many2one("utm.tag", ondelete="cascade", index=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
        help="Whose classes and numbers the condition looks at.",
    )
    domain = fields.Char(
        string="Condition",
        default="[]",
        required=True,
        help="Fields of the record, its classes and numbers, other tags, and dates "
        "such as “today -30d”.",
    )
    responsible_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.uid,
        copy=False,
        readonly=True,
        index=True,
        help="Who wrote the condition, or switched it on last. It finds what this "
        "person may read.",
    )
    readers = fields.Selection(
        [
            ("all", "Everybody"),
            ("amounts", "Who Sees Amounts"),
            ("own", "The Responsible"),
        ],
        string="Shown To",
        compute="_compute_readers",
        store=True,
        copy=False,
        help="Who may read all that the condition asks for.",
    )
    note = fields.Text(
        string="What It Means", translate=True, help="For people who meet the tag."
    )
    state = fields.Selection(
        [("draft", "Draft"), ("running", "Running")],
        default="draft",
        required=True,
        copy=False,
        readonly=True,
    )
    error_reason = kept_reason_field()
    error = fields.Char(
        string="Why It Rests",
        compute="_compute_told_reason",
        search="_search_told_reason",
        help="A rule that cannot be read gives and takes nothing.",
    )
    last_run_date = fields.Datetime(string="Last Run", readonly=True, copy=False)
    matched_count = fields.Integer(
        string="Matched", readonly=True, copy=False, aggregator=None
    )
    preview_date = fields.Datetime(string="Preview Of", readonly=True, copy=False)
    preview_user_id = fields.Many2one(
        "res.users",
        string="Seen With the Rights Of",
        readonly=True,
        copy=False,
    )
    preview_matched = fields.Integer(
        string="Would Match", readonly=True, copy=False, aggregator=None
    )
    preview_added = fields.Integer(
        string="Would Get It", readonly=True, copy=False, aggregator=None
    )
    preview_removed = fields.Integer(
        string="Would Lose It", readonly=True, copy=False, aggregator=None
    )
    preview_kept_off = fields.Integer(
        string="Left Alone",
        readonly=True,
        copy=False,
        help="They match, but a person took the tag away.",
        aggregator=None,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    preview_revenue = fields.Monetary(
        string="Revenue of Who Matches",
        readonly=True,
        copy=False,
        groups=MONEY_GROUP,
        aggregator=None,
    )

    @api.depends(
        "kind",
        "partner_tag_id.display_name",
        "product_tag_id.display_name",
        "campaign_tag_id.display_name",
    )
    @api.depends_context("lang")
    def _compute_name(self):
        """Compute the name: that of the tag, in the reader's language."""
        for rule in self:
            rule.name = rule._tag().display_name or self.env._("No tag yet")

    def _search_name(self, operator, value):
        """Search rules by their shown name.

        Rules are few, and their names are read by two queries.
        """
        rules = self.with_context(active_test=False).search([("kind", "!=", False)])
        found = rules.filtered_domain([("name", operator, value)])
        return Domain("id", "in", found.ids)

    @api.depends("kind")
    def _compute_model_name(self):
        for rule in self:
            rule.model_name = KINDS[rule.kind or "partner"].model

    def _tag(self):
        """Return the tag that the rule keeps; empty while none is chosen."""
        return self[KINDS[self.kind or "partner"].tag_field]

    @api.constrains("kind", "partner_tag_id", "product_tag_id", "campaign_tag_id")
    def _check_tag(self):
        for rule in self:
            if not rule._tag():
                raise ValidationError(self.env._("Choose the tag that the rule keeps."))

    @api.depends("domain", "kind")
    def _compute_readers(self):
        """Compute the readers; unreadable rules are their author's."""
        for rule in self:
            try:
                rule.readers = rule._condition().readers()
            except UserError:
                rule.readers = "own"

    @api.constrains("domain", "kind", "company_id")
    def _check_domain(self):
        for rule in self.filtered("kind"):
            rule._condition().try_out()

    def _check_condition_rights(self):
        for rule in self.filtered("kind"):
            rule._condition(self.env.user).check_rights()

    def write(self, vals):
        if WHAT_IT_SAYS & set(vals):
            if not self.env.su:
                self._check_paused()
            else:
                vals = {**vals, "preview_date": False}
        return super().write(vals)

    def _check_paused(self):
        running = self.filtered(lambda rule: rule.state == "running")
        if running:
            raise UserError(
                self.env._(
                    "The rule of %s is running. Pause it, change it, look at the "
                    "preview, and switch it on again.",
                    running[0].name,
                )
            )

    def _condition_taken(self):
        """A preview of the former condition is one of other people's numbers."""
        facts = [name for name in self._protected_fields if name.startswith("preview")]
        return super()._condition_taken() | dict.fromkeys(facts, False)

    def _condition(self, person=None):
        """Return the :class:`Condition`, as superuser or as a person."""
        self.ensure_one()
        person = self._condition_root if person is None else person
        model = KINDS[self.kind].model
        tag = self._tag().sudo()
        label = record_name(tag) if tag.id else self.name
        records = self._condition_eyes(model, self.company_id, label, person)
        within = NOT_OBJECTING if self.kind == "partner" else Domain.TRUE
        return Condition(records, self.domain, label, within)

    def _responsible_condition(self):
        """Return the :class:`Condition` with the rights of the responsible.

        Or of nobody.

        :raises AccessError: the responsible may not work there any more
        """
        return self._condition(self.responsible_id)

    def action_preview(self):
        """Count the records that would get and lose the tag.

        With the rights of the user: two queries a rule.
        """
        check_records(self)
        self.check_access("write")
        for rule in self:
            condition = rule._condition(self.env.user)
            with condition.guarded():
                values = rule._preview(condition.ids())
            rule.sudo().write({**values, "preview_user_id": self.env.uid})
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _preview(self, matching):
        """Values of the preview.

        :param matching: SQL of the ids that match
        """
        kind = KINDS[self.kind]
        [(matched, added, kept_off, revenue)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*),
                       count(*) FILTER (WHERE r.%(record)s IS NULL AND l.id IS NULL),
                       count(*) FILTER (WHERE l.id IS NOT NULL), sum(f.revenue)
                  FROM %(matching)s m
                  LEFT JOIN %(relation)s r
                    ON r.%(record)s = m.id AND r.%(tag)s = %(own)s
                  LEFT JOIN classification_tag_link l
                    ON l.%(record_key)s = m.id AND l.%(tag_key)s = %(own)s
                   AND l.state = 'removed'
                  LEFT JOIN customer_profile f
                    ON %(is_partner)s AND f.partner_id = m.id
                   AND f.company_id = %(company)s
                """,
                record=kind.record,
                tag=kind.tag,
                relation=kind.table,
                matching=matching,
                own=self._tag().id,
                record_key=kind.record_key,
                tag_key=kind.tag_key,
                is_partner=self.kind == "partner",
                company=self.company_id.id,
            )
        )
        [(removed,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FROM classification_tag_link l
                 WHERE l.%(tag_key)s = %(own)s AND l.state = 'present'
                   AND l.origin = 'rule' AND NOT EXISTS (
                       SELECT FROM %(matching)s m WHERE m.id = l.%(record_key)s)
                """,
                tag_key=kind.tag_key,
                own=self._tag().id,
                matching=matching,
                record_key=kind.record_key,
            )
        )
        return {
            "preview_date": fields.Datetime.now(),
            "preview_matched": matched,
            "preview_added": added,
            "preview_removed": removed,
            "preview_kept_off": kept_off,
            "preview_revenue": self._sees_amounts() and revenue,
            "error_reason": False,
        }

    def _sees_amounts(self):
        return self.env.su or self.env.user.has_group(MONEY_GROUP)

    def action_start(self):
        """Switch the rules on and run them with the rights of the user."""
        check_records(self)
        self.check_access("write")
        self._check_no_rule_cycle()
        for rule in self:
            rule._condition(self.env.user).try_out()
            rule._wake_tag()
        self.sudo().write(
            {
                "state": "running",
                "error_reason": False,
                "active": True,
                "responsible_id": self.env.uid,
            }
        )
        return self.action_run()

    def _wake_tag(self):
        """Unarchive the tag and those above it."""
        tag = self._tag()
        above = tag.browse(map(int, tag.parent_path.strip("/").split("/")))
        above.filtered(lambda tag: not tag.active).active = True

    def action_pause(self):
        """Stop giving and taking; the tags stay where they are."""
        check_records(self)
        self.check_access("write")
        self.sudo().write({"state": "draft"})

    def action_run(self):
        """Run all rules now, for one may ask for the tags of another."""
        check_records(self)
        self.check_access("write")
        if self:
            self._run()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _listed_domain(self):
        """Return the domain of matching records for a list of the user."""
        domain = self._condition().domain()
        return domain & MAY_BE_PROFILED if self.kind == "partner" else domain

    def action_open_matching(self):
        """Open the matching records."""
        check_one(self)
        return self._open(self._listed_domain())

    def action_open_added(self):
        """Open the records that would get the tag."""
        check_one(self)
        kind = KINDS[self.kind]
        return self._open(
            self._listed_domain() & Domain(kind.field, "not in", self._tag().ids)
        )

    def action_open_removed(self):
        """Open the records with the tag from a rule that do not match."""
        check_one(self)
        kind = KINDS[self.kind]
        return self._open(
            ~self._listed_domain()
            & Domain(
                kind.links,
                "any",
                [
                    (kind.tag_field, "=", self._tag().id),
                    ("state", "=", "present"),
                    ("origin", "=", "rule"),
                ],
            )
        )

    def _open(self, domain):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": KINDS[self.kind].model,
            "view_mode": "list,form",
            "domain": list(domain),
            "context": {"active_test": False},
        }

    # Order

    def _node(self):
        """Return the unit of decision: a tag, or an exclusive group."""
        tag = self._tag()
        decided = tag.parent_id if tag.parent_id.tag_is_exclusive else tag
        return (tag._name, decided.id)

    def _asked_tags(self):
        """``{(tag model, id)}`` of the tags that the condition asks for.

        :raises ValidationError: it cannot be read
        """
        with self._condition().guarded() as condition:
            return asked_tags(condition.domain(), condition.records)

    def _graph(self, asked):
        """``{node: nodes that come before it}`` of these rules.

        :param asked: ``{rule: tags that it asks for}``
        """
        keeper = {(rule._tag()._name, rule._tag().id): rule._node() for rule in self}
        graph = {}
        for rule in self:
            before = {keeper[tag] for tag in asked[rule] if tag in keeper}
            graph.setdefault(rule._node(), set()).update(before)
        return graph

    def _levels(self, asked):
        """Lists of rules that may run at once, one after the other.

        :param asked: ``{rule: tags that it asks for}``
        """
        sorter = TopologicalSorter(self._graph(asked))
        sorter.prepare()
        while sorter.is_active():
            ready = sorter.get_ready()
            yield self.filtered(lambda rule, ready=ready: rule._node() in ready)
            sorter.done(*ready)

    def _circle(self, asked):
        """``[(tag model, id)]`` of tags that wait for each other, or nothing."""
        try:
            TopologicalSorter(self._graph(asked)).prepare()
        except CycleError as error:
            return error.args[1]
        return []

    def _circular(self, circle):
        tags = (self.env[model].sudo().browse(tag) for model, tag in circle)
        return refusal(
            ValidationError,
            self.env,
            "tag_circle",
            tags=chained(record_name(tag) for tag in tags),
        )

    @api.constrains("domain", "kind", *(kind.tag_field for kind in KINDS.values()))
    def _check_no_rule_cycle(self):
        """Refuse rules that ask for each other's tags: no order would be right."""
        rules = self.sudo().search([("active", "=", True)]) | self.sudo()
        asked = {rule: tags for rule in rules for tags in rule._asked_or_not()}
        circle = rules.browse(rule.id for rule in asked)._circle(asked)
        if circle:
            raise self._circular(circle)

    def _asked_or_not(self):
        """Return the tags named by the condition, in a list.

        Empty for an unreadable condition, which is reported elsewhere.
        """
        try:
            return [self._asked_tags()] if self._tag() else []
        except UserError:
            return []

    # Run

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

        Seven queries a rule, of which one finds the matches and five are savepoints,
        and thirteen for each kind and level of rules that ask for other tags; none for
        records. Unusable rules rest, and all others run.

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
        """Return the unusable rules, and the tags that the others ask for.

        Rules for the same tag as an unusable one rest, too: half of the
        tag would be taken away.

        :return: ``(rules, {rule: tags that it asks for})``; the reason is on the rules
        """
        asked = {}
        for rule in self:
            try:
                asked[rule] = rule._in_words()._read()
            except UserError as error:
                rule._rest(reason_of(error))
        usable = self.filtered(lambda rule: rule in asked)
        while circle := usable._circle(asked):
            waiting = usable.filtered(lambda rule: rule._node() in circle)  # noqa: B023
            for rule in waiting:
                rule._rest(reason_of(rule._circular(circle)))
            usable -= waiting
        return self._same_tags(self - usable), asked

    def _read(self):
        """Have the condition read once; return the tags that it asks for.

        :raises UserError: it cannot be used, or its responsible may not read it
        """
        self._responsible_condition().try_out()
        return self._asked_tags()

    def _in_words(self):
        """Return the rule in the language of its responsible.

        That person wrote the words in it.
        """
        return self.with_context(
            lang=known_language(self.env, self.responsible_id.lang)
        )

    def _same_tags(self, rules):
        """Return those of these rules whose tag is kept by some of the rules."""
        tags = rules._tag_keys()
        return self.filtered(lambda rule: rule._tag_keys() <= tags)

    def _tag_keys(self):
        return {(rule.kind, rule._tag().id) for rule in self}

    def _rest(self, reason):
        """Set the reason why a rule rests; notify its owner once.

        :param reason: of :mod:`classification_reason_mixin`
        """
        if self.error_reason == reason:
            return
        self.error_reason = reason
        owners = self._tag().tag_owner_id | self.responsible_id
        for user in owners.filtered("active"):
            tag = self._tag().with_context(lang=known_language(self.env, user.lang))
            self.env["mail.thread"].message_notify(
                partner_ids=user.partner_id.ids,
                subject=tag.env._("The rule of the tag %s rests", tag.display_name),
                body=reason_sentence(tag.env, reason),
                model=tag._name,
                res_id=tag.id,
            )

    def _decide(self, kind):
        """Run independent rules of one kind; return those that failed."""
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
            # The database would plan the next statements for tables still small, until
            # it updates its statistics by itself.
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
        """Add matching records to the temporary table.

        False where the database refuses.
        """
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
            self._rest(reason_of(error))
            return False
        self.write(
            {
                "matched_count": matched,
                "last_run_date": fields.Datetime.now(),
                "error_reason": False,
            }
        )
        return True

    def _names(self, kind, tags):
        """Return the names in the statements as SQL."""
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


# Tags that a person gave or took away by SQL are a person's, too.
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

# In an exclusive group a person's tag is kept; then a newly matching one, then the
# present one; among equals the first of the tree.
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

# A tag that gives way is remembered, or it would count as new the next time.
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
