from collections import defaultdict
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL, email_normalize

from ...engine.imports.cell_text import folded
from ...engine.imports.read_currencies import Currencies, Currency
from ..common.arguments import BIGGEST_ID
from ..common.arguments import _shown as shown
from ..common.punctuation import clauses

# Fields by which a contact can be named, of any company.
_IDENTIFIERS = ("complete_name", "email_normalized", "ref", "vat", "company_registry")
_SHOWN_CANDIDATES = 5
# Spaces that look like a usual one.
_ODD_SPACES = "\t\n\r\u00a0\u202f\u3000"


class Candidate(NamedTuple):
    """A contact that a text may mean."""

    id: int
    customer_id: int  # its commercial partner
    company_id: int | None


class CustomerPurchaseLookupMixin(models.AbstractModel):
    """Finds customers, currencies and companies that the lines of a file name.

    A few queries for all of them, in any letter case, and never the first of several.
    """

    _name = "customer.purchase.lookup.mixin"
    _description = "Records Named in a File of Purchases"

    # Customers

    @api.model
    def _customers_named(self, texts, company_ids):
        """``{text: candidates}`` by all that a customer is called by.

        Name, e-mail, reference, tax number, customer code: two queries, and a third
        for contacts by their own name alone.

        :param company_ids: of the lines, whose customer codes count
        """
        keys = defaultdict(set)
        for text in texts:
            keys[_name_key(text)].add(text)
        owners = self._code_owners(texts, company_ids)
        coded = {partner_id for ids in owners.values() for partner_id in ids}
        found = self._candidates(_IDENTIFIERS, keys, coded)
        for text, partner_ids in owners.items():
            found[text] |= {one for one in found[None] if one.id in partner_ids}
        left = {key: its for key, its in keys.items() if not any(found[t] for t in its)}
        if left:
            for text, candidates in self._candidates(("name",), left, ()).items():
                found[text] |= candidates
        found.pop(None, None)
        return found

    @api.model
    def _code_owners(self, texts, company_ids):
        """``{text: ids of the contacts whose code it is or was}``."""
        codes = self.env["customer.code"]
        normal = {text: codes._normalized(text) for text in texts}
        rows = codes.search_fetch(
            [
                ("company_id", "in", list(company_ids)),
                ("code", "in", list(set(normal.values()))),
            ],
            ["code", "partner_id"],
        )
        owners = defaultdict(set)
        for row in rows:
            owners[row.code].add(row.partner_id.id)
        return {t: owners[code] for t, code in normal.items() if code in owners}

    @api.model
    def _candidates(self, columns, keys, partner_ids):
        """Return ``{text: candidates}`` by some columns of contacts: one query.

        ``None`` has those that are asked for by their ids.
        """
        partners = self.env["res.partner"]
        partners.flush_model(
            [*columns, "commercial_partner_id", "company_id", "active"]
        )
        query = partners._search([])
        asked = list(keys)
        values = [_compared(SQL.identifier(query.table, one)) for one in columns]
        conditions = [SQL("%s = ANY(%s)", value, asked) for value in values]
        if partner_ids:
            conditions.append(
                SQL(
                    "%s = ANY(%s)", SQL.identifier(query.table, "id"), list(partner_ids)
                )
            )
        query.add_where(SQL("(%s)", SQL(" OR ").join(conditions)))
        query.order = None
        names = ("id", "commercial_partner_id", "company_id")
        rows = self.env.execute_query(
            query.select(
                *(SQL.identifier(query.table, name) for name in names), *values
            )
        )
        found = defaultdict(set)
        for partner_id, customer_id, company_id, *texts in rows:
            candidate = Candidate(partner_id, customer_id or partner_id, company_id)
            if partner_id in partner_ids:
                found[None].add(candidate)
            for key in {text for text in texts if text}:
                for text in keys.get(key, ()):
                    found[text].add(candidate)
        return found

    @api.model
    def _the_customer(self, text, candidates, company):
        """Return ``(candidate, reason without one)`` for a line of a company.

        Several contacts of one company mean the company itself.
        """
        usable = [
            one
            for one in candidates
            if not one.company_id or one.company_id in company.parent_ids.ids
        ]
        customers = {one.customer_id for one in usable}
        if len(customers) > 1:
            return None, self._several_sentence(text, usable)
        if usable:
            best = min(usable, key=lambda one: (one.id != one.customer_id, one.id))
            return best, None
        if candidates:
            return None, self.env._(
                "The customer “%s” belongs to another company.", shown(text)
            )
        return None, self._no_customer_sentence(text)

    @api.model
    def _no_customer_sentence(self, text):
        return self.env._("There is no customer “%s”.", shown(text))

    @api.model
    def _several_sentence(self, text, candidates):
        """Name the candidates that a text may mean."""
        ids = sorted(one.id for one in candidates)
        partners = self.env["res.partner"].browse(ids[:_SHOWN_CANDIDATES])
        names = [
            f"{partner.display_name} ({partner.email or partner.ref or '–'}, "
            f"ID {partner.id})"
            for partner in partners
        ]
        names += ["…"] * (len(ids) > _SHOWN_CANDIDATES)
        return self.env._(
            "“%(text)s” can mean %(number)s customers: %(names)s. Write an e-mail "
            "address, a reference or a code that only one of them has.",
            text=shown(text),
            number=len(ids),
            names=clauses(self.env, names),
        )

    # Currencies

    @api.model
    def _currency_table(self):
        """All currencies by code, sign and name, in each language: one query."""
        currencies = self.env["res.currency"]
        currencies.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id, name, symbol, full_name, active, currency_unit_label"
                " FROM res_currency ORDER BY id"
            )
        )
        return Currencies(
            Currency(
                id=row_id,
                code=code,
                names=(symbol, full_name, *(units or {}).values()),
                active=active,
            )
            for row_id, code, symbol, full_name, active, units in rows
        )

    @api.model
    def _currency_sentence(self, decision):
        """Why a line has no currency."""
        words = {"text": shown(decision.text), "codes": ", ".join(decision.codes)}
        if decision.problem == "unknown":
            return self.env._("There is no currency “%(text)s”.", **words)
        if decision.problem == "inactive":
            return self.env._(
                "The currency “%(text)s” (%(codes)s) is not active. Activate it, or "
                "write another one.",
                **words,
            )
        if decision.problem == "ambiguous":
            return self.env._(
                "“%(text)s” is the sign of several currencies: %(codes)s. Write the "
                "code in the column Currency.",
                **words,
            )
        return self.env._(
            "“%(text)s” and “%(codes)s” on this line are two currencies.", **words
        )

    # Companies, and records by their numbers

    @api.model
    def _companies_named(self, texts):
        """``{text: ids}`` of the companies of a name, in any letter case."""
        found = defaultdict(set)
        companies = self.env["res.company"].search_fetch([], ["name"])
        by_name = companies.grouped(lambda company: folded(company.name))
        for text in texts:
            found[text].update(by_name.get(folded(text), companies.browse()).ids)
        return found

    @api.model
    def _numbered(self, model, subfield, texts):
        """``{text: id}`` of records given by database or external ids: one query."""
        if subfield == "id":
            return self._external(model, texts)
        ids = {text: int(text) for text in texts if text.isdecimal()}
        ids = {text: one for text, one in ids.items() if 0 < one <= BIGGEST_ID}
        records = self.env[model].with_context(active_test=False)
        there = set(records.search([("id", "in", list(ids.values()))]).ids)
        return {text: one for text, one in ids.items() if one in there}

    @api.model
    def _external(self, model, texts):
        names = {
            text: tuple(text.split(".", 1)) if "." in text else ("__import__", text)
            for text in texts
        }
        rows = (
            self.env["ir.model.data"]
            .sudo()
            .search_fetch(
                [
                    ("model", "=", model),
                    ("module", "in", list({module for module, __ in names.values()})),
                    ("name", "in", list({name for __, name in names.values()})),
                ],
                ["module", "name", "res_id"],
            )
        )
        known = {(row.module, row.name): row.res_id for row in rows}
        there = set(self.env[model].browse(known.values()).exists().ids)
        return {
            text: known[key] for text, key in names.items() if known.get(key) in there
        }


def _compared(column):
    """Return the SQL of a text of a contact as :func:`folded` has it.

    Only the few texts with spaces that nobody sees take the dear way.
    """
    return SQL(
        "lower(CASE WHEN %(text)s LIKE ANY(%(odd)s)"
        " THEN btrim(regexp_replace(%(text)s, %(spaces)s, ' ', 'g'))"
        " ELSE %(text)s END)",
        text=column,
        odd=["%  %", " %", "% ", *(f"%{space}%" for space in _ODD_SPACES)],
        spaces=f"[{_ODD_SPACES} ]+",
    )


def _name_key(text):
    """A text as contacts are compared; of an e-mail the address alone."""
    address = "@" in text and email_normalize(text)
    return address or folded(text)
