import math
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.orm.identifiers import NewId

from ...copy_frames import TOO_LARGE
from .arguments import BIGGEST_ID
from .arguments import _shown as shown
from .sentences import plain_number

# Numbers of Odoo's commands on lists of records.
_COMMANDS = tuple(range(7))
_NUL_OR_HALF = re.compile("[\0\ud800-\udfff]")
_DAYS_IN_WORDS = {"date": "2026-12-31", "datetime": "2026-12-31 12:00:00"}
# Kind of field: name of the method that judges a value of it.
_JUDGES = {
    "integer": "_number_sentence",
    "float": "_number_sentence",
    "monetary": "_number_sentence",
    "char": "_text_sentence",
    "text": "_text_sentence",
    "html": "_text_sentence",
    "date": "_day_sentence",
    "datetime": "_day_sentence",
    "selection": "_choice_sentence",
    "many2one": "_record_sentence",
    "one2many": "_records_sentence",
    "many2many": "_records_sentence",
    "binary": "_file_sentence",
}


class ClassificationBoundsMixin(models.AbstractModel):
    """Checks of values written by clients, with sentences.

    Numbers are checked by their bounds, all values by what their field can store,
    before Odoo converts them.

    As Odoo's fields do, text such as "12.50" is taken for a number.
    """

    _name = "classification.bounds.mixin"
    _inherit = "classification.kept.mixin"
    _description = "Values within Bounds"

    @api.model
    def _bounds(self):
        """Return the bounds of numbers and lengths of texts.

        ``{field: (lowest, highest)}`` or ``{field: (0, longest)}``; both ends are
        allowed.
        """
        return {}

    @api.model_create_multi
    def create(self, vals_list):
        self._check_all_values(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        self._check_values(vals)
        return super().write(vals)

    def _update_field_translations(
        self, field_name, translations, digest=None, source_lang=""
    ):
        """Check translations as values that are written: Odoo calls no ``write``."""
        self._check_translations(field_name, translations)
        if not self.env.su:
            self._check_may_translate(field_name)
        return super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )

    @api.model
    def _check_translations(self, field_name, translations):
        """Refuse translations that cannot be kept or are out of bounds.

        :param translations: ``{language: text}``, or ``{language: {term: text}}``
        """
        field = isinstance(field_name, str) and self._fields.get(field_name)
        if not field or not isinstance(translations, dict):
            raise ValidationError(self._unknown_sentence(field_name))
        for given in translations.values():
            texts = given.values() if isinstance(given, dict) else [given]
            for text in texts:
                if not is_empty(text) and not isinstance(text, str):
                    raise ValidationError(self._wrong_sentence(field, text))
                self._check_values({field_name: text})

    def _check_may_translate(self, field_name):
        """Hook called before a client translates a field. Override to refuse."""

    @api.model
    def _check_all_values(self, vals_list):
        """Check values before a model works with them."""
        for vals in (*vals_list, self._client_defaults()):
            self._check_values(vals)

    @api.model
    def _client_defaults(self):
        """Values that the client's context and own defaults give new records."""
        given = dict(self.env["ir.default"]._get_model_defaults(self._name))
        given |= {
            key.removeprefix("default_"): value
            for key, value in self.env.context.items()
            if key.startswith("default_")
        }
        dropped = getattr(self, "_protected_fields", ())
        known = given.keys() & self._fields.keys() - set(dropped)
        return {name: given[name] for name in known}

    @api.model
    def _check_values(self, vals):
        """Refuse the first value that cannot be kept or is out of bounds."""
        for name, value in vals.items():
            sentence = self._value_sentence(name, value)
            if sentence:
                raise ValidationError(sentence)

    @api.model
    def _value_sentence(self, name, value):
        """Return why a field refuses a value, or None."""
        field = self._fields.get(name)
        if field is None and not self.env.su:
            return self._unknown_sentence(name)
        judge = field and _JUDGES.get(field.type)
        if not judge or is_empty(value):
            return None
        return getattr(self, judge)(field, value)

    @api.model
    def _unknown_sentence(self, name):
        return self.env._(
            "%(place)s: there is no choice “%(value)s”.",
            place=self.env["ir.model"]._get(self._name).sudo().name,
            value=shown(name),
        )

    @api.model
    def _number_sentence(self, field, value):
        limit = BIGGEST_ID if field.type == "integer" else TOO_LARGE
        low, high = self._bounds().get(field.name, (-limit, limit))
        try:
            number = int(value) if field.type == "integer" else float(value)
        except (OverflowError, TypeError, ValueError):
            number = math.nan
        if low <= number <= high:
            return None
        # For infinity and NaN, naming the bounds would not explain the error.
        if abs(number) < math.inf and field.name in self._bounds():
            return self.env._(
                "%(field)s must be from %(low)s to %(high)s.",
                field=self._label(field),
                low=plain_number(self.env, low),
                high=plain_number(self.env, high),
            )
        return self._wrong_sentence(field, value)

    @api.model
    def _wrong_sentence(self, field, value):
        if field.type in _DAYS_IN_WORDS:
            return self.env._(
                "%(label)s: “%(value)s” is not a day. Write it as %(example)s.",
                label=self._label(field),
                value=shown(value),
                example=_DAYS_IN_WORDS[field.type],
            )
        if field.type == "selection" or field.relational:
            return self.env._(
                "%(place)s: there is no choice “%(value)s”.",
                place=self._label(field),
                value=shown(value),
            )
        return self.env._(
            "%(field)s: “%(value)s” is not a number.",
            field=self._label(field),
            value=shown(value),
        )

    @api.model
    def _text_sentence(self, field, value):
        if not isinstance(value, str):
            return None
        __, longest = self._bounds().get(field.name, (0, math.inf))
        if len(value) > longest:
            return self.env._(
                "%(field)s “%(text)s…” is too long: at most %(most)s characters.",
                field=self._label(field),
                text=value[:40],
                most=longest,
            )
        if _NUL_OR_HALF.search(value):
            return self.env._(
                "%s has a character that cannot be kept. Write it again by hand.",
                self._label(field),
            )
        return None

    @api.model
    def _day_sentence(self, field, value):
        read = {"date": fields.Date.to_date, "datetime": fields.Datetime.to_datetime}
        try:
            found = read[field.type](value)
        except (AttributeError, TypeError, ValueError):
            found = None
        return None if found else self._wrong_sentence(field, value)

    @api.model
    def _choice_sentence(self, field, value):
        if value in field.get_values(self.env):
            return None
        return self._wrong_sentence(field, value)

    @api.model
    def _record_sentence(self, field, value):
        """Return why a many2one refuses a value.

        A record is given by its id; server code may give the record itself, or a new
        one.
        """
        if isinstance(value, bool | str | float | dict | list):
            return self._wrong_sentence(field, value)
        if isinstance(value, int) and not 0 <= value <= BIGGEST_ID:
            return self._wrong_sentence(field, value)
        return None

    @api.model
    def _records_sentence(self, field, value):
        """Return why a list of records, or of commands on them, is refused."""
        if isinstance(value, models.BaseModel):  # given by server code
            return None
        if isinstance(value, list | tuple) and all(map(_is_command, value)):
            return None
        return self._wrong_sentence(field, value)

    @api.model
    def _file_sentence(self, field, value):
        """A file arrives as base64, which is text."""
        if isinstance(value, bytes) or isinstance(value, str) and value.isascii():
            return None
        return self.env._("%s: this is no file.", self._label(field))

    @api.model
    def _label(self, field):
        """Return the label of a field."""
        return field._description_string(self.env)


def _is_command(item):
    """Return whether an item is a record's id or a command of Odoo's."""
    if not isinstance(item, list | tuple):
        return _is_id(item)
    if not item or isinstance(item[0], bool) or item[0] not in _COMMANDS:
        return False
    command, first, second = (*item, None, None)[:3]
    if command in (1, 2, 3, 4) and not _is_id(first):
        return False
    if command in (0, 1):
        return isinstance(second, dict)
    return command != 6 or isinstance(second, list | tuple) and all(map(_is_id, second))


def _is_id(value):
    """Return whether a value is an id; clients cannot give a new record's."""
    if isinstance(value, int) and not isinstance(value, bool):
        return 0 < value <= BIGGEST_ID
    return isinstance(value, NewId)


def is_empty(value):
    """Return whether a value is empty; the number 0 is not."""
    return value is None or value is False or value == ""
