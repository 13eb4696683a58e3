"""A run's changes of state, posted to an address of the user's: fine_tuning.job.succeeded and so on.

The body has the form of OpenAI's webhook events, and is signed as Standard Webhooks asks where a secret is given. The
address and the secret come from environment variables, never from a file. Only https, or this machine; no redirects
are followed; nothing of the data is sent. A run never fails because nobody listens.
"""

import base64
import hashlib
import hmac
import json
import os
import time
from ipaddress import ip_address
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from tunewright.core.errors import UserError
from tunewright.core.progress import Progress
from tunewright.stages.train.runs.job_events import JobEvent
from tunewright.stages.train.settings import Notify

TIMEOUT_S = 5.0
TRIES = 2
#: Standard Webhooks' secrets begin so, and are base64; any other is taken as it is.
PREFIX = "whsec_"


class Webhook:
    """Posts the changes of state of one run.

    Args:
        notify: names of the environment variables.
        run: the run's id.
        progress: told when nobody took a post.

    Raises:
        UserError: E-TRAIN-018 when the address is not there, or is neither https nor this machine, or when the secret
            that was named is not there.
    """

    def __init__(self, notify: Notify, run: str, progress: Progress) -> None:
        self._url = _address(notify)
        self._key = _key(notify)
        self._run = run
        self._progress = progress

    def __call__(self, event: JobEvent) -> None:
        """Post `event` if it changes the state."""
        if event.status is None:
            return
        body = {
            "id": event.id.replace("ftevent-", "evt_"),
            "object": "event",
            "created_at": event.created_at,
            "type": f"fine_tuning.job.{event.status}",
            "data": {"id": self._run},
        }
        fault = self._post(body["id"], json.dumps(body).encode())
        if fault:
            self._progress.say(f"The webhook was not told that the run is {event.status}: {fault}.")

    def _post(self, name: object, body: bytes) -> str:
        """Post `body`; why it could not be, empty where it was."""
        headers = {"Content-Type": "application/json", **_signed(str(name), body, self._key, when=int(time.time()))}
        # Without a redirect handler of ours urllib would carry the post on to wherever the answer points.
        opener = build_opener(_Stay, *([ProxyHandler({})] if self._url.startswith("http:") else []))
        fault = ""
        for _ in range(TRIES):
            try:
                request = Request(self._url, data=body, headers=headers)  # noqa: S310 - `_address` knows its scheme
                with opener.open(request, timeout=TIMEOUT_S):
                    return ""
            except UserError as refused:  # --offline
                return refused.what
            except (URLError, OSError, ValueError) as error:
                fault = str(getattr(error, "reason", "") or error) or type(error).__name__
        return fault


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _address(notify: Notify) -> str:
    """Where to post.

    Raises:
        UserError: E-TRAIN-018 when that is not set, or neither https nor this machine.
    """
    url = os.environ.get(notify.url_env, "").strip()
    where = urlsplit(url)
    if where.scheme == "https" and where.hostname:
        return url
    if where.scheme == "http" and where.hostname and _here(where.hostname):
        return url
    what = f"The environment variable {notify.url_env} " + (
        "is not set." if not url else "is neither an https address nor one of this machine."
    )
    raise UserError(
        "E-TRAIN-018",
        what,
        why="train.notify posts the run's state there; without https anybody on the way could read and forge it.",
        fix=f"export {notify.url_env}=https://…, or leave train.notify out.",
    )


def _here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _key(notify: Notify) -> bytes:
    """What posts are signed with; nothing where no secret is named."""
    if not notify.secret_env:
        return b""
    secret = os.environ.get(notify.secret_env, "").strip()
    try:
        key = base64.b64decode(secret[len(PREFIX) :], validate=True) if secret.startswith(PREFIX) else secret.encode()
    except ValueError:
        key = b""
    if key:
        return key
    raise UserError(
        "E-TRAIN-018",
        f"The environment variable {notify.secret_env} "
        + (f"holds no base64 after {PREFIX}." if secret else "is not set."),
        why="Posts would not be signed, and whoever takes them could not tell them from forged ones.",
        fix=f"export {notify.secret_env}={PREFIX}…, or leave secret_env out of train.notify.",
    )


def _signed(name: str, body: bytes, key: bytes, *, when: int) -> dict[str, str]:
    """The headers of Standard Webhooks: an HMAC over id, time and body."""
    headers = {"webhook-id": name, "webhook-timestamp": str(when)}
    if key:
        mac = hmac.new(key, b".".join([name.encode(), str(when).encode(), body]), hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(mac).decode()}"
    return headers
