"""Adaptation of Python to libfaketime, found by PYTHONPATH with `--day`.

Python 3.11 sleeps until a moment of the monotonic clock; libfaketime up to 0.9.10
moves that moment as if that clock were not the true one, and the kernel refuses it.
Chromium does not start with libfaketime at all, so it keeps the true clock.
"""

import os
import select
import subprocess
import time

_start = subprocess.Popen.__init__


def _sleep(seconds):
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


def _start_browser_without(self, args, *others, **options):
    program = args if isinstance(args, str | bytes | os.PathLike) else args[0]
    if "chrom" in os.path.basename(os.fsdecode(program)):
        env = options.get("env") or os.environ
        kept = {name: text for name, text in env.items() if name != "LD_PRELOAD"}
        options["env"] = kept
    _start(self, args, *others, **options)


time.sleep = _sleep
subprocess.Popen.__init__ = _start_browser_without
