"""Rights of each role, found on the running product, against tables.

The tables are the files of ``tests/rights/``. After a wanted change of rights, tests
with ``RIGHTS_MATRIX=write`` in their environment write them anew, for a person to read
the difference before it is committed.
"""

import contextlib
import os
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.models import BaseModel
from odoo.service.model import call_kw, get_public_method
from odoo.tools import mute_logger

from .rights_world import ROLES, RightsWorld

NOTHING = "."
WORDS_OF_MONEY = (
    *("amount", "revenue", "margin", "cost", "price", "budget", "limit", "spent"),
    *("sales", "average", "value", "profit", "turnover"),
)
QUIET = mute_logger(
    *("odoo.models", "odoo.sql_db", "odoo.addons.base.models.ir_rule"),
    *("odoo.addons.base.models.ir_model", "odoo.orm.models", "odoo.domains"),
)
# Values that a client may send where something else is meant.
HOSTILE = (
    *(None, False, True, 0, -1, 2**31, 2**63, 1.5, float("nan"), float("inf")),
    *("", "junk", "\x00", "\ud800", "2099-01-01", "0001-01-01", "x" * 10_000),
    *([], [0], [-1], [2**63], ["x"], [None], [[1]], {}, {"a": 1}, [["id", "=", "x"]]),
)


class RightsMatrixCase(RightsWorld):
    """Compares rights with the tables of the addon in which a test is written."""

    addon = ""
    allow_inherited_tests_method = True
    # {model.method: positional arguments of an ordinary call}
    arguments = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addon = cls.__module__.split(".")[2]

    def _wizard_values(self):
        """``{wizard: values with which a person's screen opens it}``."""
        return {}

    # Questions to each addon

    def test_models(self):
        self.check_models()

    def test_amounts(self):
        self.check_amounts()

    def test_methods(self):
        self.check_methods()

    def test_hostile_calls(self):
        self.check_hostile_calls()

    # Fields, methods and models

    @classmethod
    def _own_models(cls):
        """Concrete models that the addon brings, by name."""
        return sorted(
            name
            for name, model in cls.env.registry.items()
            if model._original_module == cls.addon and not model._abstract
        )

    @classmethod
    def _own_fields(cls):
        """Yield ``(model, field)`` of all fields that the addon adds to any model."""
        for name in sorted(cls.env.registry):
            model = cls.env[name]
            if model._abstract or model._transient:
                continue
            for field in sorted(model._fields):
                if cls.addon in model._fields[field]._modules:
                    yield name, field

    @classmethod
    def _own_methods(cls):
        """Yield ``(model, method)`` of all public methods that the addon defines."""
        for name in sorted(cls.env.registry):
            model = cls.env[name]
            if model._abstract:
                continue
            for method in sorted(dir(type(model))):
                if cls._is_own_method(model, method):
                    yield name, method

    @classmethod
    def _is_own_method(cls, model, name):
        if name.startswith("_") or hasattr(BaseModel, name) or name in model._fields:
            return False
        own = f"odoo.addons.{cls.addon}."
        if not any(
            name in vars(base) and base.__module__.startswith(own)
            for base in type(model).__mro__
        ):
            return False
        try:
            get_public_method(model, name)
        except AccessError:
            return False
        return callable(getattr(type(model), name))

    def _rows_here(self, name):
        """Records of a model in the company of the world, one at most."""
        known = self._known_rows()
        model = self.env[name].with_context(
            active_test=False, timeline_customer_id=self.vip.id
        )
        return known.get(name) or model.search(self._domain_here(name), limit=1)

    def _known_rows(self):
        """``{model: record}`` of Odoo's own models."""
        orders = self.env["sale.order"].search([("partner_id", "=", self.vip.id)])
        template = self.product.product_tmpl_id
        found = (self.vip, self.campaign, self.product, template, orders[:1])
        return {record._name: record for record in found}

    def _domain_here(self, name):
        """Return the condition for rows of the world's company."""
        for path in (
            *("company_id", "policy_id.company_id", "rules_id.company_id"),
            *("scheme_id.company_id", "playbook_id.company_id"),
        ):
            field = self.env[name]._fields.get(path.partition(".")[0])
            if field and field.store:
                return [(path, "=", self.company.id)]
        return []

    # Attempts

    def _may(self, attempt):
        """Check if an attempt gives a true result; it leaves nothing behind."""
        try:
            with self.env.cr.savepoint() as savepoint:
                result = attempt()
                savepoint.rollback()
        except UserError:
            return False
        finally:
            self.env.invalidate_all(flush=False)
        return bool(result)

    def _letters(self, attempts):
        """The first letters of the attempts that succeed."""
        found = [letter for letter, attempt in attempts.items() if self._may(attempt)]
        return "".join(found) or NOTHING

    def _rights_on_model(self, name, user):
        here, domain = self._rows_here(name), self._domain_here(name)
        model = self.env[name].with_user(user).with_context(active_test=False)
        row = model.browse(here.ids)
        return self._letters(
            {
                "c": lambda: model.has_access("create"),
                "r": lambda: row.has_access("read"),
                "w": lambda: row.has_access("write"),
                "u": lambda: row.has_access("unlink"),
                "s": lambda: model.search(domain, limit=1),
                "g": lambda: self._group_count(model, domain),
                "e": lambda: row and row.export_data(["display_name"])["datas"],
            }
        )

    @staticmethod
    def _group_count(model, domain):
        [found] = model.formatted_read_group(domain, [], ["__count"])
        return found["__count"]

    def _rights_on_amount(self, name, field, user):
        domain = self._domain_here(name)
        row = self.env[name].with_user(user).browse(self._rows_here(name).ids)
        model = self.env[name].with_user(user)
        known = model.sudo().fields_get([field])[field]
        attempts = {"r": lambda: row.read([field]) or True}
        if known["searchable"]:
            attempts["s"] = lambda: model.search_count([(field, "!=", False)]) + 1
        if known["sortable"]:
            attempts["o"] = lambda: model.search(domain, order=field) or True
        if known["groupable"]:
            attempts["g"] = lambda: model.formatted_read_group(domain, [field]) or True
        return self._letters(attempts)

    def _answer(self, name, method, user):
        """``x`` where an ordinary call passes the check of rights."""
        model, missing = self.env[name].with_user(user), self.models_without_rows
        model = model.with_context(timeline_customer_id=self.vip.id)

        def attempt():
            try:
                call_kw(model, method, self._ordinary_call(model, method), {})
            except UserError as error:
                return not isinstance(error, AccessError)
            except ValueError as error:
                if "Expected singleton" not in str(error):
                    raise
                missing.append(name)
            return True

        return "x" if self._may(attempt) else NOTHING

    def _ordinary_call(self, model, method):
        """Positional arguments with which a person's screen would call a method."""
        arguments = list(self.arguments.get(f"{model._name}.{method}", ()))
        if getattr(getattr(type(model), method), "_api_model", False):
            return arguments
        if model._transient:
            record = model.create(self._wizard_values().get(model._name, {}))
        else:
            record = self._rows_here(model._name)
        return [record.ids, *arguments]

    # Tables

    def _check_table(self, name, found):
        """Compare the findings with the table, naming each difference."""
        path = Path(__file__).resolve().parents[2] / self.addon / "tests" / "rights"
        path = path / f"{name}.txt"
        if os.environ.get("RIGHTS_MATRIX") == "write":
            path.parent.mkdir(exist_ok=True)
            path.write_text(_as_text(found))
        expected = _as_rows(path.read_text()) if path.exists() else {}
        for row in sorted({*expected, *found}):
            with self.subTest(row):
                self.assertEqual(found.get(row), expected.get(row), row)

    def _by_role(self, find):
        return {role: find(user) for role, user in self.users.items()}

    def check_models(self):
        """Operations on every model of the addon."""
        with QUIET:
            found = {
                name: self._by_role(lambda user, n=name: self._rights_on_model(n, user))
                for name in self._own_models()
            }
        self._check_table("models", found)

    def check_amounts(self):
        """Reading, searching, sorting and grouping by each amount."""
        with QUIET:
            found = {
                f"{name}.{field}": self._by_role(
                    lambda user, n=name, f=field: self._rights_on_amount(n, f, user)
                )
                for name, field in self._own_fields()
                if _is_amount(self.env[name]._fields[field])
            }
        self._check_table("amounts", found)

    def check_methods(self):
        """An ordinary call of every public method."""
        self.models_without_rows = []
        with QUIET:
            found = {
                f"{name}.{method}": self._by_role(
                    lambda user, n=name, m=method: self._answer(n, m, user)
                )
                for name, method in self._own_methods()
            }
        self.assertFalse(set(self.models_without_rows), "the world lacks rows of these")
        self._check_table("methods", found)

    # Hostile calls

    def check_hostile_calls(self):
        """Assert that each call is answered with a result or a sentence."""
        for name, method in self._own_methods():
            for role in ("portal", "user", "manager"):
                for ids, kwargs in self._hostile_calls(name, method):
                    self._call_hostile(name, method, self.users[role], ids, kwargs)

    def _hostile_calls(self, name, method):
        """Yield ids and arguments: each argument in turn, and ids of nothing."""
        function = getattr(type(self.env[name]), method)
        code = function.__code__
        parameters = code.co_varnames[1 : code.co_argcount]
        ordinary = dict(
            zip(parameters, self.arguments.get(f"{name}.{method}", ()), strict=False)
        )
        here = self._rows_here(name).ids
        for ids in (here, [], [2**31 - 1], [0, *here]):
            yield ids, ordinary
        for parameter in parameters:
            for value in HOSTILE:
                yield here, {**ordinary, parameter: value}

    def _call_hostile(self, name, method, user, ids, kwargs):
        model = self.env[name].with_user(user)
        is_model = getattr(getattr(type(model), method), "_api_model", False)
        call = f"{user.login}: {name}({ids}).{method}({str(kwargs)[:200]})"
        try:
            with (
                QUIET,
                contextlib.suppress(UserError),
                self.env.cr.savepoint() as savepoint,
            ):
                call_kw(model, method, [] if is_model else [ids], kwargs)
                savepoint.rollback()
        except Exception as error:
            with self.subTest(call):
                self.fail(f"{call}: {error!r}"[:1_000])
        finally:
            self.env.invalidate_all(flush=False)


def _is_amount(field):
    """Check if a field is, or may hold, money by its type or its name."""
    if field.type in ("monetary", "json"):
        return True
    return field.type == "float" and any(word in field.name for word in WORDS_OF_MONEY)


def _as_text(rows):
    """A table with a line a row and a column a role, aligned."""
    table = [["", *ROLES], *([row, *cells.values()] for row, cells in rows.items())]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in table
    ]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _as_rows(text):
    head, *lines = text.splitlines()
    rows = [line.split() for line in lines]
    return {name: dict(zip(head.split(), cells, strict=True)) for name, *cells in rows}
