"""Find a free port, wait for a server."""

import http.client
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .console import DevError
from .locks import open_lock, take_alone

HOST = "127.0.0.1"
_TRIED = 100
_LAST = 65535


def wanted_port(default: int = 8069) -> int:
    """Return the port that DEV_PORT asks for."""
    text = os.environ.get("DEV_PORT") or str(default)
    if not text.isdecimal() or not 1024 <= int(text) <= _LAST:
        raise DevError(
            f"DEV_PORT={text} is no port: give a number from 1024 to {_LAST}"
        )
    return int(text)


def free_port(first: int = 8069) -> int:
    """Return the first free port from `first` on."""
    last = min(first + _TRIED - 1, _LAST)
    for port in range(first, last + 1):
        if _is_free(port):
            return port
    raise DevError(
        f"the ports {first} to {last} are all taken: end one of the "
        f"servers there, or choose others by DEV_PORT=NUMBER"
    )


@contextmanager
def own_port(first: int) -> Iterator[int]:
    """Keep a free port for the block, before anything listens at it.

    A server takes its time until it listens; another command that looks for a port
    meanwhile gets another one.
    """
    for port in range(first, first + _TRIED):
        handle = open_lock(f"port_{port}")
        try:
            if take_alone(handle) and _is_free(port):
                yield port
                return
        finally:
            os.close(handle)
    raise DevError(f"the ports {first} to {first + _TRIED - 1} are all taken")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Odoo sets it as well: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def wait_for_http(
    port: int, is_alive: Callable[[], bool], seconds: float = 120
) -> bool:
    """Wait until Odoo answers on a port; False when it died or took too long."""
    end = time.monotonic() + seconds
    while is_alive() and time.monotonic() < end:
        if _answers(port):
            return True
        time.sleep(0.2)
    return False


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", "/web/health")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
