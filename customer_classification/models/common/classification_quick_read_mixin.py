from odoo import api, models

ADDON = "customer_classification"
# Types of which the value in the cache is converted without the record.
PLAIN_TYPES = frozenset(
    (
        *("boolean", "char", "text", "selection", "date", "datetime"),
        *("integer", "float", "monetary"),
    )
)


class ClassificationQuickReadMixin(models.AbstractModel):
    """Records whose many columns are read column by column.

    Odoo reads a page value by value, and asks for each of them whether the user may
    see the field. Lists have up to 50 of our columns, hidden ones included, so that
    asking took longer than the query. Here it is asked once a column, and the values
    of the page are taken from the cache together. Fields of others are read by Odoo.
    """

    _name = "classification.quick.read.mixin"
    _description = "Records Read by Column"

    def _read_format(self, fnames, load="_classic_read"):
        """Read our plain fields by column, all others as Odoo does."""
        quick = [name for name in fnames if self._is_quick(name, load)]
        if not quick or not all(self._ids):
            return super()._read_format(fnames, load)
        try:
            columns = [(name, self._quick_column(name)) for name in quick]
        except KeyError:  # a record that is gone, or another that has no value
            return super()._read_format(fnames, load)
        others = [name for name in fnames if name not in set(quick)]
        rows = super()._read_format(others, load)
        if len(rows) < len(self):
            return super()._read_format(fnames, load)
        for name, values in columns:
            for row, value in zip(rows, values, strict=True):
                row[name] = value
        return rows

    @api.model
    def _is_quick(self, name, load):
        """Check if a field is one of ours whose values need no record.

        :param load: as for ``read``; names of other records are left to Odoo
        """
        field = self._fields[name]
        if not (field._module or "").startswith(ADDON) or field.company_dependent:
            return False
        return field.type in PLAIN_TYPES or (field.type == "many2one" and not load)

    def _quick_column(self, name):
        """Return the values of a field as ``read`` gives them.

        :raises AccessError: the user may not read the field
        :raises KeyError: a record has no value in the cache
        """
        field = self._fields[name]
        self._check_field_access(field, "read")
        values = self._cached_column(field)
        if field.type == "many2one":
            return [value or False for value in values]
        to_record, to_read = field.convert_to_record, field.convert_to_read
        return [to_read(to_record(value, self), self, False) for value in values]

    def _show_column(self, name, values):
        """Put the values of a computed field without a column into the cache.

        Odoo assigns each as if it were written, which takes longer than most values
        take to be worked out. Records that are not saved yet are assigned.

        :param values: one for each of these records, as the field takes them
        """
        field = self._fields[name]
        if field.store or not all(self._ids):
            for record, value in zip(self, values, strict=True):
                record[name] = value
            return
        for record, value in zip(self, values, strict=True):
            field._update_cache(record, field.convert_to_cache(value, record))

    def _cached_column(self, field):
        """Return the values of a field in the cache, after they are computed."""
        if field.compute and field.store:
            field.recompute(self)
        cached = field._get_cache(self.env)
        if not field.store:
            for record in self:
                if record.id not in cached:
                    record.mapped(field.name)  # computes it for many of them
        return [cached[id_] for id_ in self._ids]
