"""Jobs of the tests, three at a time; none is forgotten.

Of Odoo's own tests only failures of ours count.
"""

import ast
import json
import re
import sys

import pytest

from tools import own_tests, run_tests
from tools.console import DevError
from tools.counts import Counts
from tools.paths import ROOT

FAILURE = "crm.tests.test_crm_lead: TestLead.test_merge"


def test_jobs_are_the_parts_of_all_kinds():
    parts = {"odoo-rest", "odoo-own-part", *run_tests.ROOMS}
    assert {*run_tests.JOBS} == {*run_tests.KINDS} - {"odoo"} | parts
    assert len(run_tests.JOBS) == len({*run_tests.JOBS})


def test_rest_is_all_but_the_rooms():
    first, *others = run_tests._rest()
    assert first == f"/{run_tests.CORE}"
    rooms = [tag for room in run_tests.ROOMS.values() for tag in run_tests._tags(room)]
    assert others == [f"-{tag}" for tag in rooms]
    assert all((ROOT / tag.removeprefix("/")).is_file() for tag in rooms)


def test_no_screen_in_the_rooms():
    paths = [
        ROOT / tag.removeprefix("/")
        for tag in run_tests._tags(*run_tests.ROOMS.values())
    ]
    screens = [path for path in paths if re.search("HttpCase|_tour", path.read_text())]
    assert not screens


def test_room_without_tests_is_refused():
    with pytest.raises(DevError, match="there are no tests in"):
        run_tests._tags(["kitchen"])


@pytest.fixture
def jobs(monkeypatch, tmp_path):
    """Jobs of a small program instead of `./dev`, which writes when it ran."""
    program = tmp_path / "dev"
    program.write_text(
        "import json, os, sys, time\n"
        "began = time.time(); time.sleep(0.4); name = sys.argv[2]\n"
        "times = {'times': [began, time.time()]}\n"
        f"open({str(tmp_path)!r} + '/' + name, 'w').write(json.dumps(times))\n"
        "counts = {'passed': 2, 'failures': [name]}\n"
        "report = open(os.environ['DEV_TEST_REPORT'], 'w')\n"
        "name == 'dies' or report.write(json.dumps([[name, counts, 1.5]]))\n"
        "report.close()\n"
        "name == 'dies' and os.remove(report.name)\n"
    )
    for name, value in (("ROOT", tmp_path), ("LOGS", tmp_path / "log")):
        monkeypatch.setattr(run_tests, name, value)
    monkeypatch.setattr(run_tests, "PYTHON", sys.executable)
    return tmp_path


def test_three_jobs_at_a_time(jobs):
    names = ["outside", "setup", "engine", "tools", "glue"]
    results = run_tests._shared(names)
    assert [name for name, __, __ in results] == [
        name for name in run_tests.KINDS if name in names
    ]
    assert all(
        result == Counts(passed=2, failures=[name]) for name, result, __ in results
    )
    times = [json.loads((jobs / name).read_text())["times"] for name in names]
    for began, __ in times:
        assert sum(start <= began < end for start, end in times) <= 3
    assert any(start < began < end for began, __ in times for start, end in times)


def test_job_that_dies_has_failed(jobs):
    ((name, result, __),) = run_tests._shared(["dies"])
    assert (name, result.failed) == ("dies", 1)


def test_late_jobs_are_named(jobs, monkeypatch):
    """The results of the others are not lost with a job that does not end."""
    monkeypatch.setattr(run_tests, "PROCESSES", 1)
    monkeypatch.setattr(run_tests, "DEADLINE", 0.6)
    results = run_tests._shared(["engine", "glue", "tools"])
    assert {name: result.failed for name, result, __ in results} == {
        "engine": 0,
        "glue": 1,
        "tools": 1,
    }


@pytest.mark.parametrize(
    ("failure", "tag"),
    [
        (FAILURE, "/crm:TestLead.test_merge"),
        ("crm.tests.test_a: Subtest TestA.test_b (n=1)", "/crm:TestA.test_b"),
        ("sale.x: setUpClass (odoo.addons.sale.tests.test_b.TestB)", "/sale:TestB"),
        ("1 errors reported by Odoo, see the log", None),
    ],
)
def test_tag_of_a_failure(failure, tag):
    assert own_tests.tag_of(failure) == tag


def test_what_fails_without_ours_is_odoos_own():
    other = "sale.tests.test_b: TestSale.test_price"
    found = Counts(passed=7, failed=2, failures=[FAILURE, other])
    result = own_tests.compared(found, Counts(failed=1, failures=[other]))
    assert (result.passed, result.failed, result.failures) == (7, 1, [FAILURE])
    assert result.notes == [f"fails without our addons, too: {other}"]


def test_subtests_are_known_whatever_the_ids_in_their_names():
    name = "event.tests.test_a: Subtest TestA.test_b (partner_id=%s)"
    found = Counts(failed=1, failures=[name % 34])
    result = own_tests.compared(found, Counts(failed=1, failures=[name % 370]))
    assert (result.failed, result.notes) == (
        0,
        [f"fails without our addons, too: {name % 34}"],
    )


def test_only_what_failed_runs_again(monkeypatch):
    ran = []

    def tests(odoo, kind, tags, ours):
        ran.append(tags)
        return Counts(passed=1) if not ours else Counts(failed=1, failures=[FAILURE])

    monkeypatch.setattr(own_tests, "_tests", tests)
    monkeypatch.setattr(own_tests, "session", run_tests.ExitStack)
    assert own_tests.run(["/crm"]).failures == [FAILURE]
    assert ran == [["/crm"], ["/crm:TestLead.test_merge"]]


def test_tests_of_addons_run_after_installing():
    """A class without a tag runs while the addon is installed, and once more."""
    found = []
    for path in sorted(ROOT.glob("customer_classification*/tests/**/test_*.py")):
        if "engine" not in path.relative_to(ROOT).parts:
            found += [f"{path.name} {name}" for name in _untagged(path)]
    assert not found


def _untagged(path):
    """Yield the names of test cases with tests of their own and no tag."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef) and node.bases:
            names = [getattr(one, "name", "") for one in node.body]
            tags = " ".join(map(ast.unparse, node.decorator_list))
            if "post_install" not in tags and any(n.startswith("test") for n in names):
                yield node.name
