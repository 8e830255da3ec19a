"""A provider of logins for the tests: OpenID Connect's code flow with PKCE, which notes whatever is amiss.

Written after openid-connect-core-1_0 (3.1, authentication by the authorization code) and RFC 7636 (PKCE).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "netatlas-client", "provider-client-secret-3c"
METADATA = "/TENANT/v2.0/.well-known/openid-configuration"


@dataclass
class Provider:
    """``denies``: it lets nobody in. ``claims`` are put over those of an honest token, ``signs_with`` over its key."""

    redirect_uri: str = ""
    denies: bool = False
    claims: dict[str, Any] = field(default_factory=dict)
    signs_with: RSAKey | None = None
    faults: list[str] = field(default_factory=list)
    tokens: int = 0
    url: str = ""
    _key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "tests"}))
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """What clients ask for first."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent, back to the client with a code."""
        wanted = {"client_id": CLIENT, "response_type": "code", "redirect_uri": self.redirect_uri}
        self._expect(wanted.items() <= query.items(), f"authorize: {query}")
        self._expect("openid" in query.get("scope", "").split(), "authorize: no scope openid")
        self._expect(bool(query.get("state") and query.get("nonce")), "authorize: no state or nonce")
        self._expect(query.get("code_challenge_method") == "S256", "authorize: no PKCE")
        if self.denies:
            return f"{self.redirect_uri}?{urlencode({'error': 'access_denied', 'state': query['state']})}"
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, body: dict[str, str], authorization: str) -> dict[str, Any]:
        """The tokens for a code, which counts once."""
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        known = authorization == f"Basic {basic}" or body.get("client_secret") == SECRET
        self._expect(known, "token: the client's secret is wrong")
        asked = self._codes.pop(body.get("code", ""), None)
        self._expect(asked is not None and body.get("redirect_uri") == self.redirect_uri, "token: no such code")
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        self._expect(asked is not None and asked["code_challenge"] == challenge, "token: the verifier is wrong")
        now = int(time.time())
        honest = {"iss": self.url, "sub": "ada", "aud": CLIENT, "iat": now, "exp": now + 600}
        claims = {**honest, "email": "ada@example.com", "nonce": (asked or {}).get("nonce"), **self.claims}
        self.tokens += 1
        signed = jwt.encode({"alg": "RS256", "kid": "tests"}, claims, self.signs_with or self._key)
        return {"access_token": "access-planted-91", "token_type": "Bearer", "expires_in": 600, "id_token": signed}

    def keys(self) -> dict[str, Any]:
        """The public key."""
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "RS256"}]}

    def _expect(self, is_right: bool, fault: str) -> None:
        if not is_right:
            self.faults.append(fault)


@contextmanager
def running_provider() -> Iterator[Provider]:
    """One on a free port of 127.0.0.1."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            if url.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif url.path in (METADATA, "/keys"):
                self._json(provider.keys() if url.path == "/keys" else provider.metadata())
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            body = {key: values[0] for key, values in parse_qs(text).items()}
            self._json(provider.token(body, self.headers.get("Authorization", "")))

        def _json(self, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
