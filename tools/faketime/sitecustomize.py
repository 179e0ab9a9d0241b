"""A sleep for Python under libfaketime, found by PYTHONPATH where `--day` is given.

Python 3.11 sleeps until a moment of the monotonic clock; libfaketime up to 0.9.10
moves that moment as if that clock were not the true one, and the kernel refuses it.
"""

import select
import time


def _sleep(seconds):
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep
