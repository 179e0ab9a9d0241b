"""Numbers of tests: no run without tests, or with complaints, is green."""

import pytest

from tools import counts
from tools.counts import Counts
from tools.paths import TOOLS

STAMP = "2026-11-24 03:10:03,123 42"


def read(lines, allowed=(), code=0, tests=True):
    log = counts.OdooLog(allowed, tests)
    for line in lines:
        log.read(line)
    return log.close(code)


def result(failed, errors, run, level="INFO"):
    return (
        f"{STAMP} {level} x odoo.tests.result: {failed} failed, {errors} error(s) "
        f"of {run} tests when loading database 'x'"
    )


def test_passed_tests_are_counted():
    assert read([result(0, 0, 7)]) == Counts(passed=7)


def test_failures_are_named_and_counted_once():
    log = [
        f"{STAMP} ERROR x odoo.addons.a.tests.test_b: FAIL: TestB.test_c",
        "Traceback (most recent call last):",
        f"{STAMP} ERROR x odoo.addons.a.tests.test_b: ERROR: TestB.test_d",
        f"{STAMP} ERROR x odoo.modules.loading: Module a: 1 failures, 1 errors of "
        "7 tests",
        result(1, 1, 7, "ERROR"),
    ]
    assert read(log, code=1) == Counts(
        passed=5,
        failed=2,
        failures=["a.tests.test_b: TestB.test_c", "a.tests.test_b: TestB.test_d"],
    )


def test_a_test_lasts_until_the_next_one_begins():
    moments = iter((3.0, 5.5))
    log = counts.OdooLog(clock=lambda: next(moments))
    for day, name in (("2026-11-24", "c"), ("2027-03-01", "d")):  # Odoo's clock moves
        log.read(
            f"{day} 03:10:03,123 42 INFO x odoo.addons.a.tests.test_b: "
            f"Starting TestB.test_{name} ... "
        )
    log.read(result(0, 0, 2))
    assert log.close(0).seconds == {"TestB.test_c": 2.5}


def test_a_test_that_hangs_is_named():
    log = counts.OdooLog()
    for name in "cd":
        log.read(f"{STAMP} INFO x odoo.addons.a.test: Starting TestB.test_{name} ... ")
    log.hang(600)
    counted = log.close(-9)
    assert (counted.passed, counted.failed) == (1, 1)
    assert counted.failures == ["TestB.test_d wrote nothing for 600 s: see the log"]


def test_skipped_tests_are_not_passed():
    log = [
        f"{STAMP} INFO x odoo.addons.a.tests.test_b: skipped TestB.test_c : no browser",
        result(0, 0, 3),
    ]
    assert read(log) == Counts(passed=2, skipped=1)


def test_no_test_is_a_failure():
    assert read([result(0, 0, 0, "WARNING")]).failures == ["no test ran in Odoo"]
    assert read([]).failures == ["no test ran in Odoo"]


def test_unexpected_warning_is_a_failure_and_told_once():
    warning = f"{STAMP} WARNING x odoo.fields: Field a.b with unknown comodel"
    counted = read([warning, warning, result(0, 0, 2)])
    assert (counted.passed, counted.failed) == (2, 1)
    assert "odoo.fields: Field a.b" in counted.failures[0]


def test_allowed_warning_is_no_failure(tmp_path):
    file = tmp_path / "allowed.txt"
    file.write_text("# Odoo's own\n# doing\nodoo.fields: Field a\\.b\n")
    allowed = counts.read_allowed(file)
    assert allowed[0].reason == "Odoo's own doing"
    log = [f"{STAMP} WARNING x odoo.fields: Field a.b is odd", result(0, 0, 2)]
    assert read(log, allowed) == Counts(passed=2)


def test_allowing_without_a_reason_is_refused(tmp_path):
    file = tmp_path / "allowed.txt"
    file.write_text("# reason\nfirst\n\nsecond\n")
    with pytest.raises(ValueError, match="no reason above the pattern second"):
        counts.read_allowed(file)


def test_shipped_list_is_readable():
    assert isinstance(counts.read_allowed(TOOLS / "allowed_warnings.txt"), list)


def test_failed_start_is_a_failure():
    counted = read([result(0, 0, 3)], code=255)
    assert counted.failures == ["Odoo ended with exit code 255"]


def test_installation_without_tests():
    assert read([], tests=False) == Counts()
    assert read([], tests=False, code=255).failed == 1


def test_pytest_report(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="a" name="ok"/>'
        '<testcase classname="a" name="bad"><failure/></testcase>'
        '<testcase classname="a" name="broken"><error/></testcase>'
        '<testcase classname="a" name="not"><skipped/></testcase>'
        "</testsuite></testsuites>"
    )
    assert counts.from_junit(report, 1) == Counts(
        passed=1, failed=2, skipped=1, failures=["a::bad", "a::broken"]
    )


@pytest.mark.parametrize("text", [None, "<testsuites/>"])
def test_pytest_without_tests_is_a_failure(tmp_path, text):
    report = tmp_path / "r.xml"
    if text:
        report.write_text(text)
    assert counts.from_junit(report, 5).failed == 1


def test_closing_line():
    parts = [Counts(passed=3), Counts(passed=2, failed=1, failures=["x"])]
    assert str(counts.total(parts)) == "5 passed, 1 failed"
    assert str(Counts(passed=1, skipped=2)) == "1 passed, 0 failed, 2 skipped"
