import re
from functools import cache
from itertools import count

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, escape_psql

from ..common.called_records import check_one, check_records
from ..common.language import known_language
from .classification_tag_kind import KIND_OF_TAG_MODEL

TAG_TYPES = [
    ("behaviour", "Behaviour"),
    ("attribute", "Attribute"),
    ("interest", "Interest"),
    ("activity", "Level of Activity"),
    ("intention", "Intention"),
    ("sentiment", "Sentiment"),
    ("source", "Source"),
    ("need", "Need"),
    ("custom", "Custom"),
]
OFFICER_GROUP = "customer_classification.group_officer"
PATH = " / "  # between the names of a path
# What the names of the tags below, and their order, depend on.
SHOWN_BELOW = {"name", "sequence"}
# Neither is text for the database.
UNKEPT = re.compile("[\x00\ud800-\udfff]")
# Characters of a text; the database keeps names and codes in an index.
LONGEST = {"name": 128, "code": 64, "description": 20_000}


class ClassificationTagMixin(models.AbstractModel):
    """Common fields and methods of tags of all kinds.

    A tree with paths, exclusive groups, an owner, and counts that include the children.
    Names and sort keys come from the path that Odoo keeps, not from the parent's, so
    a tree of any depth takes as many queries as a flat one.
    """

    _name = "classification.tag.mixin"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Tag in a Tree"
    _protected_fields = frozenset(
        {"tag_sort_key", "tag_record_count", "tag_last_use_date", "tag_reminded_date"}
    )

    # Without an index: keys of deep trees are longer than one takes.
    tag_sort_key = fields.Char(compute="_compute_tag_sort_key", store=True)
    tag_level = fields.Integer(compute="_compute_tag_level")
    code = fields.Char(
        copy=False, help="A short name for other programs, unique where it is set."
    )
    description = fields.Text(
        string="Meaning",
        translate=True,
        help="What the tag means and when to use it.",
    )
    tag_type = fields.Selection(TAG_TYPES, string="Type", help="What this tag tells.")
    tag_is_exclusive = fields.Boolean(
        string="Only One of Its Children",
        help="A record has at most one of the tags directly below this one.",
    )
    tag_owner_id = fields.Many2one(
        "res.users",
        string="Owner",
        help="Who is asked at the review date whether the tag is still of use.",
    )
    tag_review_date = fields.Date(string="Review On")
    tag_reminded_date = fields.Date(
        readonly=True, copy=False, help="The review date of which the owner was told."
    )
    tag_record_count = fields.Integer(
        aggregator=None,
        string="Tagged",
        readonly=True,
        copy=False,
        help="How many have this tag or one below it, each counted once. Brought up "
        "to date every night and by each change of many.",
    )
    tag_last_use_date = fields.Date(
        string="Last Used",
        readonly=True,
        copy=False,
        help="When the tag, or one below it, was last given to something.",
    )
    tag_is_smart = fields.Boolean(
        string="Smart", compute="_compute_tag_is_smart", search="_search_tag_is_smart"
    )

    @api.depends("name", "sequence", "parent_id", "parent_path")
    def _compute_tag_sort_key(self):
        @cache
        def own(place):
            return f"{max(place.sequence, 0):06d} {(place.name or '').casefold()}"

        for tag, above in self._with_tags_above():
            tag.tag_sort_key = "\x1f".join(map(own, (*above, tag)))

    def _with_tags_above(self):
        """Yield each tag with those above it, from the top.

        Two queries.
        """
        paths = {
            tag: [
                int(part) for part in (tag.parent_id.parent_path or "").split("/")[:-1]
            ]
            for tag in self
        }
        tags = {
            tag.id: tag for tag in self.browse({i for p in paths.values() for i in p})
        }
        for tag, path in paths.items():
            yield tag, [tags[place] for place in path]

    @api.private
    def modified(self, fnames, create=False, before=False):
        """Invalidate names and sort keys of the tags below.

        All levels at once: one query.
        """
        super().modified(fnames, create=create, before=before)
        shown = SHOWN_BELOW.intersection(fnames)
        if not shown or create or not self.ids:
            return
        below = self.sudo().with_context(active_test=False)
        below = below.search(
            [("id", "child_of", self.ids), ("id", "not in", self.ids)], order="id"
        ).with_env(self.env)
        super(ClassificationTagMixin, below).modified(shown, before=before)

    @api.depends("parent_path")
    def _compute_tag_level(self):
        for tag in self:
            tag.tag_level = (tag.parent_path or "").count("/") - 1

    @api.depends("name", "parent_id", "parent_path")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for tag, above in self._with_tags_above():
            tag.display_name = PATH.join(place.name or "" for place in (*above, tag))

    def _check_no_tag_cycle(self, parent_id):
        """Refuse a place below the tag itself, before Odoo does without its name."""
        parent = self.browse(parent_id if type(parent_id) is int else ()).exists()
        for tag in self if parent else ():
            if parent.parent_path.startswith(tag.parent_path):
                raise ValidationError(
                    self.env._(
                        "“%(tag)s” cannot stand below “%(parent)s”, which stands below "
                        "it. Move “%(parent)s” to another place first.",
                        tag=tag.name,
                        parent=parent.name,
                    )
                )

    @api.constrains("parent_id", "name", "active")
    def _check_tag_name(self):
        """Refuse equal names of siblings in use, in every language.

        One query, which reads each sibling once. Where any name holds the separator of
        paths, the paths are compared as well.
        """
        self.flush_model(["name", "parent_id", "active"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT min(id) FILTER (WHERE id = ANY(%(ids)s))
                  FROM (SELECT DISTINCT t.id, COALESCE(t.parent_id, 0) AS parent,
                               lang.key, lower(trim(lang.value)) AS name
                          FROM %(table)s t, jsonb_each_text(t.name) lang
                         WHERE t.active AND COALESCE(t.parent_id, 0) IN (
                               SELECT COALESCE(own.parent_id, 0) FROM %(table)s own
                                WHERE own.id = ANY(%(ids)s) AND own.active)) named
                 GROUP BY parent, key, name
                HAVING count(*) > 1 AND bool_or(id = ANY(%(ids)s))
                 UNION ALL
                SELECT 0 WHERE EXISTS (
                       SELECT FROM %(table)s t
                        WHERE t.active AND t.name::text LIKE %(holds_path)s)
                """,
                table=SQL.identifier(self._table),
                ids=self.ids,
                holds_path=f"%{PATH}%",
            )
        )
        found = {tag_id for (tag_id,) in rows}
        for tag in self.browse(found - {0}):
            place = tag.parent_id.display_name or self.env._("the top")
            raise ValidationError(
                self.env._(
                    "There is already a tag “%(tag)s” below %(parent)s.",
                    tag=tag.name,
                    parent=place,
                )
            )

        if 0 in found:
            for language, __ in self.env["res.lang"].get_installed():
                self.with_context(lang=language)._check_tag_paths()

    def _check_tag_paths(self):
        """Refuse tags in use that are shown with the path of another one.

        Only a name that holds the separator can lead to that: nobody could tell the two
        apart, and imports would take either. Three queries.
        """
        below = self.sudo().search([("id", "child_of", self.filtered("active").ids)])
        paths = self.sudo()._of_paths(below.mapped("display_name"))
        for path, tags in paths.items():
            if len(tags.filtered("active")) > 1:
                raise ValidationError(
                    self.env._(
                        "There is already a tag that is shown as “%(path)s”: a name "
                        "with “%(sign)s” reads like a tag below another one. Choose "
                        "another name.",
                        path=path,
                        sign=PATH.strip(),
                    )
                )

    @api.constrains("code")
    def _check_tag_code(self):
        """Check that codes differ, whatever their letters' case.

        One query.
        """
        self.flush_model(["code"])
        rows = self.env.execute_query(
            SQL(
                "SELECT t.code FROM %(table)s t JOIN %(table)s other"
                " ON other.id <> t.id AND lower(other.code) = lower(t.code)"
                " WHERE t.id = ANY(%(ids)s) AND t.code <> '' LIMIT 1",
                table=SQL.identifier(self._table),
                ids=self.ids,
            )
        )
        for (code,) in rows:
            raise ValidationError(
                self.env._("The code “%s” is that of another tag.", code)
            )

    def copy_data(self, default=None):
        """Give copies names of their own, without the tagged records."""
        kind, given = self._tag_kind(), default or {}
        vals_list, taken = super().copy_data(default), self._names_beside()
        for tag, vals in zip(self, vals_list, strict=True):
            if kind.inverse not in given:
                vals.pop(kind.inverse, None)
            vals["name"] = given.get("name", tag.name)
            if "name" not in given:
                vals["name"] = tag._name_of_copy(taken)
        return vals_list

    def copy_translations(self, new, excluded=()):
        # In other languages, too, the name of the original is taken.
        return super().copy_translations(new, excluded={*excluded, "name"})

    def _names_beside(self):
        """Return names of these tags and their siblings in all languages.

        One query.
        """
        self.flush_model(["name", "parent_id"])
        rows = self.env.execute_query(
            SQL(
                "SELECT lower(trim(lang.value))"
                "  FROM %(table)s t, jsonb_each_text(t.name) lang"
                " WHERE COALESCE(t.parent_id, 0) = ANY(%(parents)s)",
                table=SQL.identifier(self._table),
                parents=[tag.parent_id.id or 0 for tag in self],
            )
        )
        return {name for (name,) in rows}

    def _name_of_copy(self, taken):
        """Return the first free name, and note that it is taken."""
        short = self.name[: LONGEST["name"] - 20]
        for number in count(1):
            name = self.env._("%s (copy)", short)
            if number > 1:
                name = f"{name} {number}"
            if name.casefold() not in taken:
                taken.add(name.casefold())
                return name

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_children(self):
        children = self.with_context(active_test=False).search(
            [("parent_id", "in", self.ids), ("id", "not in", self.ids)], limit=1
        )
        if children:
            raise UserError(
                self.env._(
                    "“%(tag)s” has tags below it, such as “%(child)s”. Move or delete "
                    "them first, or archive the tag.",
                    tag=children.parent_id.name,
                    child=children.name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        """Refuse to delete tags named by filters, mailings or rules.

        They are merged or archived instead: a domain that names a deleted tag would
        match other records than was meant.
        """
        references = self.env["classification.tag.reference"].sudo()
        found = next(references._of(self), None)
        if found:
            raise UserError(
                self.env._(
                    "“%(tag)s” is used by %(what)s “%(name)s”. Merge it into another "
                    "tag, or archive it.",
                    tag=self.browse(found.tag_id).name,
                    what=found.what,
                    name=found.name,
                )
            )

    def _check_tag_makers(self):
        """Tags are made by officers, so that they do not grow like weeds."""
        if not (self.env.su or self.env.user.has_group(OFFICER_GROUP)):
            raise AccessError(
                self.env._(
                    "Tags are made and changed by officers of the classification. "
                    "Choose one that is there, or ask for a new one."
                )
            )

    @api.model
    def _check_tag_texts(self, vals):
        """Refuse names, codes and descriptions that the database cannot keep.

        :param vals: values of fields, or of one field by language
        """
        for name, longest in LONGEST.items():
            text = vals.get(name)
            if name == "name" and name in vals and not str(text or "").strip():
                raise ValidationError(self.env._("A tag needs a name."))
            self._check_tag_text(name, str(text or ""), longest)

    @api.model
    def _check_tag_text(self, field, text, longest):
        if len(text) > longest:
            raise ValidationError(
                self.env._(
                    "%(field)s: at most %(number)s characters, please.",
                    field=self._fields[field]._description_string(self.env),
                    number=longest,
                )
            )
        if UNKEPT.search(text):
            raise ValidationError(
                self.env._(
                    "%s holds characters that cannot be kept, such as those of a "
                    "file that is not text. Type it anew.",
                    self._fields[field]._description_string(self.env),
                )
            )

    def _prepare_create_values(self, vals_list):
        result = super()._prepare_create_values(vals_list)
        for vals in result:
            self._check_tag_texts({"name": False, **vals})
        return result

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        if field_name in LONGEST and isinstance(translations, dict):
            for text in translations.values():
                # False takes a translation away.
                if text is not False and text is not None:
                    self._check_tag_texts({field_name: text})
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_tag_makers()
        kind = self._tag_kind()
        tags = super().create(vals_list)
        if any(vals.get(kind.inverse) for vals in vals_list):
            tags._note_tagged(set())
        return tags

    def write(self, vals):
        kind = self._tag_kind()
        if set(vals) - {kind.inverse}:
            self._check_tag_makers()
        self._check_tag_texts(vals)
        self._check_no_tag_cycle(vals.get("parent_id"))
        if kind.inverse not in vals:
            return super().write(vals)
        before = self._tagged_pairs()
        result = super().write(vals)
        self._note_tagged(before)
        return result

    @api.model
    def _tag_kind(self):
        return KIND_OF_TAG_MODEL[self._name]

    def _tagged_pairs(self):
        """``{(tag, record)}`` of these tags: one query."""
        return self.env["classification.tag.link"]._pairs(
            self._tag_kind(), "tag", self.ids
        )

    def _note_tagged(self, before):
        kind, after = self._tag_kind(), self._tagged_pairs()
        records = self.env[kind.model].browse({record for __, record in after ^ before})
        if records:
            records.check_access("write")
        links = self.env["classification.tag.link"].sudo()
        given = {record for __, record in after - before}
        conflicts = links._note(kind, after - before, before - after, checked=given)
        records._refuse_conflicts(conflicts)

    @api.constrains("tag_is_exclusive", "parent_id")
    def _check_exclusive_group(self):
        """Refuse to make a group exclusive while a record has two of its tags.

        One query.
        """
        groups = (self | self.parent_id).filtered("tag_is_exclusive")
        if not groups:
            return
        kind = self._tag_kind()
        conflict = self.env["classification.tag.link"]._conflicts(kind, groups=groups)
        if conflict:
            group, number = conflict[0][1], len(conflict)
            raise ValidationError(
                self.env._(
                    "%(number)s records have more than one of the tags below "
                    "“%(group)s”. Leave each of them one, then make the group "
                    "exclusive.",
                    number=number,
                    group=self.browse(group).name,
                )
            )

    def _compute_tag_is_smart(self):
        for tag in self:
            # Also where the rule itself is not shown to the user.
            tag.tag_is_smart = bool(tag.sudo().tag_rule_ids)

    def _search_tag_is_smart(self, operator, value):
        if operator != "in":
            return NotImplemented
        if {True, False} <= set(value):
            return Domain.TRUE
        return Domain(
            "tag_rule_ids", "any!" if True in value else "not any!", Domain.TRUE
        )

    @api.model
    def _refresh_usage(self):
        """Update the counts of all tags.

        Children included and each record counted once: one query, which writes only
        what differs.
        """
        kind = self._tag_kind()
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH below AS (
                    SELECT t.id AS tag, above::int AS above
                      FROM %(tags)s t,
                           unnest(string_to_array(trim(t.parent_path, '/'), '/')) above
                ), used AS (
                    SELECT b.above AS tag, count(DISTINCT r.%(record)s) AS number
                      FROM below b JOIN %(relation)s r ON r.%(tag)s = b.tag
                     GROUP BY b.above
                ), latest AS (
                    SELECT b.above AS tag, max(c.create_date)::date AS day
                      FROM below b
                      JOIN classification_tag_change c ON c.%(tag_key)s = b.tag
                     WHERE c.action = 'added'
                     GROUP BY b.above
                )
                UPDATE %(tags)s t
                   SET tag_record_count = COALESCE(u.number, 0),
                       tag_last_use_date = l.day
                  FROM %(tags)s own
                  LEFT JOIN used u ON u.tag = own.id
                  LEFT JOIN latest l ON l.tag = own.id
                 WHERE own.id = t.id
                   AND (t.tag_record_count, t.tag_last_use_date)
                       IS DISTINCT FROM (COALESCE(u.number, 0)::int, l.day)
                """,
                tags=kind.tag_table,
                relation=kind.table,
                record=kind.record,
                tag=kind.tag,
                tag_key=kind.tag_key,
            )
        )
        self.invalidate_model(["tag_record_count", "tag_last_use_date"])

    @api.model
    def _remind_owners(self):
        """Remind the owners of tags whose review date has come.

        Once a date: one query, and a message a tag.
        """
        due = self.search(
            [
                ("tag_owner_id", "!=", False),
                ("tag_review_date", "<=", fields.Date.context_today(self)),
            ]
        )
        for tag in due:
            if tag.tag_reminded_date != tag.tag_review_date:
                lang = known_language(self.env, tag.tag_owner_id.lang)
                tag = tag.with_context(lang=lang)
                subject = tag.env._("Is the tag %s still of use?", tag.display_name)
                tag._tell_owner(subject, tag._review_sentence())
                tag.sudo().tag_reminded_date = tag.tag_review_date

    def _review_sentence(self):
        return self.env._(
            "%(number)s records have it. Keep it and set a new review date, merge it "
            "into another one, or archive it.",
            number=self.tag_record_count,
        )

    def _tell_owner(self, subject, body):
        """A message to the owner, with the way to the tag."""
        self.ensure_one()
        self.env["mail.thread"].sudo().message_notify(
            partner_ids=self.tag_owner_id.partner_id.ids,
            subject=subject,
            body=body,
            model=self._name,
            res_id=self.id,
        )

    def action_open_tagged(self):
        """Open the records with this tag or one below it."""
        check_one(self)
        kind = self._tag_kind()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": kind.model,
            "view_mode": "list,kanban,form",
            "domain": [(kind.field, "child_of", self.ids)],
            "context": {"active_test": False},
        }

    def action_open_tag_rules(self):
        """Open the rules that keep this tag, or start one."""
        check_one(self)
        kind = self._tag_kind()
        rules = self.with_context(active_test=False).tag_rule_ids
        action = {
            "type": "ir.actions.act_window",
            "name": self.env._("Rule of %s", self.display_name),
            "res_model": "classification.tag.rule",
            "view_mode": "form" if len(rules) < 2 else "list,form",
            "domain": [(kind.tag_field, "=", self.id)],
            "context": {
                "default_kind": kind.name,
                f"default_{kind.tag_field}": self.id,
                "active_test": False,
            },
        }
        if len(rules) == 1:
            action["res_id"] = rules.id
        return action

    def action_open_references(self):
        """List the records that refer to these tags."""
        check_records(self)
        return self.env["classification.tag.use"]._open(self)

    def action_merge_tags(self):
        """Prepare the merge of these tags into the one that is used most."""
        check_records(self)
        return self.env["classification.tag.merge"]._open_for(self)

    def action_open_tag_changes(self):
        """Open the history of this tag: who was given it or lost it, and when."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_tag_change_action"
        )
        action["domain"] = [(self._tag_kind().tag_field, "child_of", self.ids)]
        return action

    # Path

    @api.model
    def _search_display_name(self, operator, value):
        """Search by name, with the tags below those found."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator in ("=", "in"):
            return self._search_paths(operator, value)
        if isinstance(value, str) and UNKEPT.search(value):
            return Domain.FALSE
        domain = Domain(super()._search_display_name(operator, value))
        if operator in ("like", "ilike") and isinstance(value, str):
            domain |= self._part_of_path(operator, value)
        if operator.endswith("like") and not (domain.is_true() or domain.is_false()):
            return Domain("id", "child_of", tuple(self._search(domain)))
        return domain

    @api.model
    def _search_paths(self, operator, value):
        """Return the domain of tags whose path is one of the values.

        Two queries; tags of that name where no path matches.
        """
        values = [value] if operator == "=" else list(value)
        values = [v for v in values if not isinstance(v, str) or not UNKEPT.search(v)]
        found = self._of_paths([text for text in values if isinstance(text, str)])
        names = [text for text in values if text not in found]
        domain = Domain(
            "id", "in", [tag for tags in found.values() for tag in tags.ids]
        )
        if names:
            domain |= Domain(super()._search_display_name("in", names))
        return domain

    @api.model
    def _of_paths(self, paths):
        """Return ``{path: tags}``.

        A name may hold the separator, so the end of a path can be a name in several
        ways.
        """
        ends = {end for path in paths for end in _ends(path)}
        tags = self.with_context(active_test=False).search([("name", "in", list(ends))])
        shown = tags.sudo().grouped("display_name")
        return {path: shown[path] for path in paths if path in shown}

    @api.model
    def _part_of_path(self, operator, text):
        """Return the domain of tags whose path holds several names.

        Two queries.
        """
        text = f"{text} " if text.endswith(PATH.rstrip()) else text
        if PATH not in text:
            return Domain.FALSE
        starts = Domain.OR(
            Domain("name", f"={operator}", f"{escape_psql(end)}%")
            for end in _ends(text)[1:]
        )
        tags = self.with_context(active_test=False).search(starts)
        plain = str.casefold if operator == "ilike" else str
        return Domain(
            "id",
            "in",
            tags.sudo()
            .filtered(lambda tag: plain(text) in plain(tag.display_name))
            .ids,
        )

    @api.model
    def name_create(self, name):
        """Create a tag from its path, with the missing tags above it."""
        above, __, own = str(name or "").rpartition(PATH)
        if not above:
            return super().name_create(name)
        parent = self._of_paths([above]).get(above, self)[:1].id
        parent = parent or self.name_create(above)[0]
        tag = self.create({"name": own, "parent_id": parent})
        return tag.id, tag.display_name


def _ends(path):
    """Texts that the last name of a path may be, the whole path first."""
    parts = path.split(PATH)
    return [PATH.join(parts[place:]) for place in range(len(parts))]
