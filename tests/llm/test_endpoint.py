"""The way to a server: proxies, certificates, redirects, connections used again. The key reaches its server alone."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from longstride.errors import InputError
from longstride.llm import Completion, Ledger, Message, ModelError, RequestRefused, open_models

if TYPE_CHECKING:
    from conftest import HeldClock, Reply, Server

KEY = "sk-very-secret-0123456789"
QUESTION: list[Message] = [{"role": "user", "content": "q"}]


@dataclass
class Seen:
    """A request as a server saw its head."""

    method: str
    target: str
    headers: dict[str, str]  # by lower-case name


@dataclass
class Plain:
    """A server that answers every POST, refuses every CONNECT with 403, and notes what it saw."""

    port: int
    seen: list[Seen] = field(default_factory=list[Seen])


@contextmanager
def plain_server(context: ssl.SSLContext | None = None) -> Iterator[Plain]:
    """A server on loopback; with a certificate it speaks TLS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.end(200, json.dumps({"choices": [{"message": {"content": "fine"}}]}).encode())

        def do_CONNECT(self) -> None:
            self.end(403, b"")

        def end(self, status: int, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            plain.seen.append(Seen(self.command, self.path, headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # a client that does not trust the certificate hangs up

    with Quiet(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        plain = Plain(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield plain
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(serialization.Encoding.PEM, *form)
    )
    return path


@pytest.fixture
def keyed(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server, asked with a key."""
    monkeypatch.setenv("A_KEY", KEY)
    monkeypatch.delenv("REQUEST_METHOD", raising=False)
    return server


def ask(
    server: Server,
    held: HeldClock,
    ledger: Ledger | None = None,
    question: Sequence[Message] = QUESTION,
    **settings: Any,
) -> Completion:
    """One question with the key, asked at most twice."""

    async def run() -> Completion:
        chosen = server.settings(**{"api_key_env": "A_KEY", "max_retries": 1, **settings})
        async with open_models(chosen, ledger=ledger, clock=held.clock) as models:
            (answer,) = await models.role("judge").complete(question)
            return answer

    return asyncio.run(run())


def redirect(server: Server, status: int, location: str) -> Reply:
    return replace(server.error(status), headers={"Location": location})


@pytest.mark.parametrize("redirected", [False, True])
def test_a_question_of_megabytes_arrives_whole(keyed: Server, held: HeldClock, redirected: bool):
    text = "a long story. " * 200_000
    keyed.script = [redirect(keyed, 307, "/v2/chat/completions")] if redirected else []
    ask(keyed, held, question=[{"role": "user", "content": text}])
    assert [asked.text for asked in keyed.asked] == [text] * (1 + redirected)


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_on_the_same_server_is_followed_with_question_and_key(keyed: Server, held: HeldClock, status: int):
    keyed.script = [redirect(keyed, status, "/v2/chat/completions")]
    ledger = Ledger()
    assert ask(keyed, held, ledger).text == "q -> 2.0"
    assert [asked.headers["authorization"] for asked in keyed.asked] == [f"Bearer {KEY}"] * 2
    assert ledger.totals()["requests"] == 1


def test_a_redirect_to_another_server_is_followed_without_the_key(keyed: Server, held: HeldClock):
    other = type(keyed)(keyed.on_loopback)
    try:
        keyed.script = [redirect(keyed, 307, f"{other.base_url}/chat/completions")]
        assert ask(keyed, held).text == "q -> 1.0"
    finally:
        other.close()
    assert len(keyed.asked) == len(other.asked) == 1
    assert KEY not in repr(other.asked[0].headers)


@pytest.mark.parametrize(
    "location", ["/v1/chat/completions", "ftp://127.0.0.1/", "http://", "http://user:password@127.0.0.1/", "//[", ""]
)
def test_a_redirect_that_leads_nowhere_ends_in_one_line(keyed: Server, held: HeldClock, location: str):
    keyed.reply = lambda asked: redirect(keyed, 307, location)
    with pytest.raises(ModelError) as error:
        ask(keyed, held)
    assert str(error.value).startswith(f"judge: m at {keyed.base_url}: ")
    assert "\n" not in str(error.value) and KEY not in str(error.value)


def test_redirects_in_a_circle_are_told(keyed: Server, held: HeldClock):
    keyed.reply = lambda asked: redirect(keyed, 307, "/v1/chat/completions")
    with pytest.raises(ModelError, match="too many redirects"):
        ask(keyed, held)


def test_a_server_without_tls_is_told(keyed: Server, held: HeldClock):
    with pytest.raises(ModelError, match=r"connection failed .* \(.*SSL.*\)") as error:
        ask(keyed, held, base_url=keyed.base_url.replace("http", "https"))
    assert "Operation not permitted" not in str(error.value) and keyed.asked == []


def test_a_redirect_that_loses_the_question_is_refused(keyed: Server, held: HeldClock):
    keyed.script = [redirect(keyed, 302, "/login")]  # the server takes no GET
    with pytest.raises(RequestRefused, match="HTTP 501"):
        ask(keyed, held)


def test_a_compressed_answer_is_read_and_a_broken_one_asked_again(keyed: Server, held: HeldClock):
    good = replace(keyed.answer("packed"), headers={"Content-Encoding": "gzip"})
    keyed.script = [good, replace(good, body=gzip.compress(good.body))]
    assert ask(keyed, held).text == "packed" and len(keyed.asked) == 2


def test_long_headers_are_read(keyed: Server, held: HeldClock):
    keyed.script = [replace(keyed.answer("fine"), headers={"X-Policy": "x" * 40_000})]
    assert ask(keyed, held).text == "fine" and len(keyed.asked) == 1


def test_a_connection_that_the_server_closed_meanwhile_costs_no_try(keyed: Server, held: HeldClock):
    answer = keyed.answer("fine")
    keyed.reply = lambda asked: replace(answer, send_bytes=len(answer.body))  # all of it, then it hangs up

    async def run() -> None:
        settings = keyed.settings(max_retries=0)
        async with open_models(settings, clock=held.clock) as models:
            for _ in range(3):
                await models.role("judge").complete(QUESTION)
                await asyncio.sleep(0.05)

    asyncio.run(run())
    assert len(keyed.asked) == 3


def test_connections_are_used_again(keyed: Server, held: HeldClock):
    with plain_server() as plain:
        settings = keyed.settings(base_url=f"http://127.0.0.1:{plain.port}/v1", max_concurrency=4)

        async def run() -> int:
            async with open_models(settings, clock=held.clock) as models:
                for _ in range(5):
                    await asyncio.gather(*(models.role("judge").complete(QUESTION) for _ in range(4)))
                    await asyncio.sleep(0)
                return threading.active_count()

        before = threading.active_count()
        threads = asyncio.run(run()) - before  # the server has one for each connection
    assert len(plain.seen) == 5 and 1 <= threads <= 4


def test_a_proxy_is_handed_the_whole_address_and_passed_by_where_it_must_not_be_used(
    keyed: Server, held: HeldClock, monkeypatch: pytest.MonkeyPatch
):
    with plain_server() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:password@127.0.0.1:{proxy.port}")
        assert ask(keyed, held, base_url="http://models.example/v1").text == "fine"
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
        assert ask(keyed, held).text == "q -> 1.0"
    (seen,) = proxy.seen
    assert (seen.method, seen.target) == ("POST", "http://models.example/v1/chat/completions")
    assert seen.headers["proxy-authorization"] == "Basic dXNlcjpwYXNzd29yZA=="
    assert "proxy-authorization" not in {name.lower() for name in keyed.asked[0].headers}


@pytest.mark.parametrize(("user", "told"), [("user:password@", "Basic dXNlcjpwYXNzd29yZA=="), ("", None)])
def test_a_proxy_before_https_sees_neither_key_nor_question(
    keyed: Server, held: HeldClock, monkeypatch: pytest.MonkeyPatch, user: str, told: str | None
):
    with plain_server() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{user}127.0.0.1:{proxy.port}")
        with pytest.raises(ModelError, match=r"connection failed .* \(the proxy says 403 Forbidden\)") as error:
            ask(keyed, held, base_url="https://models.example/v1")
    assert {(seen.method, seen.target) for seen in proxy.seen} == {("CONNECT", "models.example:443")}
    assert [seen.headers.get("proxy-authorization") for seen in proxy.seen] == [told] * 2
    assert KEY not in repr(proxy.seen)
    assert "password" not in str(error.value) and "\n" not in str(error.value)


def test_a_proxy_that_is_not_there_or_speaks_no_http_is_told_in_one_line(
    keyed: Server, held: HeldClock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://user:password@127.0.0.1:9")
    with pytest.raises(ModelError, match="connection failed") as error:
        ask(keyed, held)
    assert "password" not in str(error.value) and "\n" not in str(error.value)
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1080")
    with pytest.raises(InputError, match="only HTTP proxies"):
        ask(keyed, held)
    assert keyed.asked == []


def test_a_certificate_that_nobody_vouches_for_is_refused_and_one_in_ssl_cert_file_taken(
    keyed: Server, held: HeldClock, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with plain_server(context) as served:
        base_url = f"https://127.0.0.1:{served.port}/v1"
        with pytest.raises(ModelError, match="CERTIFICATE_VERIFY_FAILED") as error:
            ask(keyed, held, base_url=base_url)
        assert served.seen == [] and "\n" not in str(error.value)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert ask(keyed, held, base_url=base_url).text == "fine"
        with pytest.raises(ModelError, match="CERTIFICATE_VERIFY_FAILED"):  # it is for the address alone
            ask(keyed, held, base_url=base_url.replace("127.0.0.1", "localhost"))
        with pytest.raises(ModelError, match=r"connection failed .* \(.*disconnected.*\)"):  # it does not speak plainly
            ask(keyed, held, base_url=base_url.replace("https", "http"))
    assert [seen.headers["authorization"] for seen in served.seen] == [f"Bearer {KEY}"]
