"""Proof of working without a network: every connection that would leave this machine is refused."""

import ipaddress
import os
import sys
from typing import Any

from tunewright.core.errors import ExitCode, UserError

_state = {"installed": False}


def is_offline() -> bool:
    """Whether the environment asks for it, as it does in every process that an offline one starts."""
    return os.environ.get("TUNEWRIGHT_OFFLINE", "") not in ("", "0")


def go_offline() -> None:
    """Refuse connections and name look-ups beyond loopback, in this process and those it starts of ours."""
    for name in ("TUNEWRIGHT_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"):
        os.environ[name] = "1"
    if not _state["installed"]:
        sys.addaudithook(_hook)
        _state["installed"] = True


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
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
