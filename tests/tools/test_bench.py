"""Tables of the benchmarks: figures kept, printed and compared."""

import pytest

from benchmarks import _figures, all


def test_what_gets_worse_is_told():
    kept = {"same": 2.0, "better": 2.0, "a little": 2.0, "worse": 2.0, "gone": 2.0}
    found = {"same": 2.0, "better": 1.0, "a little": 2.39, "worse": 2.41, "new": 9.0}
    assert _figures.worse(kept, found) == [("worse", 2.0, 2.41), ("gone", 2.0, None)]


def test_figures_are_kept(tmp_path):
    figures = [_figures.Figure("one", 1.2, 0.5), _figures.Figure("two", None, 3)]
    _figures.keep(tmp_path / "figures", iter(figures))
    assert _figures.read(tmp_path / "figures") == figures
    _figures.keep(None, figures)


def test_the_table_goes_between_its_marks(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{all.BEGIN}old\n{all.END}after\n")
    monkeypatch.setattr(all, "README", readme)
    monkeypatch.setattr(all, "TABLE", tmp_path / "table.json")
    row = {"what": "a run", "limit": 7, "ours": 6.5, "command": "./dev bench x"}
    kept = {"customers": 50_000, "machine": "two cores", "date": "2026-01-01"}
    for __ in range(2):
        all.keep({**kept, "rows": [row]})
    text = readme.read_text()
    assert text.startswith("before\n") and text.endswith("after\n")
    assert "old" not in text
    assert text.count("| a run | 7     | 6.5  | `./dev bench x` |") == 1
    assert "50,000 customers, 2026-01-01, two cores:" in text


@pytest.mark.parametrize("customers", [1_000, 100_000])
def test_all_names_benchmarks_that_are_there(customers):
    for name, args in all.commands(customers):
        script = all.HERE / f"{name.replace('-', '_')}.py"
        assert "add_argument(parser)" in script.read_text()
        assert args
