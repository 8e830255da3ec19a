"""A URL that a person types, read strictly and with limits."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from lib.model.errors import ModelError
from lib.model.records import dataclass
from lib.model.sets import FIRST_PORT, LAST_PORT, parse_address

MAX_URL_LENGTH: Final = 2048
MAX_QUERY_FIELDS: Final = 100
DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# RFC 1123 labels of 63 characters, 253 in all.
_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")


class UrlError(ValueError):
    """The URL can't be tested; the message is a sentence for the person who typed it."""


@dataclass(frozen=True, slots=True)
class UrlRequest:
    """What a browser would send: ``host`` in lower case and as ASCII, ``path`` with its percent signs decoded.

    ``address`` is set where the host is an IP address, which no host rule matches.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: tuple[tuple[str, str], ...] = ()
    address: IPv4Address | IPv6Address | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        port = "" if DEFAULT_PORTS[self.scheme] == self.port else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def parse_url(text: str) -> UrlRequest:
    """Read ``text``; without a scheme it is taken as http. Raises UrlError with a sentence."""
    text = text.strip()
    if not text:
        raise UrlError("Type a URL, for example https://shop.example.com/cart.")
    if len(text) > MAX_URL_LENGTH:
        raise UrlError(f"The URL is longer than {MAX_URL_LENGTH} characters.")
    if any(not c.isprintable() or c.isspace() or c == "\\" for c in text):
        raise UrlError("The URL holds a blank, a backslash or a character that can't be printed.")
    parts = _split(text if "://" in text else f"http://{text}")
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise UrlError(f"Only http and https URLs can be tested, not {scheme[:20]}.")
    if "@" in parts.netloc:
        raise UrlError("The URL holds a user name; leave out everything before the @.")
    host, address = _host(parts)
    return UrlRequest(scheme, host, _port(parts, scheme), _path(parts.path), _query(parts.query), address)


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        raise UrlError(
            "The brackets of the URL's address don't fit: an IPv6 address is written [2001:db8::1]."
        ) from None


def _host(parts: SplitResult) -> tuple[str, IPv4Address | IPv6Address | None]:
    host = (parts.hostname or "").removesuffix(".")
    if not host:
        raise UrlError("The URL has no host.")
    try:
        address = parse_address(host)
        return str(address), address
    except ModelError:
        pass
    if host.startswith("*."):
        raise UrlError("A request has a host name, not a wildcard: put a name in the place of the asterisk.")
    try:
        ascii_host = host.encode("ascii").decode() if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise UrlError(f"{host[:64]!r} is not a host name.") from None
    if not _HOST.fullmatch(ascii_host.lower()):
        raise UrlError(f"{host[:64]!r} is not a host name.")
    return ascii_host.lower(), None


def _port(parts: SplitResult, scheme: str) -> int:
    try:
        port = parts.port
    except ValueError:
        raise UrlError(f"The URL's port is not a number within {FIRST_PORT}-{LAST_PORT}.") from None
    if port == 0:
        raise UrlError(f"The URL's port is not a number within {FIRST_PORT}-{LAST_PORT}.")
    return port or DEFAULT_PORTS[scheme]


def _path(path: str) -> str:
    """The path decoded once; dot segments are resolved as a browser does before it sends (RFC 3986, 5.2.4)."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        raise UrlError("A percent sign in the path is not followed by two hexadecimal digits.")
    if re.search(r"%2[fF]|%00", path):
        raise UrlError("The path holds an encoded slash or NUL byte, which every controller treats in its own way.")
    try:
        decoded = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise UrlError("The percent-encoded bytes of the path are not UTF-8.") from None
    out: list[str] = []
    segments = decoded.split("/")[1:] if decoded else [""]
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment in (".", ".."):
            if segment == ".." and out:
                out.pop()
            if last:
                out.append("")
        else:
            out.append(segment)
    return "/" + "/".join(out)


def _query(query: str) -> tuple[tuple[str, str], ...]:
    try:
        return tuple(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS))
    except ValueError:
        raise UrlError(f"The URL's query has more than {MAX_QUERY_FIELDS} fields.") from None
