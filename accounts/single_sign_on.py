"""Single sign-on with OpenID Connect: code flow with PKCE, state and nonce.

Follows OpenID Connect Core 1.0 §3.1, RFC 7636 (PKCE), RFC 9207 (iss) and RFC 9700. The
account must be there before: the provider says who somebody is, never what they may do.
"""

import hmac
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import Account
from accounts.sign_in_request import Returned, Sent
from audit.log import SYSTEM, append_event

DISCOVERY = "/.well-known/openid-configuration"
SCOPE = "openid profile"
# Public-key signatures only: with none or HS256 anybody could have signed.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
TIMEOUT_S = 5.0
CLOCKS_APART_S = 60
OLDEST_S = 600
SUBJECT_LENGTH = 255
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SignOnUnavailable(RuntimeError):
    """The provider does not answer, or not as a provider does."""

    def __init__(self) -> None:
        super().__init__("统一身份认证暂时连不上，请稍后再试，或用登录名和密码登录。")


class SignOnRefused(PermissionError):
    """What the provider sent back proves nothing; `why` is for the log, not for the page."""

    def __init__(self, why: str) -> None:
        super().__init__("单点登录没有成功，请回到登录页重新开始。")
        self.why = why


class NoAccountLinked(PermissionError):
    """The provider knows the person, we have no active account for them."""

    def __init__(self) -> None:
        super().__init__("您还没有启创的账号，请联系管理员开通，并登记您的统一身份编号。")


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows this installation as."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Provider:
    """Where the provider takes what; read from its own description."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_issuer: bool  # it adds `iss` to what it sends back


def discover(issuer: str) -> Provider:
    """Read the provider's description. Raises SignOnUnavailable."""
    found = _get_json(issuer.rstrip("/") + DISCOVERY, issuer)
    if found.get("issuer") != issuer:
        raise SignOnUnavailable
    provider = Provider(
        issuer,
        str(found.get("authorization_endpoint", "")),
        str(found.get("token_endpoint", "")),
        str(found.get("jwks_uri", "")),
        found.get("authorization_response_iss_parameter_supported") is True,
    )
    endpoints = (provider.authorization_endpoint, provider.token_endpoint, provider.jwks_uri)
    if not all(_is_safe(url, issuer) for url in endpoints):
        raise SignOnUnavailable
    return provider


def sign_on_url(provider: Provider, client: Client, sent: Sent) -> str:
    """Return where to send the browser."""
    with _oauth_client(client) as oauth:
        url, _ = oauth.create_authorization_url(
            provider.authorization_endpoint,
            state=sent.state,
            code_verifier=sent.code_verifier,
            nonce=sent.nonce,
        )
    return str(url)


def redeem(
    provider: Provider, client: Client, answer: Mapping[str, str], returned: Returned, at: datetime
) -> dict[str, Any]:
    """Exchange the code of an answer for the claims about the person.

    Raises SignOnRefused, SignOnUnavailable.
    """
    named = answer.get("iss")
    if (provider.names_issuer or named is not None) and named != provider.issuer:
        raise SignOnRefused("iss of the answer")
    if not answer.get("code"):
        raise SignOnRefused(f"no code: {answer.get('error', '')[:40]}")
    try:
        with _oauth_client(client) as oauth:
            token = oauth.fetch_token(
                provider.token_endpoint,
                code=answer["code"],
                code_verifier=returned.code_verifier,
            )
    except OAuthError as error:
        raise SignOnRefused("code") from error
    except (httpx.HTTPError, ValueError) as error:
        raise SignOnUnavailable from error
    id_token = token.get("id_token")
    if not isinstance(id_token, str):
        raise SignOnRefused("no id_token")
    claims = verified_claims(id_token, _get_json(provider.jwks_uri, provider.issuer))
    check_claims(claims, client, returned.nonce, at)
    return claims


def verified_claims(id_token: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of a token that one of the keys has signed. Raises SignOnRefused."""
    try:
        found: Any = keys  # whatever the provider sent; joserfc says what is no key
        decoded = jwt.decode(id_token, KeySet.import_key_set(found), algorithms=ALGORITHMS)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise SignOnRefused("signature") from error
    return dict(decoded.claims)


def check_claims(claims: Mapping[str, Any], client: Client, nonce: str, at: datetime) -> None:
    """Check that the claims are for us, now and in answer to our request (Core §3.1.3.7)."""
    now = at.timestamp()
    times = {name: _seconds(claims[name]) for name in ("iat", "exp", "nbf") if name in claims}
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    azp = claims.get("azp", client.client_id if len(audiences) == 1 else None)
    subject = claims.get("sub")
    given_nonce = claims.get("nonce")
    rules = {
        "iss": claims.get("iss") == client.issuer,
        "aud": client.client_id in audiences,
        "azp": azp == client.client_id,
        "exp": times.get("exp", 0.0) > now - CLOCKS_APART_S,
        "iat": now - OLDEST_S < times.get("iat", 0.0) < now + CLOCKS_APART_S,
        "nbf": times.get("nbf", now) <= now + CLOCKS_APART_S,
        "sub": isinstance(subject, str) and 0 < len(subject) <= SUBJECT_LENGTH,
        "nonce": isinstance(given_nonce, str)
        and hmac.compare_digest(given_nonce.encode(), nonce.encode()),
    }
    broken = [name for name, holds in rules.items() if not holds]
    if broken:
        raise SignOnRefused(",".join(broken))


def account_of(db: Session, claims: Mapping[str, Any]) -> Account:
    """Return the active account of a person, linking it at the first time.

    Linked accounts are found by issuer and subject alone. One that is not linked yet is
    found by what the administrator wrote: the subject, or the provider's name for the
    person. Raises NoAccountLinked.
    """
    subject = f"{claims['iss']} {claims['sub']}"
    account = db.scalar(select(Account).where(Account.oidc_subject == subject))
    if account is None:
        known = [claims["sub"], claims.get("preferred_username")]
        names = [name for name in known if isinstance(name, str) and name]
        unlinked = select(Account).where(
            Account.external_id.in_(names), Account.oidc_subject.is_(None)
        )
        found = db.scalars(unlinked).all()
        account = found[0] if len(found) == 1 else None
        if account is not None and account.active:
            account.oidc_subject = subject
            append_event(db, "account.linked", account.subject, SYSTEM)
    if account is None or not account.active:
        raise NoAccountLinked
    return account


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SignOnRefused("times")
    return float(value)


def _oauth_client(client: Client) -> Any:
    return OAuth2Client(
        client_id=client.client_id,
        client_secret=client.client_secret or None,
        token_endpoint_auth_method="client_secret_basic" if client.client_secret else "none",
        code_challenge_method="S256",
        redirect_uri=client.redirect_uri,
        scope=SCOPE,
        timeout=TIMEOUT_S,
        verify=_trusted(),
        follow_redirects=False,
    )


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that are trusted; reading them takes longer than all else of a sign-in."""
    return httpx.create_ssl_context()


def _get_json(url: str, issuer: str) -> dict[str, Any]:
    if not _is_safe(url, issuer):
        raise SignOnUnavailable
    try:
        response = httpx.get(url, timeout=TIMEOUT_S, verify=_trusted(), follow_redirects=False)
        response.raise_for_status()
        found = response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise SignOnUnavailable from error
    if not isinstance(found, dict):
        raise SignOnUnavailable
    return found


def _is_safe(url: str, issuer: str) -> bool:
    """Https everywhere; plain http only between programs of one machine."""
    parts = urlsplit(url)
    local = parts.hostname in LOOPBACK and urlsplit(issuer).hostname in LOOPBACK
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))
