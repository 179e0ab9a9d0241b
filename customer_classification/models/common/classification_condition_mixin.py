"""Conditions written by people, evaluated with their rights."""

import ast
import logging
import math
from contextlib import contextmanager

from psycopg2 import InterfaceError
from psycopg2.errors import AdminShutdown

from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from .access_groups import MONEY_GROUP
from .classification_reason_mixin import (
    field_label,
    model_name,
    quoted,
    record_name,
    refusal,
)

_logger = logging.getLogger(__name__)

ANY = ("any", "not any", "any!", "not any!")
MAX_LENGTH = 100_000  # characters; the ids of ten thousand records
READER_GROUP = "customer_classification.group_user"
# Odoo repeats the request, or the connection is gone: no fault of a condition.
NOT_OURS = (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, InterfaceError, AdminShutdown)


@contextmanager
def in_words(refused):
    """Turn all that is raised inside into a sentence.

    Sentences go on as they are, and errors after which Odoo repeats the request.

    :param refused: callable that returns the error with the sentence, to be raised
    """
    try:
        yield
    except (*NOT_OURS, UserError):
        raise
    except Exception as error:
        _logger.info("What a person wrote cannot be used: %s", error)
        raise refused() from error


@contextmanager
def guarded(env, refused):
    """Turn errors into sentences, and roll back a failed condition."""
    env.flush_all()
    with in_words(refused), env.cr.savepoint(flush=False):
        yield


class Condition:
    """A domain written by a person, over records as that person sees them.

    Any error in it becomes a sentence, also where the search method of another addon
    fails; errors after which Odoo repeats the request go on to Odoo.

    :param records: model in the environment of the person; as superuser, rights are not
        checked
    :param text: the domain as people write it
    :param label: beginning of the sentences, as text or as a value to be kept
    :param within: a :class:`Domain` of the product, whatever the person's rights
    """

    def __init__(self, records, text, label, within=Domain.TRUE):
        self.records = records
        self.within = within
        self.text = text or "[]"
        self.label = label
        self._domain = None

    @property
    def env(self):
        return self.records.env

    def domain(self):
        """Return the :class:`Domain`.

        :raises ValidationError: it cannot be read, or names a field that does not exist
        """
        if self._domain is None:
            with in_words(self._unreadable):
                domain = _parsed(self.text)
                missing = next(missing_fields(domain, self.records), None)
            if missing:
                raise self._invalid("missing_field", field=missing)
            self._domain = domain
        return self._domain

    def rewrite(self, function):
        """Put another domain in place of this one.

        :param function: takes the domain and the records, returns a domain
        """
        domain = self.domain()
        with in_words(self._failed):
            self._domain = function(domain, self.records)

    def check(self):
        """Check that the person may read all fields, and that references exist."""
        self.check_rights()
        self.check_references()

    def check_rights(self):
        """Check that the person may read every field and model of it.

        :raises AccessError: naming the field that the person may not read
        """
        domain = self.domain()
        with in_words(self._failed):
            refused = next(_refused(domain, self.records), None)
        if refused:
            raise self._refused(*refused)

    def check_references(self):
        """Check that the references exist.

        :raises ValidationError: “is not among [deleted records]” would match everybody
        """
        domain = self.domain()
        with in_words(self._failed):
            gone = next(dangling_references(domain, self.records), None)
        if gone:
            raise self._invalid("deleted_reference", field=gone)

    def query(self):
        """Return the :class:`Query` of the matches, without running it.

        :raises AccessError: the person may not read all of it
        :raises ValidationError: it cannot be used, or refers to deleted records
        """
        self.check()
        with in_words(self._failed):
            return self.records._search(self.searched(), active_test=False)

    def searched(self):
        """Return the :class:`Domain` to search by."""
        return self.domain() & self.within

    def ids(self):
        """SQL of the ids that match, as a subselect with the column ``id``."""
        query = self.query()
        return query.subselect(SQL.identifier(query.table, "id"))

    def try_out_once(self):
        """The same as :meth:`try_out`, once a transaction."""
        records = self.records
        key = (records._name, self.text, self.env.uid, str(self.env.context))
        tried = self.env.cr.cache.setdefault("classification_condition", set())
        if key not in tried:
            self.try_out()
            tried.add(key)

    def try_out(self):
        """Let the database read the condition without looking at a row."""
        with self.guarded():
            self.env.cr.execute(
                SQL("SELECT FROM %s m WHERE FALSE", self.ids()), log_exceptions=False
            )

    @contextmanager
    def guarded(self):
        """Undo all database writes of a failing condition, and give the reason."""
        with guarded(self.env, self._failed):
            yield self

    # Errors

    def _invalid(self, code, **values):
        return refusal(ValidationError, self.env, code, label=self.label, **values)

    def _unreadable(self):
        return self._invalid("unreadable")

    def _failed(self):
        return self._invalid("failed_search", fields=self._fields_in_words())

    def _fields_in_words(self):
        """Labels of the first fields of the condition."""
        try:
            found = [field_of(one, self.records) for one in _first(self.domain())]
        except (UserError, RecursionError):
            found = []
        return quoted(field_label(field) for field in found if field)

    def _refused(self, model, field):
        values = {
            "label": self.label,
            "model": model_name(model),
            "user": record_name(self.env.user.sudo()),
        }
        if field is None:
            return refusal(AccessError, self.env, "refused_model", **values)
        values["field"] = field_label(field)
        return refusal(AccessError, self.env, "refused_field", **values)

    # Readers

    def readers(self):
        """Return the audience of the results of a condition.

        ``all`` users of the app, those who see ``amounts``, or only the ``own`` person.
        """
        sets = self.env["res.groups"]._get_group_definitions()
        users = sets.parse(READER_GROUP)
        sellers = users & sets.parse(MONEY_GROUP)
        needed = [*_needed_groups(self.domain(), self.records)]
        for name, readers in (("all", users), ("amounts", sellers)):
            if all(readers <= groups for groups in needed):
                return name
        return "own"


class ClassificationConditionMixin(models.AbstractModel):
    """Records with a condition evaluated with the rights of one person.

    The writer of the condition becomes that person; nobody can name another one. So
    nobody gains the rights of somebody else, neither by naming nor by editing. It is
    used together with ``classification.protected.mixin``.
    """

    _name = "classification.condition.mixin"
    _description = "Record with a Condition of a Person"

    # Field with the person, ``copy=False`` and the current user by default.
    _condition_person = "responsible_id"
    # Fields with domains.
    _condition_texts = ()
    # All fields used in the condition.
    _condition_fields = frozenset()

    @api.model_create_multi
    def create(self, vals_list):
        self._check_condition_texts(vals_list)
        if self.env.su:
            return super().create(vals_list)
        person, user = self._condition_person, self.env.uid
        for vals in vals_list:
            if vals.get(person) not in (None, False, user):
                self._refuse_protected({person})
        records = super().create([{**vals, person: user} for vals in vals_list])
        records._check_condition_rights()
        return records

    def write(self, vals):
        self._check_condition_texts([vals])
        if not self.env.su:
            self._refuse_protected({self._condition_person} & set(vals))
            if self._condition_fields & set(vals):
                return self._write_condition(vals)
        return super().write(vals)

    def _write_condition(self, vals):
        self.check_access("write")
        self.sudo().write(self._condition_taken())
        result = super().write(vals)
        # Not in a constraint: Odoo calls those with superuser rights.
        self._check_condition_rights()
        return result

    def _check_condition_rights(self):
        """Check that the user who saved a condition may read all of it.

        :raises AccessError: naming the field that the user may not read
        """
        raise NotImplementedError

    def _condition_taken(self):
        """Return the values set on records whose condition a user changes."""
        return {self._condition_person: self.env.uid}

    def _check_condition_texts(self, vals_list):
        """Refuse texts that the database cannot store."""
        for vals in vals_list:
            for name in self._condition_texts:
                text = vals.get(name)
                if text and not _is_storable(str(text)):
                    label = self._fields[name]._description_string(self.env)
                    condition = Condition(self, str(text), label)
                    raise condition._unreadable()

    @property
    def _condition_root(self):
        """The superuser, whose rights are not looked at."""
        return self.env["res.users"].browse(SUPERUSER_ID)

    def _condition_eyes(self, model, company, label, person=None):
        """Return a model with the rights of a person in one company.

        :param person: the person; by default the one that the record names
        :raises AccessError: that person may not work there any more
        """
        person = (person or self[self._condition_person]).sudo()
        if person.id != SUPERUSER_ID:
            self._check_person(person, company, label)
        context = {"allowed_company_ids": company.ids, "active_test": False}
        context |= {"lang": self.env.lang}
        return self.env(user=person.id, su=False, context=context)[model]

    def _check_person(self, person, company, label):
        if not person:
            raise refusal(AccessError, self.env, "no_person", label=label)
        user = record_name(person)
        if not person.active or not person._is_internal():
            raise refusal(AccessError, self.env, "person_left", label=label, user=user)
        if company not in person.company_ids:
            raise refusal(
                AccessError,
                self.env,
                "other_company",
                label=label,
                user=user,
                company=record_name(company.sudo()),
            )


# Domains


def missing_fields(domain, model):
    """Paths of a domain that name a field that the models do not have."""
    for condition in domain.iter_conditions():
        found = field_of(condition, model)
        if not found:
            yield condition.field_expr
        elif condition.operator in ANY:
            comodel = comodel_of(found, model)
            if comodel is None:
                yield condition.field_expr
            else:
                yield from missing_fields(Domain(condition.value), comodel)


def field_of(condition, model):
    """Return the field at the end of a condition's path, or None."""
    field = None
    for name in condition.field_expr.split("."):
        if field is not None and not field.relational:
            # Part of a date (“create_date.month_number”) or of properties.
            return field if field.type in ("date", "datetime", "properties") else None
        model = model if field is None else model.env[field.comodel_name]
        field = model._fields.get(name)
        if field is None:
            return None
    return field


def comodel_of(field, model):
    """Return the model to which a field leads, or None."""
    if field is None or not field.relational:
        return None
    return model.env[field.comodel_name]


def dangling_references(domain, model):
    """Return paths of conditions that name deleted records.

    One query a path.
    """
    for condition in domain.iter_conditions():
        comodel = comodel_of(field_of(condition, model), model)
        if comodel is None:
            continue
        if condition.operator in ANY:
            yield from dangling_references(Domain(condition.value), comodel)
            continue
        ids = ids_in(condition.value)
        known = [record for record in ids if abs(record) < 2**31]
        if len(comodel.browse(known).exists()) < len(ids):
            yield condition.field_expr


def ids_in(value):
    """The ids of records that the value of a condition names, each once."""
    return [
        item
        for item in dict.fromkeys(items_of(value))
        if isinstance(item, int) and not isinstance(item, bool)
    ]


def items_of(value):
    """The value of a condition as a list."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return [value]
    return list(value)


def _first(domain):
    """At most three conditions of a domain."""
    return [one for one, __ in zip(domain.iter_conditions(), range(3), strict=False)]


def _parsed(text):
    """Return the :class:`Domain` of a text, checked at every depth.

    :raises ValueError: or other errors, for an invalid text
    """
    if not _is_storable(text):
        raise ValueError("too long, or characters that are none")
    domain = Domain(ast.literal_eval(text))
    _check_values(domain)
    return domain


def _is_storable(text):
    """Return whether the database can store a text of usual length."""
    if len(text) > MAX_LENGTH or "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_values(domain):
    for condition in domain.iter_conditions():
        operator, value = condition.operator, condition.value
        if operator in ANY:
            _check_values(Domain(value))
        elif not all(_is_plain(operator, item) for item in items_of(value)):
            raise ValueError(f"value of {condition.field_expr}")


def _is_plain(operator, item):
    """Return whether every database can compare with a value."""
    if isinstance(item, str):
        is_pattern = operator.endswith("like")
        tail = len(item) - len(item.rstrip("\\"))
        return _is_storable(item) and not (is_pattern and tail % 2)
    return not isinstance(item, float) or math.isfinite(item)


def _looked_at(domain, model):
    """Return the models and fields that a domain reads.

    ``(model, field)``; no field for a whole model.
    """
    yield model, None
    for condition in domain.iter_conditions():
        yield from _looked_at_by(condition, model)


def _looked_at_by(condition, model):
    name, __, rest = condition.field_expr.partition(".")
    field, operator, value = model._fields[name], condition.operator, condition.value
    yield model, field
    comodel = comodel_of(field, model)
    if comodel is None:
        return
    if rest:
        yield from _looked_at(Domain(rest, operator, value), comodel)
    elif operator in ANY:
        yield from _looked_at(Domain(value), comodel)
    elif field.type != "many2one" or any(isinstance(v, str) for v in items_of(value)):
        yield comodel, None
    elif operator in ("child_of", "parent_of"):
        yield comodel, None


def _refused(domain, model):
    """Return the models and fields that the user may not read."""
    if model.env.su:
        return
    for looked_at, field in _looked_at(domain, model):
        if not looked_at.has_access("read"):
            yield looked_at, None
        elif field and not looked_at._has_field_access(field, "read"):
            yield looked_at, field


def check_readable_fields(domain, model):
    """Refuse a domain that asks for fields that the user may not read.

    :raises AccessError: Odoo's, about the first of them
    """
    for looked_at, field in _looked_at(domain, model):
        if field:
            looked_at._check_field_access(field, "read")


def _needed_groups(domain, model):
    """Sets of groups, of each of which a user must have one to read a domain."""
    sets = model.env["res.groups"]._get_group_definitions()
    access = model.env["ir.model.access"]
    for looked_at, field in _looked_at(domain, model):
        if field is None:
            yield access._get_access_groups(looked_at._name)
        elif field.groups:
            yield sets.parse(field.groups, raise_if_not_found=False)
