"""`./dev test odoo-own`: Odoo's own tests, with our addons and without.

Tests that fail with ours are run again in a database that has the same apps without
them. A failure there, too, is Odoo's own affair on this build and machine, and noted; a
test that passes there is a failure of ours.
"""

import re
from collections.abc import Sequence

from . import databases, odoo_tests
from .counts import Allowed, Counts
from .odoo import Session, session
from .paths import repository_modules

MODULES = (
    *("product", "utm", "sales_team", "crm", "sale", "sale_crm"),
    *("mass_mailing", "event", "contacts"),
)
ALL = [f"/{name}" for name in MODULES]
# The faster half, a part of every `./dev test`: six modules without their screens.
PART = (
    *("/product", "/utm", "/sales_team", "/crm", "/sale_crm", "/event"),
    *("-/utm/tests/test_routes.py", "-/crm/tests/test_crm_ui.py"),
    "-/crm/tests/test_sales_team_ui.py",
    "-:TestLeadAssignPerf",
)
# Tests that Odoo runs while it installs a module are here run at the end, when ours
# are there.
LATE = "tests_at_the_end"
# Odoo's own tests make warnings by intent: only failures matter.
_ANYTHING = (Allowed(re.compile(""), "tests of Odoo's own warn by intent"),)
_TEST = re.compile(r"^(\w+)\.tests\.\S+: (?:Subtest )?(\w+)\.(\w+)(?: |$)")
_CLASS = re.compile(r"Class \(odoo\.addons\.(\w+)\.tests\.\S*?(\w+)\)")


def run(tags: Sequence[str]) -> Counts:
    """Run tests of Odoo's modules; fail by what fails only with our addons."""
    with session() as odoo:
        found = _tests(odoo, "own", tags, repository_modules())
        if not found.failed:
            return found
        again = sorted({*filter(None, map(tag_of, found.failures))})
        without = _tests(odoo, "own_without", again, ()) if again else Counts()
        return compared(found, without)


def _tests(
    odoo: Session, kind: str, tags: Sequence[str], ours: Sequence[str]
) -> Counts:
    """Run tests at the end, in a database with the apps of all our addons."""
    apps = databases.foreign_dependencies(odoo, repository_modules())
    with odoo_tests.temporary_database(odoo, kind) as name:
        helpers = databases.helpers_needed(odoo)
        modules = [*apps, *MODULES, *ours, *helpers]
        databases.database_from_template(odoo, name, [*dict.fromkeys(modules)])
        args = [f"--load=base,web,{LATE}", f"--test-tags={','.join(tags)}"]
        title = "Odoo's own tests" if ours else "Odoo's own tests, without our addons"
        return odoo_tests.watched(odoo, name, args, title, allowed=_ANYTHING)


def tag_of(failure: str) -> str | None:
    """Return the tag of a failed test, or of the class that failed to set up."""
    if match := _TEST.match(failure):
        return "/{}:{}.{}".format(*match.groups())
    if match := _CLASS.search(failure):
        return "/{}:{}".format(*match.groups())
    return None


def compared(found: Counts, without: Counts) -> Counts:
    """Return the results with our addons, less the failures without them.

    Tests are compared, not subtests: the names of those have ids of the database.
    """
    failing = {*map(tag_of, without.failures)} - {None}
    known = [name for name in found.failures if tag_of(name) in failing]
    ours = [name for name in found.failures if name not in known]
    return Counts(
        passed=found.passed,
        failed=len(ours),
        skipped=found.skipped,
        failures=ours,
        notes=[f"fails without our addons, too: {name}" for name in known],
        seconds=found.seconds,
    )
