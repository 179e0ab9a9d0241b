import json

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.profiling import MAY_BE_PROFILED
from ..tag.classification_tag_kind import CONTACTS

ADDON = "customer_classification"
# Rows about a person that stay while the person objects, {model: reason}. Those of
# every other model are withheld, also of models that an addon adds.
STAYING = {
    "customer.purchase": "A document of a sale, as orders are; no run counts it.",
    "customer.complaint": "What the person asks us to do; classifies nobody.",
    "classification.dirty": "Says only that the next run has to look again.",
    "classification.withheld.row": "Is what is withheld.",
}
# Of some models, only these rows classify, {model: SQL condition on the row t}.
CLASSIFYING = {
    # Data given by a person is not profiling by a program.
    "classification.tag.link": SQL("t.origin = 'rule'"),
    "classification.tag.change": SQL("t.origin = 'rule'"),
    # Letters of a class in a code reveal the class.
    "customer.code": SQL(
        "t.scheme_id IN (SELECT scheme_id FROM customer_code_segment"
        " WHERE kind IN ('tier', 'stage'))"
    ),
}


class ClassificationWithheldRow(models.Model):
    """Row about a person, kept apart while the person objects.

    Data protection law calls it restriction of processing: the row is stored, and
    nothing that searches, counts or shows reads it. It goes back to its table when the
    objection is taken back, and goes with the contact when that is deleted.
    """

    _name = "classification.withheld.row"
    _description = "Row Withheld While a Person Objects"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, ondelete="cascade", index=True
    )
    model = fields.Char(required=True, readonly=True)
    reference_field = fields.Char(
        readonly=True,
        help="The row is about somebody else and named the person in this field.",
    )
    content = fields.Json(required=True, readonly=True)

    # Rows about a person

    @api.model
    def _person_fields(self):
        """Return the stored references to contacts of our addons.

        ``[(model, name of the field, whether the row is the contact's own)]``.
        """
        return [
            (name, field.name, field.ondelete == "cascade")
            for name, model in self.env.registry.items()
            if model._original_module.startswith(ADDON)
            and model._auto
            and not model._transient
            and not model._abstract
            for field in model._fields.values()
            if field.type == "many2one"
            and field.comodel_name == "res.partner"
            and field.store
        ]

    # Withholding

    @api.model
    def _withhold_objectors(self, partner_ids):
        """Withhold the rows of objectors among some contacts.

        One query, and those of :meth:`_withhold` where there is one.
        """
        contacts = self.env["res.partner"].sudo().with_context(active_test=False)
        domain = [("id", "in", partner_ids), ("customer_objects_profiling", "=", True)]
        self.sudo()._withhold(contacts.search(domain, order="id"))

    @api.model
    def _withhold(self, partners):
        """Move rows that classify, list or count persons out of their tables.

        Two queries a reference, for any number of persons.
        """
        if not partners:
            return
        self.env.flush_all()
        partners = self._with_contacts(partners)
        self.env["customer.profile.total"]._doubt_customers(partners.ids)
        self._take_tags(partners)
        # Own rows first: references in rows withheld as a whole need not be removed.
        for model, name, is_own in sorted(
            self._person_fields(), key=lambda one: not one[2]
        ):
            if model in STAYING:
                continue
            withhold = self._withhold_rows if is_own else self._withhold_references
            withhold(self.env[model], name, partners)
        self.env.invalidate_all()

    @api.model
    def _with_contacts(self, partners):
        """The persons with the contacts that belong to them: one query."""
        contacts = self.env["res.partner"].sudo().with_context(active_test=False)
        domain = [("commercial_partner_id", "in", partners.ids)]
        return partners.with_env(contacts.env) | contacts.search(domain, order="id")

    @api.model
    def _take_tags(self, partners):
        """Take the tags that rules gave: one query."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM %(relation)s r USING classification_tag_link l
                 WHERE l.partner_id = ANY(%(partners)s) AND l.origin = 'rule'
                   AND r.%(record)s = l.partner_id AND r.%(tag)s = l.partner_tag_id
                """,
                relation=CONTACTS.table,
                record=CONTACTS.record,
                tag=CONTACTS.tag,
                partners=partners.ids,
            )
        )

    @api.model
    def _withhold_rows(self, model, name, partners):
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (
                    DELETE FROM %(table)s t
                     WHERE t.%(field)s = ANY(%(partners)s) AND %(condition)s
                 RETURNING t.*)
                INSERT INTO classification_withheld_row
                       (partner_id, model, content, create_uid, create_date)
                SELECT gone.%(field)s, %(model)s, to_jsonb(gone), %(user)s,
                       now() AT TIME ZONE 'UTC'
                  FROM gone
                """,
                table=SQL.identifier(model._table),
                field=SQL.identifier(name),
                condition=CLASSIFYING.get(model._name, SQL("TRUE")),
                model=model._name,
                partners=partners.ids,
                user=self.env.uid,
            )
        )

    @api.model
    def _withhold_references(self, model, name, partners):
        self.env.cr.execute(
            SQL(
                """
                WITH named AS (
                    SELECT t.id, t.%(field)s AS partner FROM %(table)s t
                     WHERE t.%(field)s = ANY(%(partners)s)
                ), gone AS (
                    UPDATE %(table)s t SET %(field)s = NULL FROM named
                     WHERE t.id = named.id)
                INSERT INTO classification_withheld_row
                       (partner_id, model, reference_field, content, create_uid,
                        create_date)
                SELECT named.partner, %(model)s, %(name)s,
                       jsonb_build_object('id', named.id), %(user)s,
                       now() AT TIME ZONE 'UTC'
                  FROM named
                """,
                table=SQL.identifier(model._table),
                field=SQL.identifier(name),
                name=name,
                model=model._name,
                partners=partners.ids,
                user=self.env.uid,
            )
        )

    # Giving back

    @api.model
    def _give_back(self, partners):
        """Restore the rows of persons who withdrew their objection.

        Rows that name records deleted since are left out: queries by models and
        references, not by persons or rows.
        """
        self.env.flush_all()
        free = self._with_contacts(partners).filtered_domain(MAY_BE_PROFILED)
        rows = self.search([("partner_id", "in", free.ids)], order="id")
        for model, its in rows.grouped("model").items():
            if model in self.env:
                references = its.filtered("reference_field")
                (its - references)._insert(self.env[model])
                for name, named in references.grouped("reference_field").items():
                    named._name_again(self.env[model], name)
        self.env["customer.profile.total"]._doubt_customers(free.ids)
        rows.unlink()
        self.env.invalidate_all()

    def _insert(self, model):
        contents = self._whole(model)
        if not contents:
            return
        if model._name == "customer.code":
            self._make_room_for_codes(contents)
        self.env.cr.execute(
            SQL(
                "INSERT INTO %(table)s SELECT (jsonb_populate_record(NULL::%(table)s,"
                " given.value)).* FROM jsonb_array_elements(%(rows)s::jsonb) given"
                " ON CONFLICT DO NOTHING",
                table=SQL.identifier(model._table),
                rows=json.dumps(contents),
            )
        )
        if model._name == "classification.tag.link":
            self._give_tags(contents)

    def _whole(self, model):
        """Return the contents whose references still exist.

        An optional reference to a deleted record is emptied: one query a reference.
        """
        owner = next(
            name
            for of, name, is_own in self._person_fields()
            if of == model._name and is_own
        )
        # Contacts may have been merged since.
        contents = [{**row.content, owner: row.partner_id.id} for row in self]
        for name, field in model._fields.items():
            if field.type != "many2one" or not field.store or name == owner:
                continue
            ids = {content.get(name) for content in contents} - {None}
            there = set(self.env[field.comodel_name].browse(ids).exists().ids)
            lost = ids - there
            if field.required or field.ondelete == "cascade":
                contents = [one for one in contents if one.get(name) not in lost]
            else:
                contents = [
                    {**one, name: None} if one.get(name) in lost else one
                    for one in contents
                ]
        return contents

    @api.model
    def _make_room_for_codes(self, contents):
        """Let codes that were given meanwhile be old ones: one query."""
        current = [one for one in contents if one["is_current"]]
        self.env.cr.execute(
            SQL(
                """
                UPDATE customer_code c SET is_current = FALSE, until = %s
                  FROM unnest(%s::int[], %s::int[]) AS back (partner, company)
                 WHERE c.partner_id = back.partner AND c.company_id = back.company
                   AND c.is_current
                """,
                fields.Date.context_today(self),
                [one["partner_id"] for one in current],
                [one["company_id"] for one in current],
            )
        )

    @api.model
    def _give_tags(self, contents):
        """Put the tags of rules back onto the contacts: one query."""
        present = [one for one in contents if one["state"] == "present"]
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s, %s) SELECT * FROM unnest(%s::int[], %s::int[])"
                " ON CONFLICT DO NOTHING",
                CONTACTS.table,
                CONTACTS.record,
                CONTACTS.tag,
                [one["partner_id"] for one in present],
                [one["partner_tag_id"] for one in present],
            )
        )

    def _name_again(self, model, name):
        """Name the persons again in rows about somebody else: one query."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE %(table)s t SET %(field)s = back.partner
                  FROM unnest(%(ids)s::int[], %(partners)s::int[]) AS back (id, partner)
                 WHERE t.id = back.id AND t.%(field)s IS NULL
                """,
                table=SQL.identifier(model._table),
                field=SQL.identifier(name),
                ids=[row.content["id"] for row in self],
                partners=[row.partner_id.id for row in self],
            )
        )
