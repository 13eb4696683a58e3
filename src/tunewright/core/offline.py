"""Proof of working without a network: every connection that would leave this machine is refused."""

import ipaddress
import os
import sys
from typing import Any

from tunewright.core.errors import ExitCode, UserError

#: Raised by us, answered by :func:`_refuse_connections`: the interpreter itself knows whether that is installed.
_QUESTION = "tunewright.is_offline"


def is_offline() -> bool:
    """Whether the environment asks for it, as it does in every process that an offline one starts."""
    return os.environ.get("TUNEWRIGHT_OFFLINE", "") not in ("", "0")


def go_offline() -> None:
    """Refuse connections and name look-ups beyond loopback, in this process and those it starts of ours."""
    for name in ("TUNEWRIGHT_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ[name] = "1"
    if not _is_refusing():
        sys.addaudithook(_refuse_connections)


def _is_refusing() -> bool:
    """Whether this process refuses connections already; an audit hook stays as long as its process."""
    answers: list[bool] = []
    sys.audit(_QUESTION, answers)
    return bool(answers)


def _refuse_connections(event: str, arguments: tuple[Any, ...]) -> None:
    """The audit hook.

    Raises:
        UserError: E-NET-001 for a connection, or the look-up of a name, beyond loopback.
    """
    if event == _QUESTION:
        arguments[0].append(True)
        return
    if event == "socket.connect":
        address = arguments[1]
    elif event == "socket.getaddrinfo":
        address = (arguments[0],)
    else:
        return
    if isinstance(address, tuple) and not _local(str(address[0])):
        raise UserError(
            "E-NET-001",
            f"A connection to {address[0]} was refused.",
            why="--offline (or TUNEWRIGHT_OFFLINE) is set, and nothing may leave this machine.",
            fix="Name local paths instead of hub ids, or run without --offline.",
            exit_code=ExitCode.DENIED,
        )


def _local(host: str) -> bool:
    if host in ("", "localhost", "None"):
        return True
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return False
