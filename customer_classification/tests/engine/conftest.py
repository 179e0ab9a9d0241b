"""Loads the engine by its folder: the addon around it would import Odoo."""

import importlib.util
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

ENGINE = Path(__file__).resolve().parents[2] / "engine"


def _load_engine():
    spec = importlib.util.spec_from_file_location(
        "engine", ENGINE / "__init__.py", submodule_search_locations=[str(ENGINE)]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["engine"] = module
    spec.loader.exec_module(module)


_load_engine()

# The same examples on every machine and day: a failure is a change of ours.
settings.register_profile(
    "engine",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("engine")
