"""Find a free port, wait for a server."""

import http.client
import socket
import time
from collections.abc import Callable

from .console import DevError

HOST = "127.0.0.1"
_TRIED = 100


def free_port(first: int = 8069) -> int:
    """Return the first free port from `first` on."""
    for port in range(first, min(first + _TRIED, 65536)):
        if _is_free(port):
            return port
    raise DevError(
        f"the ports {first} to {first + _TRIED - 1} are all taken: end one of the "
        f"servers there, or choose others by DEV_PORT=NUMBER"
    )


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
