import io
import re
from datetime import timedelta
from itertools import islice

import chardet
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.base_import.models.base_import import ImportValidationError

from ...engine.imports import read_dates, read_numbers, read_tables
from ...engine.imports.cell_text import Typed
from ...models.common.arguments import _shown as shown
from ...models.common.punctuation import labelled, listed
from ...models.source.classification_source import FIRST_PLAUSIBLE_DAY
from ...models.source.import_file import CONTEXT_KEY, ImportedFile, imported_file

# Odoo's screen sends a file in parts of 2,000 lines, each as a call that reads the
# whole file. Purchases come in one, as far as a worker may take its time for it.
BIGGEST_PART = 50_000
# Options that Odoo's screen sends before any choice.
_USUAL_MARKS = [",", "."]
_UNREAD = {"marks": _USUAL_MARKS, "date_format": ""}
_NUMBERS = ("float", "monetary")
_SHOWN_PROBLEMS = 20
_CURRENCY_IN_TITLE = re.compile(
    r"([^\w\s.,:;()\[\]/%#&*+-])|[(\[]\s*([A-Z]{3})\s*[)\]]|\b([A-Z]{3})\b"
)
_SAMPLE = 50  # cells used to find columns of numbers or days


class BaseImportImport(models.TransientModel):
    """Reading of files for the models of this addon: each column in one way.

    The way is found from all of its lines, shown before the import, and changed by
    Odoo's own options.
    """

    _inherit = "base_import.import"

    customer_reading = fields.Json(
        string="What the Preview Found",
        help="Signs of numbers and format of days that the preview found in the file: "
        "other ones in the options were chosen by a person.",
    )

    @api.model
    def _is_ours(self):
        model = self.env.get(self.res_model)
        return model is not None and model._original_module.startswith(
            "customer_classification"
        )

    # Rows

    def _read_csv(self, options):
        """Read a CSV file as Odoo does, with the numbers of the lines.

        Lines that are empty or end early do not hide the separator.
        """
        if not self._is_ours():
            return super()._read_csv(options)
        quote = options.get("quoting") or '"'
        if len(quote) != 1:
            return super()._read_csv(options)  # says what is wrong
        text = self._text(options)
        separator = (
            options.get("separator")
            or read_tables.declared_separator(text)
            or read_tables.separator_of(text, quote)
        )
        options["separator"] = separator
        rows = read_tables.csv_rows(text, quote, separator)
        lines = read_tables.lines(rows, by_title=True)
        return len(lines), lines

    def _text(self, options):
        content = self.file or b""
        encoding = options.get("encoding")
        try:
            text, found = read_tables.text_of(content, encoding)
            if text is None:
                guesses = chardet.detect_all(content[:100_000])
                found = read_tables.likely_encoding(g["encoding"] for g in guesses)
                text = content.decode(found)
        except (LookupError, UnicodeDecodeError) as error:
            raise ImportValidationError(
                self.env._(
                    "The file is not written in the encoding “%s”. Choose another one.",
                    encoding or found,
                )
            ) from error
        options["encoding"] = encoding or found.lower()
        return text

    def _read_xlsx(self, options):
        if not self._is_ours():
            return super()._read_xlsx(options)
        import openpyxl  # noqa: PLC0415

        content = io.BytesIO(self.file or b"")
        book = openpyxl.load_workbook(content, data_only=True, read_only=True)
        sheets = options["sheets"] = [sheet.title for sheet in book.worksheets]
        name = options["sheet"] = options.get("sheet") or sheets[0]
        lines = read_tables.lines(read_tables.xlsx_rows(book[name]))
        return len(lines), lines

    def _read_xls_book(self, book, sheet_name):
        if not self._is_ours():
            return super()._read_xls_book(book, sheet_name)
        sheet = book.sheet_by_name(sheet_name)
        lines = read_tables.lines(read_tables.xls_rows(book, sheet))
        return len(lines), lines

    def _read_file(self, options):
        """Read a file as Odoo does; once for a preview.

        A preview looks at the rows twice.
        """
        file = imported_file(self.env)
        if file is None or not self._is_ours():
            return super()._read_file(options)
        if file.rows is None:
            __, file.rows = super()._read_file(options)
        return len(file.rows), list(file.rows)

    # Preview

    def parse_preview(self, options=None, count=10):
        """Odoo's preview, with how each column is read, and the options set so."""
        self._check_call(options)
        if not self._is_ours():
            return super().parse_preview(options, count)
        self = self.with_context(**{CONTEXT_KEY: ImportedFile()})
        chosen = self._chosen(options)
        preview = super().parse_preview(options, count)
        if "error" in preview:
            return preview
        __, rows = self._read_file(options)
        rows = rows[1:] if options.get("has_headers") else rows
        columns = list(zip(*rows, strict=True)) if rows else []
        numbers, days = self._preview_readings(columns, chosen)
        preview["readings"] = {
            str(place): self._preview_notes(numbers.get(place), days.get(place))
            for place in range(len(columns))
        }
        self._tell_options(preview, numbers, days, chosen)
        if self.res_model == "customer.purchase":
            preview["options"]["limit"] = max(
                BIGGEST_PART, _whole(preview["options"].get("limit"))
            )
            preview["batch"] = len(rows) > preview["options"]["limit"]
        return preview

    def _preview_readings(self, columns, chosen):
        """``{place: found}`` of columns that hold numbers, and of days.

        People may still give a column to another field.
        """
        samples = [_sample(column) for column in columns]
        numbers = self._number_readings(
            {
                place: _texts(column)
                for place, column in enumerate(columns)
                if _mostly(samples[place], read_numbers.reading(samples[place]))
            },
            chosen,
        )
        days = {
            place: self._date_reading(_texts(column), chosen)
            for place, column in enumerate(columns)
            if _mostly(samples[place], self._date_reading(samples[place], chosen))
        }
        return numbers, days

    @api.model
    def _preview_notes(self, number, day):
        """``{kind of field: sentence}``, as the screen wants it."""
        notes = {}
        if number:
            signs = self._signs_note(number)
            notes["number"] = " ".join(
                filter(None, (self._number_note(number.reading), signs))
            )
        if day:
            notes["date"] = self._date_note(day.reading)
        return notes

    def _tell_options(self, preview, numbers, days, chosen):
        """Show the findings in the options, marked as not chosen by a person."""
        options = preview["options"]
        kinds = {
            int(place): self._kind(path[0])
            for place, path in (preview["matches"] or {}).items()
            if len(path) == 1
        }
        marks = [
            [found.reading.thousands, found.reading.decimal]
            for place, found in numbers.items()
            if kinds.get(place) in _NUMBERS and found.reading.source != "none"
        ]
        patterns = [
            read_dates.pattern_of(found.reading)
            for place, found in days.items()
            if kinds.get(place) == "date" and found.reading.separator
        ]
        automatic = dict(self.customer_reading or _UNREAD)
        if not chosen.get("marks"):
            automatic["marks"] = [*marks, _USUAL_MARKS][0]
            options["float_thousand_separator"] = automatic["marks"][0]
            options["float_decimal_separator"] = automatic["marks"][1]
        if not chosen.get("order"):
            if patterns:
                options["date_format"] = patterns[0]
            automatic["date_format"] = options.get("date_format") or ""
        self.customer_reading = automatic

    def _kind(self, name):
        field = self.env[self.res_model]._fields.get(name)
        return field.type if field else None

    # Options

    def _chosen(self, options):
        """Return options chosen by a person.

        ``marks`` of numbers and ``order`` of days; nothing where the options are those
        that the screen or the preview filled in.
        """
        automatic = self.customer_reading or _UNREAD
        chosen = {}
        thousands = options.get("float_thousand_separator")
        decimal = options.get("float_decimal_separator")
        if decimal and [thousands, decimal] != automatic["marks"]:
            if thousands is None or thousands == decimal:
                thousands = "," if decimal == "." else "."
            chosen["marks"] = (decimal, thousands)
        pattern = options.get("date_format")
        if pattern and pattern != automatic["date_format"]:
            chosen["order"] = self._chosen_order(pattern)
        return chosen

    def _chosen_order(self, pattern):
        order = read_dates.order_of(pattern)
        if not order:
            raise ImportValidationError(
                self.env._(
                    "The date format “%s” does not name a year, a month and a day.",
                    shown(pattern),
                )
            )
        return order

    # Import

    def _check_call(self, options, fields=(), columns=()):
        """Refuse calls that Odoo's screen never sends, before they fail in Odoo."""
        self.check_access("write")
        if len(self.exists()) != 1 or self.res_model not in self.env:
            raise UserError(self.env._("Upload a file first."))
        lists = [fields, columns]
        if (
            not isinstance(options, dict)
            or not all(isinstance(one, list | tuple) for one in lists)
            or not all(isinstance(name or "", str) for one in lists for name in one)
        ):
            raise UserError(
                self.env._(
                    "The columns of the file, and options to read it, are needed."
                )
            )
        own = {*self.env[self.res_model]._fields, "id", ".id"}
        for name in filter(None, fields if self._is_ours() else ()):
            if name.split("/")[0] not in own:
                raise UserError(self.env._("There is no field “%s”.", shown(name)))

    def execute_import(self, fields=None, columns=None, options=None, dryrun=False):
        """Import as Odoo does; purchases as a whole, with a report."""
        self._check_call(options, fields, columns)
        if self.res_model != "customer.purchase":
            return super().execute_import(fields, columns, options, dryrun)
        file = ImportedFile(bool(options.get("replace_purchases")))
        options = {
            **options,
            "limit": max(BIGGEST_PART, _whole(options.get("limit"))),
        }
        answer = super(
            BaseImportImport, self.with_context(**{CONTEXT_KEY: file})
        ).execute_import(fields, columns, options, dryrun)
        if answer.get("ids"):
            answer["notes"] = [*self._count_notes(file, dryrun), *file.notes]
            answer["counts"] = dict(file.counts)
        return answer

    @api.model
    def _count_notes(self, file, dryrun):
        numbers = {kind: file.counts[kind] for kind in ("new", "changed", "unchanged")}
        if dryrun:
            yield self.env._(
                "%(new)s new, %(changed)s to be changed, %(unchanged)s unchanged.",
                **numbers,
            )
        else:
            yield self.env._(
                "%(new)s new, %(changed)s changed, %(unchanged)s unchanged.", **numbers
            )

    def _convert_import_data(self, fields, options):
        """Lines and columns that are imported, each column read in one way."""
        if not self._is_ours() or not any(fields):
            return super()._convert_import_data(fields, options)
        chosen = self._chosen(options)
        file = imported_file(self.env)
        refuses = file is None  # nobody else will
        file = file or ImportedFile()
        __, rows = self._read_file(options)
        if rows and len(rows[0]) != len(fields):
            return super()._convert_import_data(fields, options)  # says what is wrong
        titles = rows.pop(0) if options.get("has_headers") and rows else []
        places = [place for place, name in enumerate(fields) if name]
        kept = [
            row for row in rows if any(read_tables.filled(row[one]) for one in places)
        ]
        self._keep_lines(file, rows, kept)
        file.columns = names = [fields[place] for place in places]
        file.titles = [titles[place] if titles else "" for place in places]
        data = [[row[place] for place in places] for row in kept]
        file.rows = None
        self._read_columns(data, names, chosen, file)
        if refuses:
            self._refuse(file)
        skipped = _whole(options.get("skip"))
        file.skip(skipped)
        return data[skipped:], names

    def _keep_lines(self, file, rows, kept):
        """Remember the lines, and report those that are left out."""
        file.lines = [row.number for row in kept]
        known = set(file.lines)
        first = rows[0].number if rows else 0
        empty = [
            number
            for number in range(first, rows[-1].number + 1 if rows else 0)
            if number not in known
        ]
        if empty:
            numbers = listed(self.env, map(str, empty[:_SHOWN_PROBLEMS]))
            more = ", …" if len(empty) > _SHOWN_PROBLEMS else ""
            file.notes.append(
                self.env._("Lines left out because they are empty: %s.", numbers + more)
            )
        for row, line in enumerate(kept):
            if line.surplus:
                file.problems.append((row, None, self._surplus_sentence(line)))

    def _surplus_sentence(self, line):
        return self.env._(
            "There are more cells than titles (“%s” is one too many). Is a separator "
            "part of a cell? Then write that cell in quotes.",
            shown(line.surplus[-1]),
        )

    def _refuse(self, file):
        """Raise all problems of a file as one error, line by line."""
        if not file.problems:
            return
        problems = sorted(file.problems, key=lambda problem: problem[0])
        sentences = [
            self._line_sentence(file, row, sentence)
            for row, __, sentence in problems[:_SHOWN_PROBLEMS]
        ]
        if len(problems) > _SHOWN_PROBLEMS:
            left = len(problems) - _SHOWN_PROBLEMS
            sentences.append(self.env._("%s more lines cannot be read.", left))
        raise ImportValidationError("\n".join(sentences), field=problems[0][1])

    @api.model
    def _line_sentence(self, file, row, sentence):
        return self.env._(
            "Line %(line)s: %(sentence)s", line=file.line(row), sentence=sentence
        )

    def _parse_float_from_data(self, data, index, name, options):
        """Nothing is left to parse where columns were read as a whole."""
        if not self._is_ours() or "/" in name:
            return super()._parse_float_from_data(data, index, name, options)

    def _parse_date_from_data(self, data, index, name, field_type, options):
        """Parse dates by the reading of the column.

        Moments are parsed by Odoo.
        """
        if not self._is_ours() or "/" in name or field_type != "date":
            return super()._parse_date_from_data(data, index, name, field_type, options)

    def _handle_multi_mapping(self, import_fields, input_file_data):
        """Nothing is put together, unless two columns have one field.

        Odoo looks up the field of each cell.
        """
        if not self._is_ours() or len(set(import_fields)) < len(import_fields):
            return super()._handle_multi_mapping(import_fields, input_file_data)
        options = self.env.context.get("import_options", {})
        for place, name in enumerate(import_fields):
            if self._kind(name) in ("char", "text", "html"):
                for line in input_file_data:
                    cell = self._stringify_date_like_objects(line[place], options)
                    line[place] = cell.strip()
        return import_fields, input_file_data

    # Columns

    def _read_columns(self, data, names, chosen, file):
        """Put columns of numbers and days into the form that Odoo's fields read.

        In place; unreadable cells are kept, and are a problem of their line.
        """
        kinds = [self._kind(name) for name in names]
        numbers = {
            place: [_stripped(line[place]) for line in data]
            for place, kind in enumerate(kinds)
            if kind in _NUMBERS
        }
        for place, found in self._number_readings(numbers, chosen).items():
            self._read_numbers(data, place, names[place], numbers[place], found, file)
        for place, kind in enumerate(kinds):
            if kind == "date":
                self._read_days(data, place, names[place], chosen, file)

    @api.model
    def _number_readings(self, columns, chosen):
        """Return ``{place: found}``.

        A column without evidence is read as its neighbours.
        """
        marks = chosen.get("marks")
        found = {
            place: read_numbers.reading(cells, marks)
            for place, cells in columns.items()
        }
        decided = {
            one.reading.decimal
            for place, one in found.items()
            if one.reading.source == "file" and _mostly(columns[place], one)
        }
        if len(decided) != 1:
            return found
        (neighbours,) = decided
        return {
            place: one
            if one.reading.source in ("file", "chosen")
            else read_numbers.reading(columns[place], marks, neighbours)
            for place, one in found.items()
        }

    def _read_numbers(self, data, place, name, cells, found, file):
        strangers = set(found.strangers)
        title = self._title_currency(file.titles[place]) if file.titles else None
        for row, cell in enumerate(cells):
            if title and cell:
                self._keep_sign(row, name, cell, title, file)
            if not cell:
                data[row][place] = ""
            elif row in strangers:
                sentence = self._number_problem(cells, row, name, found, file)
                file.problems.append((row, name, sentence))
            else:
                one = found.numbers[row]
                data[row][place] = read_numbers.value_of(one, found.reading)
                if one.percent and not self._is_percent(name):
                    sentence = self._percent_sentence(cell, name)
                    file.problems.append((row, name, sentence))
                elif one.currency:
                    self._keep_sign(row, name, cell, one.currency, file)
        if any(cells):
            file.notes.append(
                labelled(self.env, self._label(name), self._number_note(found.reading))
            )

    def _is_percent(self, name):
        return self._kind(name) == "float" and name.endswith("percent")

    @api.model
    def _title_currency(self, title):
        """The currency in the title of a column: “Amount (EUR)”, “Total €”.

        Three letters outside of brackets may be another word.
        """
        table = self.env["customer.purchase"]._currency_table()
        for sign, bracketed, word in _CURRENCY_IN_TITLE.findall(str(title)):
            active, inactive = table.candidates(sign or bracketed or word)
            if active or (inactive and not word):
                return sign or bracketed or word
        return None

    def _keep_sign(self, row, name, cell, currency, file):
        """Keep the currency of a cell, or refuse it where it would be lost.

        Purchases have one of their own; elsewhere it must be that of the column.
        """
        if self.res_model == "customer.purchase":
            file.signs.setdefault(row, []).append(currency)
            file.amounts.setdefault(row, cell)
            return
        if "currency_id" in file.columns:
            return
        table = self.env["customer.purchase"]._currency_table()
        own = self.env.company.currency_id.id
        if self._kind(name) != "monetary" or own not in table.candidates(currency)[0]:
            sentence = self.env._(
                "“%(value)s” in the column %(column)s is in another currency than "
                "the column.",
                value=shown(cell),
                column=self._label(name),
            )
            file.problems.append((row, name, sentence))

    def _read_days(self, data, place, name, chosen, file):
        cells = _texts([line[place] for line in data])
        found = self._date_reading(cells, chosen)
        strangers, today = set(found.strangers), fields.Date.context_today(self)
        known = {}
        for row, cell in enumerate(cells):
            if row in strangers:
                sentence = self._date_problem(cells, row, name, found, file)
                file.problems.append((row, name, sentence))
            elif cell:
                if cell not in known:
                    moment = read_dates.moment(cell, found.reading, today)
                    known[cell] = moment.isoformat()
                data[row][place] = known[cell]
            elif isinstance(data[row][place], str):
                data[row][place] = ""
            else:
                data[row][place] = data[row][place].isoformat()[:10]
        if any(cells):
            note = self._date_note(found.reading)
            file.notes.append(labelled(self.env, self._label(name), note))

    @api.model
    def _date_reading(self, cells, chosen):
        today = fields.Date.context_today(self)
        language = self.env["res.lang"]._get_data(code=self.env.user.lang)
        return read_dates.reading(
            cells,
            today,
            FIRST_PLAUSIBLE_DAY,
            today + relativedelta(years=1) + timedelta(days=1),
            usual=read_dates.order_of(language.date_format or "") or "dmy",
            chosen=chosen.get("order"),
            language=(self.env.user.lang or "en")[:2],
        )

    # Sentences

    def _label(self, name):
        return self.env[self.res_model]._fields[name]._description_string(self.env)

    @api.model
    def _mark_word(self, decimal):
        return {
            ",": self.env._("decimal comma"),
            ".": self.env._("decimal point"),
        }[decimal]

    @api.model
    def _number_note(self, found):
        word = self._mark_word(found.decimal)
        if found.source == "chosen":
            return self.env._("Read with a %s, as chosen.", word)
        if found.source == "none":
            return self.env._("Read as whole numbers.")
        if found.source == "likely":
            return self.env._(
                "Read with a %(mark)s: “%(example)s” is %(value)s. Choose the other "
                "sign in the options if it is not.",
                mark=word,
                example=found.example,
                value=read_numbers.value(found.example, found),
            )
        return self.env._("Read with a %s.", word)

    @api.model
    def _signs_note(self, found):
        """Return the note about the currencies in the cells of a column."""
        signs = dict.fromkeys(one.currency for one in found.numbers if one)
        signs.pop("", None)
        if not signs:
            return ""
        return self.env._("Currency from the cells: %s.", listed(self.env, signs))

    @api.model
    def _order_word(self, order):
        return {
            read_dates.YEAR_FIRST: self.env._("year first"),
            read_dates.DAY_FIRST: self.env._("day first"),
            read_dates.MONTH_FIRST: self.env._("month first"),
            read_dates.DAY_LAST: self.env._("year first, month last"),
        }[order]

    @api.model
    def _date_note(self, found):
        word = self._order_word(found.order)
        if found.source == "chosen":
            sentence = self.env._("Read as %s, as chosen.", word)
        elif found.source == "likely":
            today = fields.Date.context_today(self)
            moment = read_dates.moment(found.example, found, today)
            sentence = self.env._(
                "Read as %(order)s: “%(example)s” is %(day)s. Choose the date format "
                "in the options if it is not.",
                order=word,
                example=found.example,
                day=moment.isoformat()[:10],
            )
        else:
            sentence = self.env._("Read as %s.", word)
        if found.timed:
            timed = self.env._(
                "The time of day is left out; with a time zone, it decides the day."
            )
            sentence = f"{sentence} {timed}"
        return sentence

    def _number_problem(self, cells, row, name, found, file):
        """Return why a cell is not a number of its column."""
        cell, label = shown(cells[row].strip()), self._label(name)
        if read_numbers.number(cells[row]) is None:
            return self.env._(
                "“%(value)s” in the column %(column)s is not a number.",
                value=cell,
                column=label,
            )
        if found.against is None:
            return self.env._(
                "“%(value)s” in the column %(column)s does not fit the signs that are "
                "chosen in the options (%(mark)s).",
                value=cell,
                column=label,
                mark=self._mark_word(found.reading.decimal),
            )
        return self.env._(
            "“%(value)s” in the column %(column)s is written in another way than "
            "“%(other)s” on line %(line)s (%(mark)s). Write all of the column in one "
            "way.",
            value=cell,
            column=label,
            other=shown(cells[found.against].strip()),
            line=file.line(found.against),
            mark=self._mark_word(found.reading.decimal),
        )

    def _percent_sentence(self, cell, name):
        return self.env._(
            "“%(value)s” in the column %(column)s is a percentage, but an amount is "
            "needed.",
            value=shown(cell),
            column=self._label(name),
        )

    def _date_problem(self, cells, row, name, found, file):
        """Return why a cell is not a day of its column."""
        cell, label = shown(cells[row].strip()), self._label(name)
        order = self._order_word(found.reading.order)
        if found.against is not None and read_dates.stamp(cells[row]):
            return self.env._(
                "“%(value)s” in the column %(column)s is not written as “%(other)s” "
                "on line %(line)s (%(order)s). Write all of the column in one way.",
                value=cell,
                column=label,
                other=shown(cells[found.against].strip()),
                line=file.line(found.against),
                order=order,
            )
        if found.reading.source == "chosen":
            return self.env._(
                "“%(value)s” in the column %(column)s is not a day in the chosen date "
                "format (%(order)s).",
                value=cell,
                column=label,
                order=order,
            )
        return self.env._(
            "“%(value)s” in the column %(column)s is not a day. Write it as "
            "2026-12-31.",
            value=cell,
            column=label,
        )


def _texts(cells):
    """The cells that are texts, without spaces around; else empty ones."""
    return [_stripped(cell) if isinstance(cell, str) else "" for cell in cells]


def _stripped(cell):
    """A cell as text without spaces around; a typed number as it is."""
    return cell if isinstance(cell, Typed) else str(cell).strip()


def _whole(number):
    """Return an option as a number of lines, or None."""
    return max(0, number) if isinstance(number, int) else 0


def _sample(cells):
    """Return the first texts of a column, evidence of its content."""
    filled = (cell for cell in cells if isinstance(cell, str) and cell.strip())
    return _texts(islice(filled, _SAMPLE))


def _mostly(cells, found):
    """Return whether most cells of a column can be read as a kind."""
    return sum(map(bool, cells)) > 2 * len(found.strangers)
