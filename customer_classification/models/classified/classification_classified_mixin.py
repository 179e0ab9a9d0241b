from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.searched_values import asks_for_none, ids_among


class ClassificationClassifiedMixin(models.AbstractModel):
    """Records that show their profile in the user's company.

    Nothing of a profile is stored on the record: classes differ by company, and a run
    cannot collide with someone who edits the record. The fields are searched, sorted
    and grouped through one join. A model sets the kind of its records in
    ``_classified_kind``, and has a many2one to the profile with the methods of this
    mixin.
    """

    _name = "classification.classified.mixin"
    _inherit = "classification.quick.read.mixin"
    _description = "Classified Record"

    # The ClassifiedKind of these records themselves.
    _classified_kind = None

    @api.model
    def _shown_kinds(self):
        """Return the kinds of profiles that these records show."""
        return (self._classified_kind,) if self._classified_kind else ()

    def _compute_classified_profile(self):
        """Find the profile of each record in the current company: one query."""
        self._show_profiles(self._classified_kind)

    def _update_cache(self, values, validate=True):
        """Leave out profiles that the client of a form names: any might be."""
        if not self.env.su:
            shown = {kind.profile_field for kind in self._shown_kinds()}
            values = {name: values[name] for name in values if name not in shown}
        return super()._update_cache(values, validate=validate)

    def _show_profiles(self, kind):
        """Fill the field with the profile of a kind: one query."""
        found = self._classified_profiles(kind)
        profiles = [found.get(record._classified_key(kind)) for record in self]
        self._show_column(kind.profile_field, [one or False for one in profiles])

    def _classified_profiles(self, kind):
        """Return ``{(subject, company): profile}`` of these records: one query."""
        profiles = (
            self.env[kind.profile_model]
            .with_context(active_test=False)
            .search(
                [
                    (kind.subject, "in", self._classified_subjects(kind).ids),
                    ("company_id", "in", self._classified_companies().ids),
                ],
                order="id",
            )
        )
        return {(one[kind.subject], one.company_id): one for one in profiles}

    def _classified_subjects(self, kind):
        """Return the records whose profiles these records show."""
        return self

    def _classified_companies(self):
        """Return the companies whose profiles are shown."""
        return self.env.company

    def _classified_key(self, kind):
        """Return the subject and the company of the profile that is shown."""
        return self._origin, self.env.company

    @api.model
    def _classified_join(self, kind, alias, query):
        """Join the profile to a query on records, once; return its alias."""
        joined = query.make_alias(alias, self.env[kind.profile_model]._table)
        condition = self._classified_join_condition(kind, alias, joined, query)
        query.add_join("LEFT JOIN", joined, self._classified_rows(kind), condition)
        return joined

    @api.model
    def _classified_rows(self, kind):
        """Return the profiles to join: a table, or SQL of some of its rows."""
        return self.env[kind.profile_model]._table

    @api.model
    def _classified_join_condition(self, kind, alias, joined, query):
        """Return the SQL by which a profile is that of a record."""
        return SQL(
            "%s = %s AND %s = %s",
            SQL.identifier(joined, kind.subject),
            SQL.identifier(alias, "id"),
            SQL.identifier(joined, "company_id"),
            self.env.company.id,
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """The profile and its fields, for sorting and grouping, through that join."""
        field = self._fields.get(field_expr)
        if query is None or field is None or field.store:
            return super()._field_to_sql(alias, field_expr, query)
        path = [field.name, "id"]
        if field.related:
            path = field.related.split(".")
        for kind in self._shown_kinds():
            if path[0] == kind.profile_field and len(path) == 2:
                self._check_field_access(field, "read")
                profiles = self.env[kind.profile_model].sudo()
                joined = self._classified_join(kind, alias, query)
                return profiles._field_to_sql(joined, path[1], query)
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _search_classified_profile(self, operator, value):
        """Search on the fields of the profile of these records."""
        return self._search_profile(self._classified_kind, operator, value)

    @api.model
    def _search_profile(self, kind, operator, value):
        """Search on the fields of the profile of a kind through the join.

        A sub-select of the records *without* something does not end on a million. Users
        who may not read the field may not search by it either: an answer would reveal
        as much. Odoo does not check that for fields with a search method, and takes an
        error raised in this method for "not supported".
        """
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator in ("any", "any!"):
            return Domain.custom(to_sql=self._classified_matcher(kind, value))
        if operator == "in":
            return Domain.custom(to_sql=self._classified_finder(kind, value))
        return Domain(self._classified_search_field(kind), operator, value) & Domain(
            kind.profile_field, "!=", False
        )

    @api.model
    def _classified_search_field(self, kind):
        """Return the field by which a text finds the profile."""
        return kind.search_field

    def _classified_matcher(self, kind, domain):
        """Return the SQL maker of records whose profile matches a domain."""

        def to_sql(model, alias, query):
            model._check_field_access(model._fields[kind.profile_field], "read")
            joined = model._classified_join(kind, alias, query)
            # As the user, so that fields of money need access to amounts.
            profiles = model.env[kind.profile_model]
            condition = Domain(domain).optimize_full(profiles)
            return SQL(
                "(%s IS NOT NULL AND %s)",
                SQL.identifier(joined, "id"),
                condition._to_sql(profiles, joined, query),
            )

        return to_sql

    def _classified_finder(self, kind, values):
        """Return the SQL maker of records with one of some profiles, or none."""
        name = kind.profile_field

        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, name, query)
            found = SQL("%s = ANY(%s)", column, ids_among(values))
            if not asks_for_none(values):
                return found
            return SQL("(%s OR %s IS NULL)", found, column)

        return to_sql

    def _open_classified_profile(self):
        """Return the action that opens the profile of this record."""
        kind = self._classified_kind
        return {
            "type": "ir.actions.act_window",
            "res_model": kind.profile_model,
            "res_id": self[kind.profile_field].id,
            "view_mode": "form",
        }
