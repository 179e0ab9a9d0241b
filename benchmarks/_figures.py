"""Figures of the benchmarks: what they measured beside its limit."""

import json
import os
import platform
from pathlib import Path
from typing import NamedTuple


class Figure(NamedTuple):
    """A number of which less is better; without a unit it is a ratio."""

    what: str
    limit: float | None
    ours: float


def add_argument(parser):
    """Add the option by which ``./dev bench all`` asks for the figures."""
    parser.add_argument("--figures", type=Path, metavar="FILE", help="keep them there")


def keep(path, figures):
    """Write figures into a file, if one is asked for."""
    if path:
        path.write_text(json.dumps([figure._asdict() for figure in figures]))


def read(path):
    """Return the figures of a file."""
    return [Figure(**values) for values in json.loads(path.read_text())]


def machine():
    """Return in one line what the machine is, and how busy it has been."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, load"
        f" {os.getloadavg()[2]:.1f}"
    )


def worse(kept, found, allowed=1.2):
    """Return ``[(what, kept, found)]`` of figures that got worse.

    Also of those that are missing.

    :param kept: ``{what: number}``, as ``found``
    :param allowed: times the kept number
    """
    return [
        (what, number, found.get(what))
        for what, number in kept.items()
        if what not in found or found[what] > number * allowed
    ]
