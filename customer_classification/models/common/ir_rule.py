from odoo import api, models, tools
from odoo.fields import Domain
from odoo.orm.domains import DomainAnd, DomainCondition, DomainOr
from odoo.tools import config

# Models whose record rules apply to the rows about them, and the addons of those rows:
# this one and its glue addons.
SUBJECT_MODELS = ("res.partner", "product.template", "product.product", "utm.campaign")
ADDONS = "customer_classification"


class IrRule(models.Model):
    """Rows about a record follow the record rules on it.

    So do wizards those who opened them.

    Users who may not read a contact see none of its rows: they are not listed, counted,
    grouped, exported or opened, and cannot be written. Each stored many2one of a model
    of these addons to one of ``SUBJECT_MODELS`` is followed; a new model or field needs
    no declaration.

    *Cost*: the domain is made once a user, model and set of companies, as Odoo's own.
    Where each rule on the subject lets everything pass, as Odoo's company rules do for
    users of all companies, nothing is added to a query; else a join by the key of the
    subject.
    """

    _inherit = "ir.rule"

    @api.model
    @tools.conditional(
        "xml" not in config["dev_mode"],
        tools.ormcache(
            "self.env.uid",
            "self.env.su",
            "model_name",
            "mode",
            "tuple(self._compute_domain_context_values())",
        ),
    )
    def _compute_domain(self, model_name: str, mode: str = "read") -> Domain:
        domain = super()._compute_domain(model_name, mode)
        if self.env.su:
            return domain
        model = self.env[model_name]
        followed = map(self._subject_domain, self._subject_fields(model))
        parts = [domain, self._own_wizard_domain(model), *followed]
        return Domain.AND(parts).optimize(model)

    @api.model
    def _own_wizard_domain(self, model):
        """Return the domain of one's own wizards.

        Odoo shows those of others, too.
        """
        if not model._transient or not self._is_of_addons(model):
            return Domain.TRUE
        return Domain("create_uid", "=", self.env.uid)

    @api.model
    def _is_of_addons(self, model):
        return (model._original_module or "").startswith(ADDONS)

    @api.model
    def _subject_fields(self, model):
        """Fields by which rows are about a contact, product or campaign."""
        if not self._is_of_addons(model):
            return []
        return [
            field
            for field in model._fields.values()
            if field.type == "many2one"
            and field.store
            and field.comodel_name in SUBJECT_MODELS
        ]

    @api.model
    def _subject_domain(self, field):
        """Return the domain of rows with a readable subject, or without one."""
        allowed = self._readable(field.comodel_name)
        if allowed.is_true():
            return Domain.TRUE
        domain = Domain(field.name, "any!", allowed)
        # Most rows of a view are always about somebody: an inner join is quicker.
        model = self.env[field.model_name]
        if field.required or not getattr(model, "_subject_is_optional", model._auto):
            return domain
        return domain | Domain(field.name, "=", False)

    @api.model
    def _readable(self, model_name):
        """The domain of records of a model that the user may read."""
        access = self.env["ir.model.access"]
        if not access.check(model_name, "read", raise_exception=False):
            return Domain.FALSE
        domain = self._compute_domain(model_name, "read")
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        every = {False, *companies.search([("id", "!=", False)]).ids}
        parts = domain.children if isinstance(domain, DomainAnd) else [domain]
        return Domain.AND(part for part in parts if not _lets_pass(part, every))

    @api.model
    def _scope_of_companies(self, model_name, company_ids):
        """Return which rows of some companies a user may read.

        :param model_name: a model with a company and a required subject
        :return: ``all``, ``own`` for those whose subject belongs to the same company or
            to none (and perhaps others), or None for some that nothing is known of
        """
        domain = self._compute_domain(model_name, "read")
        parts = domain.children if isinstance(domain, DomainAnd) else [domain]
        found, ids = "all", set(company_ids)
        for part in parts:
            if _is_about_company(part) and ids <= _companies_met(part):
                continue
            if not part.is_true():
                found = "own" if _follows_subject(part, ids) else None
            if found is None:
                return None
        return found

    def _get_failing(self, for_records, mode="read"):
        """Name the rules on contacts, products and campaigns as well."""
        failing = super()._get_failing(for_records, mode)
        for field in self._subject_fields(for_records):
            subjects = for_records.sudo()[field.name].with_env(self.env)
            if subjects and not subjects.has_access("read"):
                failing |= self._get_failing(subjects, "read")
        return failing


def _lets_pass(domain, companies):
    """Return whether a domain holds in each company and without one.

    :param companies: ids of all companies, and False
    """
    if isinstance(domain, DomainCondition) and domain.operator in ("any", "any!"):
        return isinstance(domain.value, Domain) and _lets_pass(domain.value, companies)
    met = set()
    for part in domain.children if isinstance(domain, DomainOr) else [domain]:
        if isinstance(part, DomainCondition) and part.field_expr == "company_id":
            met |= _companies_met(part)
    return domain.is_true() or companies <= met


def _companies_met(condition):
    values = condition.value
    if not isinstance(values, (list, tuple, set, frozenset, tools.OrderedSet)):
        return set()
    if condition.operator == "in":
        return set(values)
    if condition.operator in ("parent_of", "child_of"):
        return {value for value in values if value}
    return set()


def _is_about_company(part):
    return isinstance(part, DomainCondition) and part.field_expr == "company_id"


def _follows_subject(part, company_ids):
    """Return whether a domain lets the rows of own subjects pass."""
    if not isinstance(part, DomainCondition) or part.operator not in ("any", "any!"):
        return False
    inner = part.value if isinstance(part.value, Domain) else Domain.FALSE
    conditions = inner.children if isinstance(inner, DomainAnd) else [inner]
    return all(_lets_pass(one, {False, *company_ids}) for one in conditions)
