"""What a domain says about tags and other records: asked before it is used."""

from odoo.fields import Domain

from .classification_policy_filter import field_of
from .classification_tag_kind import KIND_OF_TAG_MODEL

ANY = ("any", "not any", "any!", "not any!")


def dangling_references(domain, model):
    """Paths of conditions that name records which are no more: one query a path."""
    for condition in domain.iter_conditions():
        field = field_of(condition, model)
        comodel = _comodel(field, model)
        if comodel is None:
            continue
        if condition.operator in ANY:
            yield from dangling_references(Domain(condition.value), comodel)
            continue
        ids = _ids(condition.value)
        if len(comodel.browse(ids).exists()) < len(ids):
            yield condition.field_expr


def asked_tags(domain, model):
    """``{(tag model, id)}`` of all tags that a domain asks for, wherever it does; all
    tags of a model where it asks whether there is any."""
    found = set()
    for condition in domain.iter_conditions():
        found |= _asked_by(condition, model)
    return found


def _asked_by(condition, model):
    name, __, rest = condition.field_expr.partition(".")
    field = model._fields.get(name)
    comodel = _comodel(field, model)
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
    ids = _ids(value)
    if operator in ("child_of", "parent_of"):
        return tags.search([("id", operator, value)]).ids
    if ids:
        return ids
    texts = [text for text in _items(value) if isinstance(text, str)]
    if texts:
        like = Domain.OR(Domain("display_name", "ilike", text) for text in texts)
        return tags.search(like).ids
    return tags.search([]).ids


def replaced(domain, model, tag_model, old_id, new_id):
    """The domain with one tag in place of another, wherever it names it."""

    def swap(condition):
        field = field_of(condition, model)
        comodel = _comodel(field, model)
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


def _comodel(field, model):
    if field is None or not field.relational:
        return None
    return model.env[field.comodel_name]


def _ids(value):
    return [
        item
        for item in dict.fromkeys(_items(value))
        if isinstance(item, int) and not isinstance(item, bool)
    ]


def _items(value):
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return [value]
    return list(value)
