from odoo import api, models
from odoo.exceptions import AccessError


class ClassificationProtectedMixin(models.AbstractModel):
    """Fields that only the methods of the product write.

    A state machine, an author, a result or an instruction that the server carries out
    later is no data of clients: ``readonly`` protects it in views only. Calls with
    superuser rights pass, so a method checks first and writes ``sudo()`` then.
    """

    _name = "classification.protected.mixin"
    _description = "Fields That Only the Product Writes"

    # Names of the protected fields; each is stored and ``copy=False``.
    _protected_fields = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        self._check_protected_defaults(vals_list)
        return super(
            ClassificationProtectedMixin, self._without_protected_context()
        ).create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._refuse_protected(self._protected_fields & set(vals))
        return super().write(vals)

    def _check_protected_defaults(self, vals_list):
        """Refuse values of protected fields that differ from what a new record has."""
        given = self._protected_fields & set().union(*vals_list)
        if not given:
            return
        defaults = self._without_protected_context().default_get(list(given))
        self._refuse_protected(
            name
            for name in given
            for vals in vals_list
            if (vals.get(name) or False) != (defaults.get(name) or False)
        )

    def _without_protected_context(self):
        """Drop defaults of protected fields from the context, which clients fill."""
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
                    field=self._fields[name]._description_string(self.env),
                    model=self.env["ir.model"]._get(self._name).sudo().name,
                )
            )
