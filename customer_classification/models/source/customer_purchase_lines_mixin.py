from zoneinfo import ZoneInfo

from odoo import api, models
from odoo.tools import SQL

from ..common.arguments import _shown as shown
from ..common.punctuation import listed
from .customer_purchase_lookup_mixin import Candidate
from .import_lines import Lines, has_digit, is_total, moment, one_a_cell

# Records named by a line that identify a purchase.
NAMED = ("company_id", "currency_id", "partner_id")


class CustomerPurchaseLinesMixin(models.AbstractModel):
    """Judges the lines of a file: each that cannot be taken has a sentence.

    Of the others, ids take the place of the names of records.
    """

    _name = "customer.purchase.lines.mixin"
    _inherit = "customer.purchase.lookup.mixin"
    _description = "Lines of a File of Purchases"

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
        problems += self._repeated_references(lines, ids, file)
        if problems:
            return lines, one_a_cell(problems)
        problems += self._replaced_purchases(lines, ids, file)
        file.known = frozenset(NAMED)
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
            alone = not line[day[0]] or not has_digit(line[day[0]])
            word = alone and next((c for c in line if c and is_total(c)), None)
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
        """Return one problem for each line without customer, date or amount.

        Odoo itself would take an empty amount for a purchase of nothing. A file that
        changes known purchases by their ids may leave columns out.
        """
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
        """Return one problem for each cell that is invalid for its column."""
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
        """Return why a cell is not a valid value of a field, or None."""
        field = self._fields[name]
        if field.type == "many2one":  # a file names a record
            return self._text_sentence(field, cell)
        if name != "date":
            return self._value_sentence(name, cell)
        found = moment(cell)
        if found is None:
            return self._wrong_sentence(field, cell)
        return self._date_sentence(found.date())

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
        """Return the company of each line, by default the current one."""
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
        """Return the currency of each line.

        The line's own, else that of its company; a known purchase named by its id keeps
        its currency.
        """
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
        words = listed(
            self.env,
            [f"{currency.name} ({counts[currency.id]})" for currency in currencies],
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
            found = len(line[columns[0]]) > 10 and moment(line[columns[0]])
            if not found:
                continue
            if found.tzinfo:
                zones = zones or self._policy_zones()
                found = found.astimezone(zones.get(company_id) or zones[None])
            line[columns[0]] = found.date().isoformat()

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
    def _keys(self, lines, ids):
        """Return the keys of the purchases in the lines; None without reference."""
        references = lines.cells("reference")
        if references is None:
            return [None] * len(lines.data)
        channels = lines.cells("channel") or [""] * len(lines.data)
        amounts = lines.cells("amount") or [""] * len(lines.data)
        currencies = ids["currency_id"] or [None] * len(lines.data)
        return [
            (company_id, channel, reference, self._takes_back(amount, currency_id))
            if reference
            else None
            for company_id, channel, reference, amount, currency_id in zip(
                *(ids["company_id"], channels, references, amounts, currencies),
                strict=True,
            )
        ]

    @api.model
    def _takes_back(self, amount, currency_id):
        """Return whether a purchase is a refund, once its amount is rounded.

        :param amount: a number, or a cell that need not be one
        """
        try:
            amount = float(amount or 0)
        except ValueError:
            return amount.startswith("-")
        if amount < 0 and currency_id:
            amount = self.env["res.currency"].browse(currency_id).round(amount)
        return amount < 0

    @api.model
    def _repeated_references(self, lines, ids, file):
        """Return one problem for each line that repeats a reference."""
        first_rows = {}
        keys = self._keys(lines, ids)
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
        keys = self._keys(lines, ids)
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
        """Return ``{key: (id, day, customer)}`` of purchases by reference.

        One query, and no records in memory.
        """
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
            if field.split("/")[0] not in NAMED
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
