"""Paths: all that the tools make is in two folders that git ignores."""

import ast
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools"
MADE = ROOT / ".odoo"  # Odoo, and the state of all commands
DAY_VARIABLE = "DEV_DAY"  # set where the clock is that of another day
# PostgreSQL's data, file store, logs, locks.
STATE = MADE / "day" if os.environ.get(DAY_VARIABLE) else MADE
VENV = ROOT / ".venv"  # Python packages
PYTHON = VENV / "bin" / "python"
DOWNLOADS = MADE / "downloads"  # Debian packages; may be filled by hand
LOGS = STATE / "log"
DATA = STATE / "data"  # Odoo's data_dir
CONFIG = STATE / "odoo.conf"
TEST_ADDONS = TOOLS / "addons"  # helpers for tests and demo, never part of the product

# Apps that show more of the demo: the menus of the Sales app.
DEMO_APPS = ("sale_management",)
_OF_SHOPS = ("customer_classification_pos", "customer_classification_website_sale")


def repository_modules() -> list[str]:
    """Names of the addons that this repository delivers."""
    return sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))


def manifest(folder: Path) -> dict:
    """Return the manifest of the module in this folder."""
    return ast.literal_eval((folder / "__manifest__.py").read_text())


def glue_modules() -> list[str]:
    """Return our addons that Odoo installs by itself beside another app."""
    names = repository_modules()
    return [name for name in names if manifest(ROOT / name).get("auto_install")]


def demo_modules() -> list[str]:
    """Return our addons for the demo and the tests from outside.

    Without those that bring a web shop or a till along: these change Odoo's first page
    and take minutes to install. Their own tests run beside all apps.
    """
    return [name for name in repository_modules() if name not in _OF_SHOPS]


def core_modules() -> list[str]:
    """Return our addons that work without any glue."""
    return sorted({*repository_modules()} - {*glue_modules()})
