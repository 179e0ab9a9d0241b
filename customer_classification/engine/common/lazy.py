"""numpy and pandas, imported when first used and not when Odoo loads."""

from __future__ import annotations

from importlib import import_module


class LazyModule:
    """A substitute for a module until one of its attributes is used."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, attribute):
        value = getattr(import_module(self._name), attribute)
        setattr(self, attribute, value)  # the next access does not come here
        return value


np = LazyModule("numpy")
pd = LazyModule("pandas")
