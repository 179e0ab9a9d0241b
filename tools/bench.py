"""`./dev bench NAME`: run a benchmark with Odoo and PostgreSQL.

The benchmarks are in `benchmarks/`.
"""

from collections.abc import Sequence

from . import environment, processes
from .console import DevError
from .odoo import session
from .paths import PYTHON, ROOT

FOLDER = ROOT / "benchmarks"


def bench(name: str, args: Sequence[str]) -> int:
    """Run benchmarks/NAME.py in the environment that tests have."""
    script = FOLDER / f"{name.replace('-', '_')}.py"
    if not script.exists():
        raise DevError(f"there is no benchmark {name}: choose from {_known()}")
    environment.need("addon", "test")
    with session() as odoo:
        path = f"{odoo.env['PYTHONPATH']}:{ROOT}"
        env = {**odoo.env, "PYTHONPATH": path}
        return processes.run([PYTHON, script, *args], env=env, cwd=ROOT)


def _known() -> str:
    names = [path.stem.replace("_", "-") for path in sorted(FOLDER.glob("*.py"))]
    return ", ".join(name for name in names if not name.startswith("-")) or "none yet"
