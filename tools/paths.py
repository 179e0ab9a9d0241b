"""Where things are: all that the tools make lies in two folders which git ignores."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools"
STATE = ROOT / ".odoo"  # Odoo, PostgreSQL's data, file store, logs
VENV = ROOT / ".venv"  # Python packages
PYTHON = VENV / "bin" / "python"
DOWNLOADS = STATE / "downloads"  # Debian packages; may be filled by hand
LOGS = STATE / "log"
DATA = STATE / "data"  # Odoo's data_dir
CONFIG = STATE / "odoo.conf"
TEST_ADDONS = TOOLS / "addons"  # helpers for tests and demo, never part of the product


def repository_modules() -> list[str]:
    """Names of the addons that this repository delivers."""
    return sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))
