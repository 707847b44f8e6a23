"""Which proxy the environment puts before a server."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from longstride.errors import InputError
from longstride.llm.proxies import Proxy, proxy_before

PROXY = "http://proxy.example:3128"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("REQUEST_METHOD", raising=False)  # urllib takes HTTP_PROXY for a header where this is set
    return monkeypatch


def test_without_a_proxy_requests_go_straight():
    assert proxy_before("http://models.example/v1") is None


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({"HTTP_PROXY": PROXY}, "http://models.example/v1", PROXY),
        ({"http_proxy": PROXY}, "http://models.example/v1", PROXY),
        ({"HTTP_PROXY": PROXY}, "https://models.example/v1", None),
        ({"HTTPS_PROXY": PROXY}, "https://models.example/v1", PROXY),
        ({"ALL_PROXY": PROXY}, "https://models.example/v1", PROXY),
        ({"ALL_PROXY": "http://other", "HTTPS_PROXY": PROXY}, "https://models.example/v1", PROXY),
        ({"HTTPS_PROXY": "proxy.example:3128"}, "https://models.example/v1", PROXY),
        ({"HTTPS_PROXY": ""}, "https://models.example/v1", None),
    ],
)
def test_the_server_s_scheme_chooses_the_variable(
    environment: pytest.MonkeyPatch, variables: dict[str, str], url: str, proxy: str | None
):
    for name, value in variables.items():
        environment.setenv(name, value)
    assert proxy_before(url) == (None if proxy is None else Proxy(proxy))


@pytest.mark.parametrize(
    ("user", "authorization"),
    [
        ("user:password", "Basic dXNlcjpwYXNzd29yZA=="),
        ("user:p%40ss%3Aw", "Basic dXNlcjpwQHNzOnc="),  # user:p@ss:w
        ("user", "Basic dXNlcjo="),
    ],
)
def test_a_user_and_password_stand_apart_from_the_proxy_s_url(
    environment: pytest.MonkeyPatch, user: str, authorization: str
):
    environment.setenv("HTTP_PROXY", f"http://{user}@proxy.example:3128")
    proxy = proxy_before("http://models.example/v1")
    assert proxy == Proxy(PROXY, authorization)
    assert authorization not in repr(proxy)


@pytest.mark.parametrize(
    ("exempt", "host"),
    [
        ("*", "models.example"),
        ("models.example", "models.example"),
        ("MODELS.example", "models.EXAMPLE"),
        ("other, models.example", "models.example"),
        ("example", "models.example"),
        (".example", "models.example"),
        ("*.example", "models.example"),
        ("models.example:8000", "models.example:8000"),
        ("models.example:80", "models.example"),
        ("localhost", "localhost:8000"),
        ("10.1.2.3", "10.1.2.3:8000"),
        ("10.1.2.3:8000", "10.1.2.3:8000"),
        ("10.0.0.0/8", "10.1.2.3:8000"),
        ("::1", "[::1]:8000"),
        ("[::1]", "[::1]:8000"),
        ("fd00::/8", "[fd12::7]"),
    ],
)
def test_no_proxy_names_hosts_domains_ports_and_networks(environment: pytest.MonkeyPatch, exempt: str, host: str):
    environment.setenv("ALL_PROXY", PROXY)
    environment.setenv("NO_PROXY", exempt)
    assert proxy_before(f"http://{host}/v1") is None


@pytest.mark.parametrize(
    ("exempt", "host"),
    [
        ("", "models.example"),
        ("example.com", "models.example"),
        ("odels.example", "models.example"),
        (".models.example", "models.example"),
        ("models.example:8001", "models.example:8000"),
        ("models.example:none", "models.example"),
        ("10.1.2", "10.1.2.3"),
        ("10.0.0.0/8", "11.1.2.3"),
        ("10.0.0.0/8", "models.example"),
        ("10.0.0.0/99", "10.1.2.3"),
        ("2.3", "10.1.2.3"),
    ],
)
def test_no_proxy_leaves_other_hosts_behind_the_proxy(environment: pytest.MonkeyPatch, exempt: str, host: str):
    environment.setenv("ALL_PROXY", PROXY)
    environment.setenv("NO_PROXY", exempt)
    assert proxy_before(f"http://{host}/v1") == Proxy(PROXY)


def test_a_proxy_that_does_not_speak_http_is_refused_but_where_it_is_not_used(environment: pytest.MonkeyPatch):
    environment.setenv("ALL_PROXY", "socks5://user:password@proxy:1080")
    with pytest.raises(InputError, match="a proxy of socks5 before models") as error:
        proxy_before("http://models.example/v1")
    assert "password" not in str(error.value)
    environment.setenv("NO_PROXY", "models.example")
    assert proxy_before("http://models.example/v1") is None


def test_an_address_that_cannot_be_read_is_refused_without_repeating_it(environment: pytest.MonkeyPatch):
    environment.setenv("ALL_PROXY", "http://user:password@[proxy")
    with pytest.raises(InputError, match="cannot be read") as error:
        proxy_before("http://models.example/v1")
    assert "password" not in str(error.value)


@given(exempt=st.text(alphabet="a.*:/[]@%1f ,-", max_size=20))
@example(exempt="[")
@example(exempt="a://[")
@example(exempt="a:99999")
def test_whatever_stands_in_no_proxy_is_read(exempt: str):
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("REQUEST_METHOD", raising=False)
        environment.setenv("ALL_PROXY", PROXY)
        environment.setenv("NO_PROXY", exempt)
        assert proxy_before("http://[::1]:8000/v1") in (None, Proxy(PROXY))
