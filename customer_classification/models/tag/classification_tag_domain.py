"""References of a domain to tags and other records."""

from odoo.fields import Domain

from ..common.classification_condition_mixin import (
    ANY,
    comodel_of,
    field_of,
    ids_in,
    items_of,
)
from .classification_tag_kind import KIND_OF_TAG_MODEL


def asked_tags(domain, model):
    """Return ``{(tag model, id)}`` of all tags that a domain names.

    All tags of a model where the domain asks for any.
    """
    found = set()
    for condition in domain.iter_conditions():
        found |= _asked_by(condition, model)
    return found


def _asked_by(condition, model):
    name, __, rest = condition.field_expr.partition(".")
    field = model._fields.get(name)
    comodel = comodel_of(field, model)
    if comodel is None:
        return set()
    operator, value = condition.operator, condition.value
    if rest:
        within = Domain(rest, operator, value)
    elif operator in ANY:
        within = Domain(value)
    elif comodel._name in KIND_OF_TAG_MODEL:
        return {(comodel._name, tag) for tag in _named(comodel, operator, value)}
    else:
        return set()
    if comodel._name in KIND_OF_TAG_MODEL:
        tags = comodel.with_context(active_test=False).search(within)
        return {(comodel._name, tag) for tag in tags.ids}
    return asked_tags(within, comodel)


def _named(comodel, operator, value):
    """Ids of the tags that a condition on a field of tags names."""
    tags = comodel.with_context(active_test=False)
    ids = ids_in(value)
    if operator in ("child_of", "parent_of"):
        return tags.search([("id", operator, value)]).ids
    if ids:
        return ids
    texts = [text for text in items_of(value) if isinstance(text, str)]
    if texts:
        like = Domain.OR(Domain("display_name", "ilike", text) for text in texts)
        return tags.search(like).ids
    return tags.search([]).ids


def replaced(domain, model, tag_model, old_id, new_id):
    """The domain with one tag in place of another, wherever it names it."""

    def swap(condition):
        field = field_of(condition, model)
        comodel = comodel_of(field, model)
        value = condition.value
        if comodel is None:
            return condition
        if condition.operator in ANY:
            value = replaced(Domain(value), comodel, tag_model, old_id, new_id)
        elif comodel._name == tag_model:
            value = _swapped(value, old_id, new_id)
        return Domain(condition.field_expr, condition.operator, value)

    return domain.map_conditions(swap)


def _swapped(value, old_id, new_id):
    if (
        isinstance(value, (list, tuple, set))
        or hasattr(value, "__iter__")
        and (not isinstance(value, str))
    ):
        return list(dict.fromkeys(new_id if item == old_id else item for item in value))
    return new_id if value == old_id and not isinstance(value, bool) else value
