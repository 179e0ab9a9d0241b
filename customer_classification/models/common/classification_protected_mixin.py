from odoo import api, models
from odoo.exceptions import AccessError


class ClassificationProtectedMixin(models.AbstractModel):
    """Fields that only the methods of the product write.

    A state machine, an author, a result or an instruction that the server carries out
    later is not for clients to write: ``readonly`` protects it in views only. Calls
    with superuser rights pass, so a method checks first and writes ``sudo()`` then.

    Clients' writes are kept within the record rules: a record cannot be moved to a
    company, or under a record, where its writer may not write.
    """

    _name = "classification.protected.mixin"
    _description = "Fields That Only the Product Writes"

    # Names of the protected fields; each is stored, and copies do not have its value.
    _protected_fields = frozenset()
    # Fields that a client sets on a new record and that never change afterwards.
    _fixed_fields = frozenset()
    # Many2one fields that a client sets only to records that the client may read, since
    # reading the field tells their names.
    _read_references = ()

    @api.model_create_multi
    def create(self, vals_list):
        kept = self
        if not self.env.su:
            self._check_client_values(vals_list)
            kept = self._without_protected_context()
            vals_list = [
                {key: vals[key] for key in vals if key not in self._protected_fields}
                for vals in vals_list
            ]
        records = super(ClassificationProtectedMixin, kept).create(
            kept._completed_for_create(vals_list)
        )
        return records.with_env(self.env)

    def write(self, vals):
        if not self.env.su:
            self._refuse_protected(self._protected_fields & set(vals))
            self._refuse_fixed(vals)
            self._check_readable_references([vals])
        result = super().write(self._completed_for_write(vals))
        if not self.env.su:
            self.check_access("write")  # also where the records are now
        return result

    def _completed_for_create(self, vals_list):
        """The values of new records, which may be protected ones by now."""
        return vals_list

    def _completed_for_write(self, vals):
        """The values to write, which may be protected ones by now."""
        return vals

    def copy_data(self, default=None):
        """Leave protected fields out, unless the caller names them."""
        default = default or {}
        left_out = self._protected_fields - set(default)
        given = {**dict.fromkeys(left_out, False), **default}  # is not even read
        return [
            {name: vals[name] for name in vals if name not in left_out}
            for vals in super().copy_data(given)
        ]

    @api.model
    def _check_client_values(self, vals_list):
        """Refuse values that a client may not give new records.

        Called before anything is looked up or written for them.
        """
        self.check_access("create")
        kept = self.env["ir.default"]._get_model_defaults(self._name)
        given = [*({**kept, **vals} for vals in vals_list), self._values_of_context()]
        self._check_companies(given)
        self._check_readable_references(given)
        self._check_protected_defaults(vals_list)

    @api.model
    def _values_of_context(self):
        """Return the values that the client's context gives new records."""
        names = ("company_id", *self._read_references)
        return {name: self.env.context.get(f"default_{name}") for name in names}

    @api.model
    def _with_context_values(self, vals_list, names):
        """Return values with those that the context gives some fields."""
        given = self.default_get(list(names))
        return [{**given, **vals} for vals in vals_list]

    @api.model
    def _check_readable_references(self, vals_list):
        """Refuse references to records that the client may not read."""
        for name in self._read_references:
            ids = [vals[name] for vals in vals_list if vals.get(name)]
            self.env[self._fields[name].comodel_name].browse(ids).check_access("read")

    @api.model
    def _check_companies(self, vals_list):
        """Refuse records of companies that are not switched on."""
        companies = (False, None, *self.env.companies.ids)
        if any(vals.get("company_id") not in companies for vals in vals_list):
            raise AccessError(
                self.env._("Switch on the company for which you write this first.")
            )

    def _check_protected_defaults(self, vals_list):
        """Refuse protected values that differ from those of a new record."""
        given = self._protected_fields & set().union(*vals_list)
        if not given:
            return
        defaults = self._without_protected_context().default_get(list(given))
        self._refuse_protected(
            name
            for name in given
            for vals in vals_list
            if self._plain_value(name, vals) != self._plain_value(name, defaults)
        )

    @api.model
    def _plain_value(self, name, vals):
        """A value in one form: days as texts, nothing as False."""
        value = vals.get(name)
        if self._fields[name].type in ("date", "datetime") and value:
            return str(value)
        return value or False

    def _without_protected_context(self):
        """Drop their defaults from the context, which clients fill."""
        keys = {f"default_{name}" for name in self._protected_fields}
        kept = {key: val for key, val in self.env.context.items() if key not in keys}
        return self.with_env(self.env(context=kept))

    def _refuse_protected(self, names):
        """Raise a sentence that names the first protected field.

        :param names: iterable of names of fields
        :raises AccessError: there is one
        """
        name = next(iter(sorted(set(names))), None)
        if name:
            raise AccessError(
                self.env._(
                    "“%(field)s” of %(model)s is kept by the program itself and "
                    "cannot be written. Use the buttons for it.",
                    **self._field_label(name),
                )
            )

    def _refuse_fixed(self, vals):
        """Raise a sentence where a fixed field would get another value."""
        for name in sorted(self._fixed_fields & set(vals)):
            field, given = self._fields[name], self._plain_value(name, vals)
            for record in self:
                now = {name: field.convert_to_write(record[name], record)}
                if self._plain_value(name, now) != given:
                    raise AccessError(
                        self.env._(
                            "“%(field)s” of %(model)s is given once and not changed "
                            "after that.",
                            **self._field_label(name),
                        )
                    )

    @api.model
    def _field_label(self, name):
        return {
            "field": self._fields[name]._description_string(self.env),
            "model": self.env["ir.model"]._get(self._name).sudo().name,
        }
