"""Differences of a version from the one before, for people."""

from markupsafe import Markup

from ..common.punctuation import labelled
from ..common.sentences import PERCENT_FIELDS, plain_number
from .rule_fields import FILTERS, LINE_FIELDS, NO_VALUE_TIER

# Numbers whose unit does not follow from their name.
_RHYTHMS = ("at_risk_ratio", "dormant_ratio", "lost_ratio", "silent_ratio")


def change_html(version, before):
    """The differences between two versions as a table.

    :param before: the version that was in force before, or an empty recordset
    """
    env = version.env
    if not before:
        return Markup("<p>%s</p>") % env._("There is no version before this one.")
    changes = changes_since(version, before)
    if not changes:
        return Markup("<p>%s</p>") % env._(
            "Says the same as version %s.", before.version
        )
    return _change_table(env, before, changes)


def changes_since(version, before):
    """Return ``[(label, old, new)]`` of the differing rules, for people.

    None means a missing line. No query a field: lines and rules are read at once.
    """
    old, new = rules_in_words(before), rules_in_words(version)
    return [
        (label, old.get(label), new.get(label))
        for label in {**new, **old}
        if old.get(label) != new.get(label)
    ]


def _change_table(env, before, changes):
    head = (env._("Rule"), env._("Version %s", before.version), env._("This version"))
    rows = Markup("").join(
        Markup("<tr><td>%s</td><td class='text-muted'>%s</td><td>%s</td></tr>")
        % (label, old or "–", new or "–")
        for label, old, new in changes
    )
    heads = Markup("").join(Markup("<th>%s</th>") % title for title in head)
    return Markup(
        "<table class='table table-sm'><thead><tr>%s</tr></thead>"
        "<tbody>%s</tbody></table>"
    ) % (heads, rows)


def rules_in_words(version):
    """Return ``{label: text}`` of all rules and lines, ordered as the form.

    :param version: a policy, or rules of one kind
    """
    version.ensure_one()
    words = {
        version._label_of(name): _rule_in_words(version, name)
        for name in version._plain_rules()
    }
    if NO_VALUE_TIER in version._fields:
        tier = version._no_value_tier()
        words[version._label_of(NO_VALUE_TIER)] = tier.name or ""
    lines = {
        labelled(
            version.env, version._label_of(field), line._line_label()
        ): line._in_words()
        for field in LINE_FIELDS
        if field in version._fields
        for line in version[field]
    }
    return {**words, **lines}


def _rule_in_words(version, name):
    env, field, value = version.env, version._fields[name], version[name]
    if field.type == "selection":
        return dict(field._description_selection(env)).get(value, "")
    if field.type == "boolean":
        return env._("Yes") if value else env._("No")
    if name in FILTERS:
        return value if value and value != "[]" else env._("All")
    return _with_unit(env, name, plain_number(env, value))


def _with_unit(env, name, number):
    if name in PERCENT_FIELDS or name.endswith("_percent"):
        return env._("%s %%", number)
    if name.endswith("_days"):
        return env._("%s days", number)
    if name in _RHYTHMS:
        return env._("%s times the own rhythm", number)
    if name == "product_xyz_months" and number == "0":
        return env._("Since the first sale")
    if name in ("window_months", "product_xyz_months"):
        return env._("%s months", number)
    return number
