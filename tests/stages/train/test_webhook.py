"""Changes of state reach a real HTTP server: signed, told once, and never a reason for a run to fail."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from tests.stages.train.tiny import Listener

from tunewright.core.errors import UserError
from tunewright.stages.train.runs.job_events import JobEvents
from tunewright.stages.train.runs.webhook import TRIES, Webhook
from tunewright.stages.train.settings import Notify

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()


class Server(HTTPServer):
    """Remembers posts and answers them as it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts: list[tuple[str, dict, bytes]] = []
        self.answers: list[tuple[int, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, dict(self.headers), body))
        code, headers = self.server.answers.pop(0) if self.server.answers else (200, {})
        self.send_response(code)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        self.server.posts.append((f"GET {self.path}", {}, b""))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch):
    with Server() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("HOOK", made.url)
        monkeypatch.setenv("SECRET", SECRET)
        yield made
        made.shutdown()
        thread.join()


def events(folder, notify: Notify, progress=None) -> JobEvents:
    return JobEvents(folder, [Webhook(notify, "run-7", progress or Listener())])


def test_each_change_of_state_is_posted_in_the_form_of_openais_webhooks(server, tmp_path) -> None:
    told = events(tmp_path, Notify(url_env="HOOK"))
    told.state("running", "Begun.")
    told.say("Only a sentence.")
    told.metrics("Figures.", {"train_loss": 0.5})
    told.failed("E-TRAIN-016", "It diverged on the row of Ms Miller.")
    bodies = [json.loads(body) for _, _, body in server.posts]
    assert [body["type"] for body in bodies] == ["fine_tuning.job.running", "fine_tuning.job.failed"]
    assert all(set(body) == {"id", "object", "created_at", "type", "data"} for body in bodies)
    assert {body["object"] for body in bodies} == {"event"}
    assert [body["data"] for body in bodies] == [{"id": "run-7"}] * 2, "nothing of the data is sent"
    assert {path for path, _, _ in server.posts} == {"/hook"}
    assert not any("webhook-signature" in {name.lower() for name in headers} for _, headers, _ in server.posts)


def test_the_signature_is_that_of_standard_webhooks(server, tmp_path) -> None:
    events(tmp_path, Notify(url_env="HOOK", secret_env="SECRET")).state("running", "Begun.")
    ((_, headers, body),) = server.posts
    named = {name.lower(): value for name, value in headers.items()}
    assert named["content-type"] == "application/json"
    assert named["webhook-id"] == json.loads(body)["id"]
    signed = b".".join([named["webhook-id"].encode(), named["webhook-timestamp"].encode(), body])
    mac = hmac.new(base64.b64decode(SECRET.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert named["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


def test_the_signature_is_the_published_example_of_the_standard() -> None:
    """The example of the Standard Webhooks libraries (github.com/standard-webhooks, spec and test suites)."""
    from tunewright.stages.train.runs import webhook

    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = webhook._signed("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}', key, when=1614265330)
    assert told["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server, tmp_path, code) -> None:
    server.answers = [(code, {"Location": server.url.replace("/hook", "/elsewhere")})] * TRIES
    events(tmp_path, Notify(url_env="HOOK"), heard := Listener()).state("running", "Begun.")
    assert {path for path, _, _ in server.posts} == {"/hook"}
    assert heard.said
    assert "was not told that the run is running" in heard.said[0]


def test_a_server_that_fails_once_is_asked_again(server, tmp_path) -> None:
    server.answers = [(500, {})]
    events(tmp_path, Notify(url_env="HOOK"), heard := Listener()).state("running", "Begun.")
    assert len(server.posts) == 2
    assert heard.said == []


def test_nobody_listening_is_said_and_fails_nothing(server, tmp_path, monkeypatch) -> None:
    closed = HTTPServer(("127.0.0.1", 0), Handler)
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{closed.server_port}/")
    closed.server_close()
    events(tmp_path, Notify(url_env="HOOK"), heard := Listener()).state("running", "Begun.")
    assert "refused" in heard.said[0].lower()


@pytest.mark.parametrize(
    "url", ["", "ftp://127.0.0.1/", "http://example.org/hook", "http://10.0.0.1/", "file:///etc/passwd", "https://"]
)
def test_an_address_that_could_be_read_on_the_way_is_refused(monkeypatch, url) -> None:
    monkeypatch.setenv("HOOK", url)
    with pytest.raises(UserError) as told:
        Webhook(Notify(url_env="HOOK"), "run", Listener())
    assert told.value.code == "E-TRAIN-018"
    assert url not in told.value.what or not url, "an address can hold a secret, so it is not repeated"


@pytest.mark.parametrize("url", ["https://example.org/hook", "http://localhost:9/", "http://[::1]:9/"])
def test_https_and_this_machine_are_taken(monkeypatch, url) -> None:
    monkeypatch.setenv("HOOK", url)
    Webhook(Notify(url_env="HOOK"), "run", Listener())


@pytest.mark.parametrize("secret", [None, "whsec_", "whsec_not base64!"])
def test_a_secret_that_was_named_must_be_there(monkeypatch, server, secret) -> None:
    if secret is None:
        monkeypatch.delenv("SECRET")
    else:
        monkeypatch.setenv("SECRET", secret)
    with pytest.raises(UserError) as told:
        Webhook(Notify(url_env="HOOK", secret_env="SECRET"), "run", Listener())
    assert told.value.code == "E-TRAIN-018"
    assert "SECRET" in told.value.what


def test_offline_nothing_is_sent_and_the_run_goes_on(tmp_path) -> None:
    code = """
import os, sys
from pathlib import Path
os.environ["HOOK"] = "https://192.0.2.1/hook"
from tests.stages.train.tiny import Listener
from tests.stages.train.test_webhook import events
from tunewright.core.offline import go_offline
from tunewright.stages.train.settings import Notify
go_offline()
events(Path(sys.argv[1]), Notify(url_env="HOOK"), heard := Listener()).state("running", "Begun.")
print(heard.said[0])
"""
    found = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "A connection to 192.0.2.1 was refused" in found.stdout
