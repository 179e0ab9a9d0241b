from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.searched_values import asks_for_none, ids_among


class ClassificationClassifiedMixin(models.AbstractModel):
    """Records that show their profile in the user's company.

    Nothing of a profile is stored on the record: classes differ by company, and a run
    cannot collide with someone who edits the record. The fields are searched, sorted
    and grouped through one join. A model says by ``_classified_kind`` of what kind its
    records are, and has a many2one to the profile with the methods of this mixin.
    """

    _name = "classification.classified.mixin"
    _description = "Classified Record"

    # A ClassifiedKind.
    _classified_kind = None

    def _compute_classified_profile(self):
        """Find the profile of each record in the current company: one query."""
        kind = self._classified_kind
        found = self._classified_profiles()
        for record in self:
            subject, company = record._classified_key()
            record[kind.profile_field] = found.get((subject, company))

    def _classified_profiles(self):
        """Return ``{(subject, company): profile}`` of these records: one query."""
        kind = self._classified_kind
        profiles = (
            self.env[kind.profile_model]
            .with_context(active_test=False)
            .search(
                [
                    (kind.subject, "in", self._classified_subjects().ids),
                    ("company_id", "in", self._classified_companies().ids),
                ],
                order="id",
            )
        )
        return {(one[kind.subject], one.company_id): one for one in profiles}

    def _classified_subjects(self):
        """Return the records whose profiles these records show."""
        return self

    def _classified_companies(self):
        """Return the companies whose profiles are shown."""
        return self.env.company

    def _classified_key(self):
        """Return the subject and the company of the profile that is shown."""
        return self._origin, self.env.company

    @api.model
    def _classified_join(self, alias, query):
        """Join the profile to a query on records, once; return its alias."""
        profiles = self.env[self._classified_kind.profile_model]
        joined = query.make_alias(alias, profiles._table)
        condition = self._classified_join_condition(alias, joined, query)
        query.add_join("LEFT JOIN", joined, profiles._table, condition)
        return joined

    @api.model
    def _classified_join_condition(self, alias, joined, query):
        """Return the SQL by which a profile is that of a record."""
        return SQL(
            "%s = %s AND %s = %s",
            SQL.identifier(joined, self._classified_kind.subject),
            SQL.identifier(alias, "id"),
            SQL.identifier(joined, "company_id"),
            self.env.company.id,
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """The profile and its fields, for sorting and grouping, through that join."""
        field, kind = self._fields.get(field_expr), self._classified_kind
        if query is None or field is None or field.store or kind is None:
            return super()._field_to_sql(alias, field_expr, query)
        if field.name == kind.profile_field:
            self._check_field_access(field, "read")
            return SQL.identifier(self._classified_join(alias, query), "id")
        path = (field.related or "").split(".")
        if path[0] == kind.profile_field and len(path) == 2:
            self._check_field_access(field, "read")
            profiles = self.env[kind.profile_model].sudo()
            joined = self._classified_join(alias, query)
            return profiles._field_to_sql(joined, path[1], query)
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _search_classified_profile(self, operator, value):
        """Search on the profile's fields through the join.

        A sub-select of the records *without* something does not end on a million.
        Whoever may not read the field may not search by it either: an answer would
        tell as much. Odoo does not check that for fields with a search method, and
        takes an error raised in this method for "not supported".
        """
        kind = self._classified_kind
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator in ("any", "any!"):
            return Domain.custom(to_sql=self._classified_matcher(value))
        if operator == "in":
            return Domain.custom(to_sql=self._classified_finder(value))
        return Domain(kind.search_field, operator, value) & Domain(
            kind.profile_field, "!=", False
        )

    def _classified_matcher(self, domain):
        """Return the SQL maker of records whose profile matches a domain."""
        kind = self._classified_kind

        def to_sql(model, alias, query):
            model._check_field_access(model._fields[kind.profile_field], "read")
            joined = model._classified_join(alias, query)
            # As the user: fields of money are refused to who may not see them.
            profiles = model.env[kind.profile_model]
            condition = Domain(domain).optimize_full(profiles)
            return SQL(
                "(%s IS NOT NULL AND %s)",
                SQL.identifier(joined, "id"),
                condition._to_sql(profiles, joined, query),
            )

        return to_sql

    def _classified_finder(self, values):
        """Return the SQL maker of records with one of some profiles, or with none."""
        name = self._classified_kind.profile_field

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
