import re
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from psycopg2 import Error

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.imports import read_dates
from ...engine.imports.cell_text import folded
from ..common.arguments import _shown as shown
from ..common.classification_bounds_mixin import is_empty
from .customer_purchase_lookup import Candidate
from .import_file import CONTEXT_KEY, ImportedFile, imported_file

# Lines that are created, or compared with what is known, at once.
PART = 5_000
# Problems that are told at once; who mends them sees the others next.
MOST_PROBLEMS = 100
# Records that a line names, by which a purchase is told apart.
_NAMED = ("company_id", "currency_id", "partner_id")
# Columns that need no conversion by Odoo, and how they are read.
_READERS = {
    "date": date.fromisoformat,
    "amount": float,
    "margin": float,
    **dict.fromkeys((f"{name}/.id" for name in _NAMED), int),
}
_OWN_COLUMNS = frozenset((*_READERS, "reference", "channel"))
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d")
# What stands before the sums at the end of a list.
_TOTALS = frozenset(
    "total totals sum sums subtotal grand-total gesamt gesamtsumme summe "
    "zwischensumme insgesamt totaal subtotaal totale totali somme sous-total suma "
    "subtotal razem łącznie celkem spolu összesen yhteensä summa totalt toplam итого "
    "всего разом σύνολο المجموع الإجمالي סהכ 合计 合計 总计 總計 小计 小計 总额 共计 "
    "합계 총계 合计金额 รวม tổng cộng jumlah".split()
)


class Lines(NamedTuple):
    """A table of texts; ``rows``: places of its lines in what was given."""

    fields: list
    data: list
    rows: list

    def columns(self, name):
        """Places of the columns of a field."""
        return [
            place
            for place, field in enumerate(self.fields)
            if field.split("/")[0] == name
        ]

    def cells(self, name):
        """The cells of the first column of a field, ``None`` where there is none."""
        columns = self.columns(name)
        return [line[columns[0]] for line in self.data] if columns else None

    def by_id(self):
        """Whether lines change records that they name by their ids."""
        return bool({"id", ".id"} & set(self.fields))


class CustomerPurchase(models.Model):
    """Takes files of purchases: all of a file or nothing.

    Each line that cannot be taken has a sentence.
    """

    # One file for each idea of a purchase.
    _inherit = "customer.purchase"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def get_import_templates(self):
        return [
            {
                "label": self.env._("Import Template for Purchases"),
                "template": "/customer_classification/static/xls/"
                "customer_purchase.xlsx",
            }
        ]

    # Records

    @api.model_create_multi
    def create(self, vals_list):
        if not (self.env.context.get("import_file") or imported_file(self.env)):
            return super().create(vals_list)
        self._check_all_values(vals_list)
        return self._create_or_update(self._completed(vals_list))

    @api.model
    def _check_all_values(self, vals_list):
        """Not again where the cells of a whole file were judged."""
        file = imported_file(self.env)
        if file is not None and file.judged:
            return None
        return super()._check_all_values(vals_list)

    def _check_company(self, fnames=None):
        """One query, where Odoo asks record by record; it tells of those that it
        finds."""
        checked = {
            name
            for name, one in self._fields.items()
            if one.relational and one.check_company
        }
        wrong = self
        if len(self) > 1 and checked == {"partner_id"}:
            wrong = self._of_foreign_partners()
        return super(CustomerPurchase, wrong)._check_company(fnames)

    def _of_foreign_partners(self):
        """Those whose contact belongs to another company: one query."""
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
        """Import again what is known and add the rest: two queries and one create,
        and writes that are put together for the known purchases that differ."""
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
        """What tells that a line of a file is a purchase already known; None for a
        line without a reference, which is always a purchase of its own."""
        if not vals.get("reference"):
            return None
        return (
            vals.get("company_id") or self.env.company.id,
            vals.get("channel") or "",
            vals["reference"],
            float(vals.get("amount") or 0) < 0,
        )

    def _known_purchases(self, vals_list):
        """Return ``{key: purchase}`` of those that stand already: one query."""
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
        """Write what the file says otherwise; return whether anything does."""
        changed = {
            name: value for name, value in vals.items() if self._differs(name, value)
        }
        if changed:
            self.write(changed)
        return bool(changed)

    def _differs(self, name, value):
        """Whether a field has another value than the one that a file gives."""
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
        """Import lines; refuse all of them where one cannot be taken.

        Beside what Odoo answers, ``counts`` has the numbers of new, changed and
        unchanged purchases. Lines that would replace a purchase of another day or
        customer are refused, unless ``replace_purchases`` stands in the context.
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
        """How many lines are to be loaded at most."""
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
        """Create a part in one go; where that fails, or lines have more than what
        every file has, Odoo's own way tells which line it is."""
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
            [*(_as_text(cell) for cell in line[:width]), *[""] * (width - len(line))]
            for line in data
        ]

    @api.model
    def _lines(self, fields, data):
        """The lines that hold something, with their places."""
        rows = [row for row, line in enumerate(data) if any(line)]
        return Lines(list(fields), [data[row] for row in rows], rows)

    @api.model
    def _refusal(self, problems, file):
        """What Odoo's screen wants where lines cannot be taken, in their order."""
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

    # Judging lines

    @api.model
    def _resolved(self, lines, file):
        """``(lines with ids in place of names, problems)``."""
        problems = list(file.problems)
        totals = self._totals_lines(lines)
        problems = [one for one in problems if one[0] not in totals]
        problems += totals.values()
        bad = {row for row, __, __ in problems}
        for check in (self._missing_cells, self._wrong_cells):
            problems += [one for one in check(lines) if one[0] not in bad]
        ids = self._named_ids(lines, file, problems, set(totals))
        self._days(lines, ids["company_id"])
        problems += self._repeated_references(lines, ids["company_id"], file)
        if problems:
            return lines, _one_a_cell(problems)
        problems += self._replaced_purchases(lines, ids, file)
        file.known = frozenset(_NAMED)
        return self._with_ids(lines, ids), problems

    @api.model
    def _totals_lines(self, lines):
        """``{row: problem}`` of the lines that sum up the others.

        They have neither a customer nor a day of their own.
        """
        found = {}
        customer, day = lines.columns("partner_id"), lines.columns("date")
        if not customer or not day or lines.by_id():
            return found
        for row, line in zip(lines.rows, lines.data, strict=True):
            alone = not line[day[0]] or not _has_digit(line[day[0]])
            word = alone and next((c for c in line if c and _is_total(c)), None)
            if word or (alone and not line[customer[0]] and not line[day[0]]):
                found[row] = (row, "partner_id", self._totals_sentence(word or ""))
        return found

    @api.model
    def _totals_sentence(self, word):
        if word:
            return self.env._(
                "This looks like a line of totals (“%s”). Delete it from the file.",
                shown(word),
            )
        return self.env._(
            "Customer and Date are missing on this line. If it is a line of totals, "
            "delete it from the file."
        )

    @api.model
    def _missing_cells(self, lines):
        """One problem for each line without customer, date or amount. Odoo itself
        would take an amount that is left empty for a purchase of nothing. A file that
        changes known purchases by their ids may leave columns out."""
        by_id = lines.by_id()
        for name in ("partner_id", "date", "amount"):
            columns = lines.columns(name)
            if by_id and not columns:
                continue
            label = self._label(self._fields[name])
            sentence = self.env._("%s is missing on this line.", label)
            for row, line in zip(lines.rows, lines.data, strict=True):
                if not any(line[column] for column in columns):
                    yield row, name, sentence

    @api.model
    def _wrong_cells(self, lines):
        """One problem for each cell that cannot be what its column holds."""
        names = ("partner_id", "date", "amount", "margin", "reference", "channel")
        for name in (*names, "currency_id", "company_id"):
            for column in lines.columns(name):
                told = {"": None}
                for row, line in zip(lines.rows, lines.data, strict=True):
                    cell = line[column]
                    if cell not in told:
                        told[cell] = self._cell_sentence(name, cell)
                    if told[cell]:
                        yield row, name, told[cell]

    @api.model
    def _cell_sentence(self, name, cell):
        """Why the cell of a file is no value of a field, ``None`` where it is one."""
        field = self._fields[name]
        if field.type == "many2one":  # a file has the name of a record
            return self._text_sentence(field, cell)
        if name != "date":
            return self._value_sentence(name, cell)
        moment = _moment(cell)
        if moment is None:
            return self._wrong_sentence(field, cell)
        return self._date_sentence(moment.date())

    @api.model
    def _named_ids(self, lines, file, problems, totals):
        """``{name: ids, one a line}``; problems are added.

        ``None`` where lines keep their own.
        """
        ids = {"company_id": self._company_ids(lines, problems)}
        ids["currency_id"] = self._currency_ids(lines, ids, file, problems)
        ids["partner_id"] = self._partner_ids(lines, ids, problems, totals)
        return ids

    @api.model
    def _given(self, lines, name):
        """``(cells, how they name a record)``: by ``""``, ``id`` or ``.id``."""
        columns = lines.columns(name)
        if not columns:
            return None, ""
        return lines.cells(name), lines.fields[columns[0]].partition("/")[2]

    @api.model
    def _company_ids(self, lines, problems):
        """The company of each line: the current one where it names none."""
        cells, subfield = self._given(lines, "company_id")
        own = self.env.company.id
        if cells is None:
            return [own] * len(lines.data)
        texts = {cell for cell in cells if cell}
        if subfield:
            known = self._numbered("res.company", subfield, texts)
            found = {text: {one} for text, one in known.items()}
        else:
            found = self._companies_named(texts)
        why = {text: self._company_sentence(text, found.get(text)) for text in texts}
        ids = []
        for row, cell in zip(lines.rows, cells, strict=True):
            if cell and why[cell]:
                problems.append((row, "company_id", why[cell]))
            ids.append(min(found[cell]) if cell and not why[cell] else own)
        return ids

    @api.model
    def _company_sentence(self, text, found):
        if not found:
            return self.env._("There is no company “%s”.", shown(text))
        if len(found) > 1:
            return self.env._("Several companies are called “%s”.", shown(text))
        if found - set(self.env.companies.ids):
            return self.env._("Switch on the company for which you write this first.")
        return None

    @api.model
    def _currency_ids(self, lines, ids, file, problems):
        """The currency of each line: as the line says, else that of its company; a
        known purchase that is named by its id keeps its own."""
        cells, subfield = self._given(lines, "currency_id")
        if lines.by_id() and cells is None and not file.signs:
            return None
        if subfield:
            known = self._numbered("res.currency", subfield, {c for c in cells if c})
            codes = self.env["res.currency"].browse(known.values())
            names = dict(zip(known, codes.mapped("name"), strict=True))
            cells = [names.get(cell, cell) for cell in cells]
        table, decided, found = self._currency_table(), {}, []
        companies = self.env["res.company"].browse(set(ids["company_id"])).sudo()
        own = {company.id: company.currency_id.id for company in companies}
        for place, row in enumerate(lines.rows):
            texts = (cells[place] if cells else "", *file.signs.get(row, ()))
            key = (texts, own[ids["company_id"][place]])
            if key not in decided:
                decided[key] = table.decide(*key)
            if decided[key].problem:
                sentence = self._currency_sentence(decided[key])
                if row in file.amounts:
                    sentence = f"“{shown(file.amounts[row])}” – {sentence}"
                problems.append((row, "currency_id", sentence))
            found.append(decided[key].id)
        self._tell_currencies(found, file)
        return found

    @api.model
    def _tell_currencies(self, found, file):
        counts = {}
        for one in found:
            counts[one] = counts.get(one, 0) + 1
        currencies = self.env["res.currency"].browse(filter(None, counts))
        words = ", ".join(
            f"{currency.name} ({counts[currency.id]})" for currency in currencies
        )
        if words:
            file.notes.append(self.env._("Currencies, and lines of each: %s.", words))

    @api.model
    def _partner_ids(self, lines, ids, problems, totals):
        """The contact of each line; problems are added."""
        cells, subfield = self._given(lines, "partner_id")
        if cells is None:
            return None
        texts = {
            cell
            for row, cell in zip(lines.rows, cells, strict=True)
            if cell and row not in totals
        }
        if subfield:
            return self._numbered_partners(lines, cells, subfield, texts, problems)
        companies = self.env["res.company"].browse(set(ids["company_id"])).sudo()
        found = self._customers_named(texts, companies.ids)
        self._create_named(texts, found)
        rows = zip(lines.rows, cells, ids["company_id"], strict=True)
        decided, chosen = {}, []
        for row, cell, company_id in rows:
            key = (cell, company_id)
            if key not in decided:
                decided[key] = (None, None)
                if cell in texts:
                    company = companies.browse(company_id)
                    decided[key] = self._the_customer(
                        cell, found.get(cell, ()), company
                    )
            candidate, why = decided[key]
            if why:
                problems.append((row, "partner_id", why))
            chosen.append(candidate and candidate.id)
        return chosen

    @api.model
    def _create_named(self, texts, found):
        """New contacts for unknown names, where a person chose so on the screen."""
        wanted = self.env.context.get("name_create_enabled_fields") or {}
        if not isinstance(wanted, dict) or not wanted.get("partner_id"):
            return
        unknown = sorted(text for text in texts if not found.get(text))
        partners = self.env["res.partner"].create([{"name": t} for t in unknown])
        for text, partner in zip(unknown, partners, strict=True):
            found[text] = {Candidate(partner.id, partner.id, None)}

    @api.model
    def _numbered_partners(self, lines, cells, subfield, texts, problems):
        known = self._numbered("res.partner", subfield, texts)
        for row, cell in zip(lines.rows, cells, strict=True):
            if cell in texts and cell not in known:
                sentence = self._no_customer_sentence(cell)
                problems.append((row, "partner_id", sentence))
        return [known.get(cell) for cell in cells]

    @api.model
    def _days(self, lines, company_ids):
        """Put days in place of moments, in the time zone of each company's policy."""
        columns = lines.columns("date")
        if not columns:
            return
        zones = None
        for line, company_id in zip(lines.data, company_ids, strict=True):
            moment = len(line[columns[0]]) > 10 and _moment(line[columns[0]])
            if not moment:
                continue
            if moment.tzinfo:
                zones = zones or self._policy_zones()
                moment = moment.astimezone(zones.get(company_id) or zones[None])
            line[columns[0]] = moment.date().isoformat()

    @api.model
    def _policy_zones(self):
        """``{id of a company: time zone of its policy}``, and the reader's own."""
        zones = {
            company.id: ZoneInfo(zone)
            for company, zone in self.env["classification.history.mixin"]
            ._zones()
            .items()
        }
        zones[None] = ZoneInfo(self.env.user.tz or "UTC")
        return zones

    # References

    @api.model
    def _keys(self, lines, company_ids):
        """What tells the purchases of the lines apart, ``None`` without reference."""
        references = lines.cells("reference")
        if references is None:
            return [None] * len(lines.data)
        channels = lines.cells("channel") or [""] * len(lines.data)
        amounts = lines.cells("amount") or [""] * len(lines.data)
        return [
            (company_id, channel, reference, amount.startswith("-"))
            if reference
            else None
            for company_id, channel, reference, amount in zip(
                company_ids, channels, references, amounts, strict=True
            )
        ]

    @api.model
    def _repeated_references(self, lines, company_ids, file):
        """One problem for each line whose reference stood on a line before."""
        first_rows = {}
        keys = self._keys(lines, company_ids)
        for row, key in zip(lines.rows, keys, strict=True):
            first = first_rows.setdefault(key, row) if key else row
            if first != row:
                sentence = self.env._(
                    "Reference %(reference)s stands on line %(first)s already. Add up "
                    "the lines of one purchase before importing them.",
                    reference=shown(key[2]),
                    first=file.line(first),
                )
                yield row, "reference", sentence

    @api.model
    def _replaced_purchases(self, lines, ids, file):
        """One problem for each line that would replace another purchase.

        One of another day or of another customer, unless a person wants that.
        """
        if file.replace or lines.by_id() or ids["partner_id"] is None:
            return
        keys = self._keys(lines, ids["company_id"])
        known = self._known_facts({key[2] for key in keys if key})
        if not known:
            return
        customers = self._commercial(ids["partner_id"], keys, known)
        days = lines.cells("date")
        for place, key in enumerate(keys):
            purchase = key and known.get(key)
            if not purchase:
                continue
            purchase_id, day, customer_id = purchase
            customer = customers.get(ids["partner_id"][place])
            if str(day) != days[place] or customer_id != customer:
                sentence = self._replaced_sentence(purchase_id, key)
                yield lines.rows[place], "reference", sentence

    @api.model
    def _known_facts(self, references):
        """``{key: (id, day, customer)}`` of the purchases of some references: one
        query, and no records in memory."""
        if not references:
            return {}
        self.flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        query = self._search([("reference", "in", list(references))])
        table = query.table
        partner = query.join(table, "partner_id", "res_partner", "id", "partner")
        names = ("company_id", "channel", "reference", "amount", "id", "date")
        rows = self.env.execute_query(
            query.select(
                *(SQL.identifier(table, name) for name in names),
                SQL.identifier(partner, "commercial_partner_id"),
            )
        )
        return {
            (company_id, channel or "", reference, amount < 0): facts
            for company_id, channel, reference, amount, *facts in rows
        }

    @api.model
    def _commercial(self, partner_ids, keys, known):
        """``{contact: customer}`` of lines with a known reference: one query."""
        asked = {
            partner_id
            for partner_id, key in zip(partner_ids, keys, strict=True)
            if key in known
        }
        partners = self.env["res.partner"].browse(filter(None, asked))
        return {one.id: one.commercial_partner_id.id for one in partners}

    @api.model
    def _replaced_sentence(self, purchase_id, key):
        purchase = self.browse(purchase_id)
        return self.env._(
            "Reference %(reference)s is already a purchase of %(customer)s on "
            "%(day)s. Where it is another one, write what tells them apart (the year, "
            "say) into the reference or the channel; to correct it, choose to replace "
            "purchases.",
            reference=shown(key[2]),
            customer=purchase.partner_id.display_name,
            day=purchase.date.isoformat(),
        )

    # Ids in place of names

    @api.model
    def _with_ids(self, lines, ids):
        """The lines with the ids of the records that they name.

        Odoo would look up each name by itself.
        """
        kept = [
            place
            for place, field in enumerate(lines.fields)
            if field.split("/")[0] not in _NAMED
        ]
        if lines.by_id() and not lines.columns("company_id"):
            ids = {**ids, "company_id": None}
        added = {name: one for name, one in ids.items() if one is not None}
        names = [lines.fields[place] for place in kept]
        names += [f"{name}/.id" for name in added]
        columns = list(added.values())
        data = [
            [
                *(line[place] for place in kept),
                *(str(column[number]) for column in columns),
            ]
            for number, line in enumerate(lines.data)
        ]
        return Lines(names, data, lines.rows)


def _as_text(cell):
    """A cell as it would stand in a file of text."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return shown(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if is_empty(cell) else cell


def _moment(cell):
    """A day or a moment in the form of ISO 8601, ``None`` for anything else."""
    try:
        if len(cell) == 10:
            return datetime.fromisoformat(cell)
    except ValueError:
        return None
    if not _ISO.match(cell):
        return None
    found = read_dates.moment(cell, read_dates.Reading("ymd", "-", "chosen"), date.max)
    if found and not isinstance(found, datetime):
        return datetime(found.year, found.month, found.day)
    return found


def _has_digit(cell):
    return any(char.isdigit() for char in cell)


def _is_total(cell):
    """Whether a cell names the sum of those above it."""
    if not isinstance(cell, str):
        return False
    words = [word.strip(" :.=()") for word in folded(cell).split()]
    return bool(words) and not _TOTALS.isdisjoint((words[0], words[-1]))


def _one_a_cell(problems):
    """The first problem of each cell."""
    found = {}
    for row, name, sentence in problems:
        found.setdefault((row, name), (row, name, sentence))
    return list(found.values())
