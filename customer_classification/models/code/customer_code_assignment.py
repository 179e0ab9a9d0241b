from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.customers import customer_codes
from ..common.classification_condition_mixin import guarded
from ..common.classification_reason_mixin import reason_of, refusal

# Rounds of numbers tried where codes are taken; each skips twice as many as the last.
ROUNDS = 20
# Kinds of segments, {kind: (model, field of its letters, field that stands in)}.
WORDS = {
    "tier": ("customer.value.tier", "code_letters", "code"),
    "stage": ("customer.lifecycle.stage", "code_letters", "code"),
    "industry": ("res.partner.industry", "customer_code_letters", "name"),
}


class Customer(NamedTuple):
    """Values of a customer for its code, and its current code."""

    id: int
    is_company: bool
    words: dict
    code: str | None
    number: int | None
    scheme_id: int | None


class Step(NamedTuple):
    """A code for a customer, in place of another or of none."""

    customer: Customer
    scheme_id: int
    recipe: customer_codes.Recipe
    number: int | None


class Scheme(NamedTuple):
    """Settings of a scheme that are read for every customer."""

    id: int
    applies_to: str
    follows: bool
    recipe: customer_codes.Recipe | None

    def is_for(self, customer):
        kind = "company" if customer.is_company else "person"
        return self.applies_to in ("all", kind)

    def step(self, customer):
        """Return the step that gives a customer the code of this scheme, or None."""
        number = None
        if customer.code:
            if not self.follows or not customer.scheme_id:
                return None
            if customer.scheme_id == self.id:
                number = customer.number
                if self.recipe.code(customer.words, number) == customer.code:
                    return None
        return Step(customer, self.id, self.recipe, number)


class CustomerCodeAssignment(models.AbstractModel):
    """Gives customers their codes, in a number of queries that does not grow.

    *How it works*: one query reads the customers with their classes and the code so
    far, codes are put together in memory, and two statements write them: the codes so
    far become old ones, the new ones are added. Whose code is taken (by an imported
    one) comes in the next round, with another number.
    """

    _name = "customer.code.assignment"
    _description = "Assignment of Customer Codes"

    @api.model
    def _cron_assign(self):
        """Codes for the customers of each company that has a scheme."""
        schemes = self.env["customer.code.scheme"].search([("active", "=", True)])
        for company, its in schemes.grouped("company_id").items():
            self.with_company(company)._assign_guarded(company, its)

    @api.model
    def _assign_guarded(self, company, schemes):
        """Assign codes by all schemes of a company; on failure, by each alone.

        A scheme that fails is excluded, with the reason on it.
        """
        try:
            with guarded(self.env, schemes._failed):
                self._assign(company, schemes=schemes)
            schemes.error_reason = False
        except UserError as error:
            if len(schemes) == 1:
                schemes.error_reason = reason_of(error)
                return
            for scheme in schemes:
                self._assign_guarded(company, scheme)

    @api.model
    def _plan(self, company, partner_ids=None, schemes=None):
        """Return the steps and the number of customers with a first code.

        Two queries, and one for each kind of words. Codes given by a person are kept.

        :param schemes: by which codes are assigned; by default by all of the company
        """
        schemes = self._schemes(company, schemes)
        if not schemes:
            return [], 0
        steps = []
        for customer in self._customers(company, partner_ids):
            scheme = next((one for one in schemes if one.is_for(customer)), None)
            step = scheme and scheme.recipe and scheme.step(customer)
            if step:
                steps.append(step)
        return steps, sum(not step.customer.code for step in steps)

    @api.model
    def _schemes(self, company, chosen=None):
        """Return all schemes of a company in their order.

        Schemes that were not chosen have no recipe: their customers get no code by
        another one.
        """
        own = self.env["customer.code.scheme"].search([("company_id", "=", company.id)])
        return [
            Scheme(
                one.id,
                one.applies_to,
                one.policy == "follow",
                one._recipe() if chosen is None or one in chosen else None,
            )
            for one in own
        ]

    @api.model
    def _assign(self, company, partner_ids=None, schemes=None):
        """Carry out the ``_plan``; return ``(first codes, changed ones)``."""
        steps, first = self._plan(company, partner_ids, schemes)
        self._retire_codes(company, [step.customer.id for step in steps])
        waiting = steps
        for attempt in range(ROUNDS):
            if not waiting:
                break
            numbered = self._numbered(waiting, 2**attempt if attempt else 0)
            served = self._insert_codes(company, numbered)
            waiting = [
                step._replace(number=None)
                for step in waiting
                if step.customer.id not in served
            ]
        if waiting:
            raise refusal(UserError, self.env, "no_free_number", count=len(waiting))
        self.env["customer.code"].invalidate_model()
        self.env["res.partner"].invalidate_model(["customer_code"])
        return first, len(steps) - first

    @api.model
    def _numbered(self, steps, skip):
        """Return each step as ``(partner id, code, number, scheme id)``.

        A query a scheme.
        """
        rows = []
        by_scheme = defaultdict(list)
        for step in steps:
            by_scheme[step.scheme_id].append(step)
        for scheme_id, its in by_scheme.items():
            scheme = self.env["customer.code.scheme"].browse(scheme_id)
            missing = sum(step.number is None for step in its)
            fresh = iter(scheme._take_numbers(missing, skip) if missing else ())
            for step in its:
                number = next(fresh) if step.number is None else step.number
                code = step.recipe.code(step.customer.words, number)
                rows.append((step.customer.id, code, number, scheme_id))
        return rows

    @api.model
    def _retire_codes(self, company, partner_ids):
        self.env["customer.code"].flush_model()
        self.env.cr.execute(
            SQL(
                """UPDATE customer_code SET is_current = FALSE, until = %s,
                          write_uid = %s, write_date = NOW() AT TIME ZONE 'UTC'
                    WHERE company_id = %s AND is_current AND partner_id = ANY(%s)""",
                fields.Date.context_today(self),
                self.env.uid,
                company.id,
                partner_ids,
            )
        )

    @api.model
    def _insert_codes(self, company, rows):
        """Add codes; return the ids of the customers who got theirs.

        A customer may get a former code of its own again, but never that of another.
        """
        partner_ids, codes, numbers, schemes = map(list, zip(*rows, strict=True))
        found = self.env.execute_query(
            SQL(
                """
                INSERT INTO customer_code AS c
                       (partner_id, company_id, code, number, scheme_id, is_current,
                        since, create_uid, write_uid, create_date, write_date)
                SELECT r.partner_id, %(company)s, r.code, r.number, r.scheme_id, TRUE,
                       %(today)s, %(user)s, %(user)s,
                       NOW() AT TIME ZONE 'UTC', NOW() AT TIME ZONE 'UTC'
                  FROM UNNEST(%(partners)s::int[], %(codes)s::text[],
                              %(numbers)s::int[], %(schemes)s::int[])
                    AS r (partner_id, code, number, scheme_id)
                    ON CONFLICT (company_id, code) DO UPDATE
                   SET is_current = TRUE, until = NULL,
                       write_uid = excluded.write_uid, write_date = excluded.write_date
                 WHERE c.partner_id = excluded.partner_id
                RETURNING partner_id
                """,
                company=company.id,
                today=fields.Date.context_today(self),
                user=self.env.uid,
                partners=partner_ids,
                codes=codes,
                numbers=numbers,
                schemes=schemes,
            )
        )
        return {partner_id for (partner_id,) in found}

    # Parts of codes

    @api.model
    def _sample(self, company, applies_to, limit):
        """The best customers for a preview."""
        condition = {
            "company": SQL("p.is_company"),
            "person": SQL("p.is_company IS NOT TRUE"),
        }.get(applies_to, SQL("TRUE"))
        condition = SQL("f.id IS NOT NULL AND %s", condition)
        return self._read_customers(company, condition, limit)

    @api.model
    def _customers(self, company, partner_ids):
        """All active customers of a company, or the customers among some contacts."""
        if partner_ids is None:
            return self._read_customers(company, SQL("f.active"))
        chosen = SQL(
            "p.id IN (SELECT commercial_partner_id FROM res_partner"
            " WHERE id = ANY(%s::int[]))",
            list(partner_ids),
        )
        return self._read_customers(company, chosen)

    @api.model
    def _read_customers(self, company, condition, limit=None):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, p.is_company IS TRUE, p.industry_id,
                       p.customer_company_size, f.value_tier_id, f.lifecycle_stage_id,
                       n.code, s.code, c.code, c.number, c.scheme_id
                  FROM res_partner p
                  JOIN res_company k ON k.id = %(company)s
                  LEFT JOIN customer_profile f
                    ON f.partner_id = p.id AND f.company_id = %(company)s
                  LEFT JOIN res_country n ON n.id = p.country_id
                  LEFT JOIN res_country_state s ON s.id = p.state_id
                  LEFT JOIN customer_code c ON c.partner_id = p.id
                        AND c.company_id = %(company)s AND c.is_current
                 WHERE p.active AND p.commercial_partner_id = p.id AND %(condition)s
                   AND (p.company_id IS NULL
                        OR '/' || k.parent_path LIKE '%%/' || p.company_id || '/%%')
                 ORDER BY f.value_score DESC NULLS LAST, p.id
                 LIMIT %(limit)s
                """,
                company=company.id,
                condition=condition,
                limit=limit,
            )
        )
        words = self._words()
        return [self._customer(row, words) for row in rows]

    @api.model
    def _customer(self, row, words):
        (partner, is_company, industry, size, tier, stage, country, state, *code) = row
        return Customer(
            partner,
            is_company,
            {
                "type": "C" if is_company else "P",
                "industry": words["industry"].get(industry),
                "size": words["size"].get(size),
                "tier": words["tier"].get(tier),
                "stage": words["stage"].get(stage),
                "country": country,
                "state": state,
            },
            *code,
        )

    @api.model
    def _words(self):
        """Return ``{kind: {id: word}}`` of records with words of their own.

        One query each.
        """
        words = {
            kind: {one.id: one[letters] or one[otherwise] for one in self._all(model)}
            for kind, (model, letters, otherwise) in WORDS.items()
        }
        sizes = self.env["customer.company.size"]._all()
        words["size"] = {one.size: one.code_letters or one.size for one in sizes}
        return words

    @api.model
    def _all(self, model):
        records = self.env[model].sudo().with_context(active_test=False, lang=None)
        return records.search([("id", "!=", False)])
