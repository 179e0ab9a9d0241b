"""Reasons of resting and failed records: codes with values, and sentences.

The language of the future reader of a reason is unknown. So the code of the sentence is
kept with its values, and each reader gets the sentence in the reader's language. Values
that are words themselves are kept as references: to the label of a field, to the name
of a record. An error raised by another addon is kept as its text.
"""

# pylint: disable=prefer-env-translation  # at import there is no environment
import logging
import math

from psycopg2 import Error as DatabaseError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.orm.models import NO_ACCESS
from odoo.tools.translate import LazyTranslate

from .searched_values import asks_for_none
from .sentences import rule_sentence

_lt = LazyTranslate(__name__)
_logger = logging.getLogger(__name__)
# Odoo's error of a template quotes all of it.
_TRACEBACK = "Traceback (most recent call last)"

REASON_SENTENCES = {
    # Conditions that people write
    "unreadable": _lt(
        "%(label)s: this condition cannot be read. Use fields and fixed values."
    ),
    "missing_field": _lt(
        "%(label)s: there is no field “%(field)s” any more, so nothing would match. "
        "Choose another one."
    ),
    "deleted_reference": _lt(
        "%(label)s: the condition on “%(field)s” names something that was deleted, so "
        "it matches nothing."
    ),
    "failed_search": _lt(
        "%(label)s: this condition cannot be used: the search by %(fields)s fails. "
        "Look at the values, or leave that part out."
    ),
    "refused_model": _lt(
        "%(label)s: it looks at “%(model)s”, which %(user)s may not read."
    ),
    "refused_field": _lt(
        "%(label)s: it asks for “%(field)s” of “%(model)s”, which %(user)s may not "
        "read."
    ),
    "no_person": _lt(
        "%(label)s: nobody answers for this condition. Somebody who may read all of it "
        "has to save it or switch it on."
    ),
    "person_left": _lt(
        "%(label)s: it looks with the rights of %(user)s, who does not work here any "
        "more."
    ),
    "other_company": _lt(
        "%(label)s: it looks with the rights of %(user)s, who may not work in "
        "%(company)s."
    ),
    "tag_circle": _lt(
        "These tags wait for each other, so none could be decided first: %(tags)s. "
        "Take one of them out of a condition."
    ),
    # Holidays
    "no_lunar_calendar": _lt(
        "Days of the Chinese calendar need the Python package lunardate: ask your "
        "administrator to install it."
    ),
    # Customer codes
    "no_codes": _lt(
        "Codes cannot be made: look at the segments and the next running number."
    ),
    "no_free_number": _lt(
        "No free number was found for %(count)s customers: the codes of this scheme "
        "are taken far beyond its next number. Raise it."
    ),
    # Runs
    "future_day": _lt(
        "This run was made as of a day still to come. What it found was taken back."
    ),
    "outdated": _lt("Another policy was published in the meantime."),
    "busy": _lt(
        "Other people were changing the same records all the time. The next run does "
        "the work."
    ),
    "too_long": _lt(
        "The work took longer than the database allows. Ask your administrator for a "
        "longer time limit."
    ),
    "unexpected": _lt(
        "Something went wrong that nobody expected (%(reason)s). Ask your "
        "administrator: the log of the server tells more, see “Classification run "
        "%(run)s”."
    ),
    # Scheduled reports
    "no_receivers": _lt("Nobody is left who gets this report: choose receivers."),
    "unsent_report": _lt("%(user)s got no report: %(reason)s"),
    "unsent_reports": _lt(
        "%(count)s receivers got no report. The first one, %(user)s: %(reason)s"
    ),
    # Playbooks, care and changes to pass on
    "broken_template": _lt(
        "The text of the template cannot be filled in (%(reason)s). Mend the "
        "placeholders in it."
    ),
    "unexpected_error": _lt(
        "Something went wrong that nobody expected (%(reason)s). Ask your "
        "administrator: the log of the server tells more."
    ),
}


# Words among the values


def field_label(field):
    """Return the label of a field, to be stored."""
    return {"field": [field.model_name, field.name]}


def record_name(record):
    """The name of a record, to be kept.

    Kept as it is now, too, for when the record is gone.
    """
    return {"record": [record._name, record.id, record.display_name or ""]}


def kept_reason(reason):
    """A kept reason within another one, to be kept."""
    return {"reason": reason}


def model_name(model):
    """Return the name of a model as shown to users, to be stored."""
    return {"model": model._name}


def quoted(values):
    """Several values in quotation marks, to be kept."""
    return {"quoted": list(values)}


def chained(values):
    """Several values with arrows between, to be kept."""
    return {"chained": list(values)}


def _told_field(env, name):
    model, field = name
    found = model in env and env[model]._fields.get(field)
    return found._description_string(env) if found else field


def _told_record(env, name):
    model, key, text = name
    record = env[model].sudo().browse(key).exists() if model in env else None
    return (record and record.display_name) or text


def _told_reason(env, reason):
    return reason_sentence(env, reason)


def _told_model(env, name):
    return env["ir.model"]._get(name).sudo().name or name


def _told_quoted(env, values):
    words = dict.fromkeys(told(env, value) for value in values)
    return ", ".join(f"“{word}”" for word in words) or "…"


def _told_chained(env, values):
    return " → ".join(str(told(env, value)) for value in values)


_TELLERS = {
    "field": _told_field,
    "record": _told_record,
    "model": _told_model,
    "reason": _told_reason,
    "quoted": _told_quoted,
    "chained": _told_chained,
}


def told(env, value):
    """A kept value in the words of the environment's language."""
    if isinstance(value, dict):
        [(kind, of)] = value.items()
        return _TELLERS[kind](env, of)
    return value


# Sentences


def reason_sentence(env, reason):
    """The sentence of a kept reason in the environment's language."""
    code, values = reason["code"], reason.get("values") or {}
    if code == "text":
        return values["text"]
    if code == "rule":
        return _told_rule(env, **values)
    if code not in REASON_SENTENCES:
        return code
    words = {name: told(env, value) for name, value in values.items()}
    sentence = env._(REASON_SENTENCES[code])
    return sentence % words


def _told_rule(env, rule, values):
    """A rule of the policy that the engine refuses."""
    from ...engine import RuleError

    return rule_sentence(env["classification.policy"], RuleError(rule, **values))


def refusal(kind, env, code, **values):
    """Return an error whose sentence can be kept for readers of any language.

    :param kind: class of the error, a :class:`UserError`
    :param code: of :data:`REASON_SENTENCES`
    """
    reason = plain_reason(code, **values)
    error = kind(reason_sentence(env, reason))
    error.classification_reason = reason
    return error


def plain_reason(code, **values):
    """A reason as the database can keep it."""
    return _plain({"code": code, "values": values})


def reason_of(error):
    """Return the reason of an error, or its text if it has none."""
    found, text = getattr(error, "classification_reason", None), str(error.args[0])
    if not found and _TRACEBACK in text:
        return plain_reason("broken_template", reason=error_text(_root_of(error)))
    return found or plain_reason("text", text=text)


def _root_of(error):
    """Return the error that another one was raised for."""
    while error.__cause__:
        error = error.__cause__
    return error


def failure_reason(error):
    """Return the reason of any error, to be kept, without statements.

    The log has the traceback of what is no sentence.
    """
    if isinstance(error, UserError):
        return reason_of(error)
    _logger.info("An unexpected error is kept as a reason", exc_info=error)
    return plain_reason("unexpected_error", reason=error_text(error))


def error_text(error):
    """Return the kind of an error, and its text but that of statements."""
    name, text = type(error).__name__, str(error).strip()
    if isinstance(error, DatabaseError) or not text:
        return name
    return f"{name}: {text}"


def _plain(value):
    """A value as the database can keep it as JSON."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value.replace("\0", "").encode(errors="replace").decode()
    return value


class ClassificationReasonMixin(models.AbstractModel):
    """Records with the reason of a failure, in each reader's language.

    Also the reason why they rest.
    """

    _name = "classification.reason.mixin"
    _description = "Records That Say Why They Rest"

    # Field with the sentence; each model declares it and searches it by text.
    _told_reason = "error"
    # Field with the code and its values.
    _kept_reason = "error_reason"

    @api.depends(lambda self: [self._kept_reason])
    @api.depends_context("lang")
    def _compute_told_reason(self):
        for record, kept in zip(self, self.sudo(), strict=True):
            reason = kept[self._kept_reason]
            record[self._told_reason] = reason and reason_sentence(self.env, reason)

    @api.model
    def _search_told_reason(self, operator, value):
        """Search by the reason as shown to the reader.

        Few records are excluded or failed.
        """
        if operator in Domain.NEGATIVE_OPERATORS or operator.endswith("_of"):
            return NotImplemented
        kept = Domain(self._kept_reason, "!=", False)
        resting = self.sudo().with_context(active_test=False).search(kept)
        told_so = resting.filtered_domain([(self._told_reason, operator, value)])
        found = Domain("id", "in", told_so.ids)
        if operator == "in" and (asks_for_none(value) or "" in value):
            found |= ~kept
        return found


def kept_reason_field():
    """A field that keeps a reason, for the program alone."""
    return fields.Json(
        string="Reason, as Kept", readonly=True, copy=False, groups=NO_ACCESS
    )
