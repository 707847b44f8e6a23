"""The proxy that the environment puts before a server: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as curl has it.

aiohttp's own reading of the environment knows neither ALL_PROXY nor networks in NO_PROXY, and looks for a user's
passwords in ~/.netrc, before every request.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

from longstride.errors import InputError

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    """A proxy. What it wants to know of its user stands apart from its URL, which errors repeat."""

    url: str
    authorization: str | None = field(default=None, repr=False)  # for the header Proxy-Authorization


def proxy_before(url: str) -> Proxy | None:
    """The proxy that requests to `url` go through; None where they go straight.

    Raises `InputError` for a proxy that does not speak HTTP.
    """
    server = urlsplit(url)
    proxies = getproxies()
    named = proxies.get(server.scheme) or proxies.get("all")
    host, port = server.hostname or "", server.port or DEFAULT_PORTS[server.scheme]
    exempt = any(_covers(entry.strip().lower(), host, port) for entry in proxies.get("no", "").split(","))
    if not named or exempt:
        return None
    try:
        proxy = urlsplit(named if "://" in named else f"http://{named}")
    except ValueError:  # its words may repeat a password
        raise InputError(f"the environment puts a proxy before {host} whose address cannot be read") from None
    if proxy.scheme not in DEFAULT_PORTS:
        raise InputError(
            f"the environment puts a proxy of {proxy.scheme} before {host}, and only HTTP proxies can be used",
            cure="set HTTPS_PROXY or HTTP_PROXY to an HTTP proxy, or name the host in NO_PROXY",
        )
    user, _, place = proxy.netloc.rpartition("@")
    return Proxy(f"{proxy.scheme}://{place}", _basic(user) if user else None)


def _basic(user: str) -> str:
    """HTTP's basic authorization from `NAME:PASSWORD` as a URL has it."""
    name, _, password = user.partition(":")
    return f"Basic {b64encode(f'{unquote(name)}:{unquote(password)}'.encode()).decode()}"


def _covers(entry: str, host: str, port: int) -> bool:
    """One entry of NO_PROXY: `*`, an address, a network, a domain with all below it, `.DOMAIN` for only these."""
    if entry in ("", "*"):
        return entry == "*"
    address, network = _network(host), _network(entry.replace("[", "").replace("]", ""))
    if address is not None and network is not None:
        return address[0] in network
    try:
        named = urlsplit(entry if "://" in entry else f"//{entry}")
        name, only = (named.hostname or "").removeprefix("*"), named.port
    except ValueError:
        return False  # as curl does, leave out what cannot be read
    if not name or only not in (None, port):
        return False
    return host == name or (address is None and host.endswith(name if name.startswith(".") else f".{name}"))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    """An address or a network of them; None for a name."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
