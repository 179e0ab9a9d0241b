from datetime import date

from psycopg2 import Error

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .customer_purchase_lines_mixin import NAMED
from .import_file import CONTEXT_KEY, ImportedFile, imported_file
from .import_lines import Lines, as_text

# Number of lines created or compared at once.
PART = 5_000
# Number of problems shown at once; others follow once these are corrected.
MOST_PROBLEMS = 100
# Columns that need no conversion by Odoo, and how they are read.
_READERS = {
    "date": date.fromisoformat,
    "amount": float,
    "margin": float,
    **dict.fromkeys((f"{name}/.id" for name in NAMED), int),
}
_OWN_COLUMNS = frozenset((*_READERS, "reference", "channel"))


class CustomerPurchaseImportMixin(models.AbstractModel):
    """Import of files of purchases: all of a file or nothing.

    Known purchases are compared with the file, and written only where they differ.
    """

    _name = "customer.purchase.import.mixin"
    _inherit = "customer.purchase.lines.mixin"
    _description = "Import of Purchases"

    @api.model
    def _check_all_values(self, vals_list):
        """Not again where the cells of a whole file were judged."""
        file = imported_file(self.env)
        if file is not None and file.judged:
            return None
        return super()._check_all_values(vals_list)

    def _check_company(self, fnames=None):
        """Check the companies in one query, where Odoo asks by record.

        The error names the records that fail.
        """
        checked = {
            name
            for name, one in self._fields.items()
            if one.relational and one.check_company
        }
        wrong = self
        if len(self) > 1 and checked == {"partner_id"}:
            wrong = self._of_foreign_partners()
        return super(CustomerPurchaseImportMixin, wrong)._check_company(fnames)

    def _of_foreign_partners(self):
        """Return the purchases whose contact belongs to another company.

        One query.
        """
        self.flush_recordset(["partner_id", "company_id"])
        self.env["res.partner"].flush_model(["company_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id
                  FROM customer_purchase p
                  JOIN res_partner r ON r.id = p.partner_id
                  JOIN res_company c ON c.id = p.company_id
                 WHERE p.id = ANY(%s) AND r.company_id IS NOT NULL
                   AND '/' || c.parent_path NOT LIKE '%%/' || r.company_id || '/%%'
                """,
                self.ids,
            )
        )
        return self.browse(row_id for (row_id,) in rows)

    def _create_or_update(self, vals_list):
        """Update known purchases and create the others.

        Two queries and one create, and grouped writes for the known purchases that
        differ.
        """
        known = self._known_purchases(vals_list)
        keys = [self._import_key(vals) for vals in vals_list]
        fresh = [
            vals for vals, key in zip(vals_list, keys, strict=True) if key not in known
        ]
        created = iter(super().create(fresh))
        ids, changed = [], 0
        for vals, key in zip(vals_list, keys, strict=True):
            purchase = known.get(key)
            if purchase is None:
                ids.append(next(created).id)
                continue
            changed += purchase._write_differences(vals)
            ids.append(purchase.id)
        self._count(len(fresh), changed, len(vals_list) - len(fresh) - changed)
        return self.browse(ids)

    @api.model
    def _count(self, new, changed, unchanged):
        file = imported_file(self.env)
        if file:
            file.counts.update(new=new, changed=changed, unchanged=unchanged)

    def _import_key(self, vals):
        """Return the key by which a line is recognized as a known purchase.

        None for a line without a reference, which is always a purchase of its own.
        """
        if not vals.get("reference"):
            return None
        return (
            vals.get("company_id") or self.env.company.id,
            vals.get("channel") or "",
            vals["reference"],
            self._takes_back(vals.get("amount"), vals.get("currency_id")),
        )

    def _known_purchases(self, vals_list):
        """Return ``{key: purchase}`` of the existing purchases.

        One query.
        """
        references = {vals["reference"] for vals in vals_list if vals.get("reference")}
        names = {name for vals in vals_list for name in vals if name in self._fields}
        names |= {"company_id", "channel", "reference", "amount", "currency_id"}
        known = self.search_fetch(
            [("reference", "in", list(references))],
            [name for name in names if self._fields[name].store],
            order="id",
        )
        return {
            (
                purchase.company_id.id,
                purchase.channel or "",
                purchase.reference,
                purchase.amount < 0,
            ): purchase
            for purchase in known
        }

    def _write_differences(self, vals):
        """Write the values in which the file differs; return whether any does."""
        changed = {
            name: value for name, value in vals.items() if self._differs(name, value)
        }
        if changed:
            self.write(changed)
        return bool(changed)

    def _differs(self, name, value):
        """Check if a field differs from the value that a file gives."""
        field = self._fields[name]
        if field.type == "monetary":
            currency = self.currency_id
            return currency.round(float(value or 0)) != currency.round(self[name])
        if field.type == "date":
            day = value if isinstance(value, date) else fields.Date.to_date(value)
            return day != self[name]
        if field.type == "many2one":
            return (value or False) != self[name].id
        if field.type == "char":
            return (value or False) != self[name]
        return (
            field.convert_to_record(field.convert_to_cache(value, self), self)
            != (self[name])
        )

    # Files

    @api.model
    def load(self, fields, data):
        """Import lines; refuse all of them if one is invalid.

        Beside Odoo's own answer, ``counts`` has the numbers of new, changed and
        unchanged purchases. Lines that would replace a purchase of another day or
        customer are refused, unless ``replace_purchases`` is in the context.
        """
        self.check_access("create")
        file = imported_file(self.env)
        if file is None:
            file = ImportedFile(bool(self.env.context.get("replace_purchases")))
        lines = self._lines(fields, self._full_lines(fields, data))
        with self.env.cr.savepoint() as savepoint:
            purchases = self.with_context(**{CONTEXT_KEY: file}, _import_limit=None)
            answer = purchases._load_lines(lines, self._limit(lines), file)
            if answer["ids"] is False:
                savepoint.rollback()
                self.env.invalidate_all(flush=False)
        return answer

    @api.model
    def _limit(self, lines):
        """Return the maximum number of lines to load."""
        limit = self.env.context.get("_import_limit")
        most = len(lines.data)
        return min(limit, most) if isinstance(limit, int) and limit > 0 else most

    @api.model
    def _load_lines(self, lines, limit, file):
        """Load part by part, so that memory does not grow with the file."""
        lines, problems = self._resolved(lines, file)
        if problems:
            return self._refusal(problems, file)
        ids, messages = [], []
        for start in range(0, limit, PART):
            part = self._load_part(lines, start, min(start + PART, limit), file)
            messages += part["messages"]
            if part["ids"] is False:
                return {"ids": False, "messages": messages, "nextrow": 0}
            ids += part["ids"]
            self.env.flush_all()
            self.env.invalidate_all()
        return {
            "ids": ids,
            "messages": messages,
            "nextrow": lines.rows[limit] if limit < len(lines.data) else 0,
            "counts": dict(file.counts),
        }

    @api.model
    def _load_part(self, lines, start, stop, file):
        """Create a part of the lines in one go.

        If that fails, or lines have columns beyond the usual ones, Odoo's own import
        finds the line at fault.
        """
        if _OWN_COLUMNS.issuperset(lines.fields):
            vals_list = self._values(lines, start, stop)
            file.judged = True
            try:
                with self.env.cr.savepoint():
                    return {"ids": self.create(vals_list).ids, "messages": []}
            except (UserError, Error):
                self.env.invalidate_all(flush=False)
            finally:
                file.judged = False
        return self._load_by_odoo(lines, start, stop, file)

    @api.model
    def _values(self, lines, start, stop):
        """The values of lines, whose cells were judged before."""
        readers = [_READERS.get(name, str) for name in lines.fields]
        names = [name.removesuffix("/.id") for name in lines.fields]
        return [
            {
                name: reader(cell) if cell else False
                for name, reader, cell in zip(names, readers, line, strict=True)
            }
            for line in lines.data[start:stop]
        ]

    @api.model
    def _load_by_odoo(self, lines, start, stop, file):
        part = super().load(lines.fields, lines.data[start:stop])
        for message in part["messages"]:
            if "rows" in message:
                row = lines.rows[start + message["rows"]["from"]]
                message["rows"] = {"from": row, "to": row}
                message["record"] = row
                message["message"] = self._on_line(file, row, message["message"])
        return part

    @api.model
    def _full_lines(self, fields, data):
        """The lines with a cell for each column, and numbers as text.

        Odoo takes the number 0 for an empty cell.
        """
        is_table = isinstance(fields, list | tuple) and isinstance(data, list | tuple)
        if (
            not is_table
            or not all(isinstance(name, str) for name in fields)
            or not all(isinstance(line, list | tuple) for line in data)
        ):
            raise UserError(
                self.env._(
                    "A list of columns, and a list of lines of cells, is needed."
                )
            )
        width = len(fields)
        return [
            [*(as_text(cell) for cell in line[:width]), *[""] * (width - len(line))]
            for line in data
        ]

    @api.model
    def _lines(self, fields, data):
        """The lines that hold something, with their places."""
        rows = [row for row, line in enumerate(data) if any(line)]
        return Lines(list(fields), [data[row] for row in rows], rows)

    @api.model
    def _refusal(self, problems, file):
        """Return refused lines in the order and form of Odoo's import screen."""
        problems = sorted(problems, key=lambda problem: problem[0])
        messages = [
            self._line_message(row, name, self._on_line(file, row, sentence))
            for row, name, sentence in problems[:MOST_PROBLEMS]
        ]
        if len(problems) > MOST_PROBLEMS:
            left = len(problems) - MOST_PROBLEMS
            row, name, __ = problems[MOST_PROBLEMS]
            more = self.env._("%s more lines cannot be taken.", left)
            messages.append(self._line_message(row, name, more))
        return {"ids": False, "messages": messages, "nextrow": 0}

    @api.model
    def _on_line(self, file, row, sentence):
        return self.env._(
            "Line %(line)s: %(sentence)s", line=file.line(row), sentence=sentence
        )

    @api.model
    def _line_message(self, row, field, message):
        """A message of Odoo's import screen about one line of the file."""
        return {
            "type": "error",
            "message": message,
            "record": row,
            "rows": {"from": row, "to": row},
            "field": field or "",
        }
