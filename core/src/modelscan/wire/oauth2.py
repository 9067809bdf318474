"""OAuth 2.0: a credential is exchanged for an access token (RFC 6749, sections 4.4, 5 and 6; RFC 7523)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

import attrs
import msgspec

from modelscan.contracts.auth import Credential, Token
from modelscan.contracts.flows import Done, Event, Lost, Send
from modelscan.contracts.http import Headers, HttpRequest, HttpResponse, Target, Webhook
from modelscan.errors import AuthenticationError, CredentialError, DecodeError, ProviderError, TransportError
from modelscan.types.secret import Secret
from modelscan.wire.failures import class_of, describe, provider_error
from modelscan.wire.jwt import bearing, secret_of
from modelscan.wire.unreadable import UNREADABLE

_FORM: Final = (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"))
_REFUSALS: Final = frozenset({"invalid_client", "invalid_grant", "unauthorized_client", "access_denied"})


class TokenAsked(msgspec.Struct, frozen=True):
    """The state of a token flow: there is nothing to remember."""


class _Grant(msgspec.Struct):
    access_token: str
    expires_in: float | str | None = None


class _Refusal(msgspec.Struct):
    error: str = ""
    error_description: str = ""


@attrs.frozen
class TokenFlow:
    """One request to a token endpoint, and the token in its answer.

    `form` makes the form when it is sent; `secrets` never show in what an endpoint's error says.
    """

    url: str
    form: Callable[[], Mapping[str, str]] = attrs.field(repr=False)
    now: datetime
    secrets: tuple[Secret, ...] = ()
    version: int = attrs.field(default=1, init=False)
    state_type: type[TokenAsked] = attrs.field(default=TokenAsked, init=False)

    def start(self, request: None, target: Target) -> Send[TokenAsked]:
        """The request for a token."""
        body = urlencode(self.form()).encode()
        return Send(HttpRequest(url=self.url, headers=_FORM, body=body, auth=None, repeat="safe"), TokenAsked())

    def resume(self, state: TokenAsked, event: Event, request: None, target: Target) -> Done[Token]:
        """The token. Raises a `ProviderError` where it is refused, `TransportError` for a lost answer."""
        if not isinstance(event, HttpResponse):
            what = event.error if isinstance(event, Lost) else "nothing came"
            raise TransportError(f"no token came from {self.url}: {what}", phase="wait")
        if event.status != 200:
            raise self._refusal(event)
        try:
            grant = msgspec.json.decode(event.body, type=_Grant)
            until = None if grant.expires_in is None else self.now + timedelta(seconds=float(grant.expires_in))
        except (*UNREADABLE, ValueError, OverflowError):
            raise DecodeError(f"the answer of {self.url} holds no access token") from None
        return Done(Token(Secret(grant.access_token), until))

    def cancel(self, state: TokenAsked, target: Target) -> HttpRequest | None:
        """None: a token that nobody uses expires."""
        return None

    def verify(self, headers: Headers, body: bytes, keys: bytes, now: datetime) -> Webhook:
        """Raises `CredentialError`: no token endpoint calls back."""
        raise CredentialError("a token endpoint calls nobody back")

    def _refusal(self, response: HttpResponse) -> ProviderError:
        try:
            told = msgspec.json.decode(response.body, type=_Refusal)
        except UNREADABLE:
            told = _Refusal()
        said = f"{told.error}: {told.error_description}".strip(": ") or describe(response)
        for secret in self.secrets:
            said = said.replace(secret.reveal(), secret.masked())
        is_refused = told.error in _REFUSALS or response.status in (401, 403)
        return provider_error(
            HttpResponse(response.head),
            message=f"no token from {self.url}: {said}",
            code=told.error,
            kind=AuthenticationError if is_refused else class_of(response.status),
            advice="Check the client's id and secret, and that its clock is right." if is_refused else "",
        )


@attrs.frozen
class _Exchanged:
    """What schemes have in common that exchange their credential at `token_url`, which may hold `{parameter}`s."""

    token_url: str
    scope: str = ""
    extra: Mapping[str, str] = attrs.field(factory=dict)
    needs_body_hash: bool = attrs.field(default=False, init=False)

    def sign(
        self, request: HttpRequest, credential: Credential, target: Target, body_sha256: str | None, now: datetime
    ) -> HttpRequest:
        """The request with the token as its bearer."""
        return bearing(request, secret_of(credential, "token"))

    def _flow(self, credential: Credential, target: Target, now: datetime, form: Mapping[str, str]) -> TokenFlow:
        fields = {**form, **({"scope": self.scope} if self.scope else {}), **self.extra}
        url = self.token_url.format_map(target.params)
        return TokenFlow(url, lambda: fields, now, tuple(credential.secrets.values()))


@attrs.frozen
class ClientCredentials(_Exchanged):
    """A program's own right: `client_id` and `client_secret` for a token (RFC 6749, section 4.4)."""

    def exchange(self, credential: Credential, target: Target, now: datetime) -> TokenFlow:
        """The flow that gets a token. Raises `CredentialError` where a secret is missing."""
        form = {"grant_type": "client_credentials", **_secrets(credential, ("client_id", "client_secret"))}
        return self._flow(credential, target, now, form)


@attrs.frozen
class RefreshToken(_Exchanged):
    """A person's right, given once: `refresh_token` for a token, with the client's id and secret if there are any."""

    def exchange(self, credential: Credential, target: Target, now: datetime) -> TokenFlow:
        """The flow that gets a token. Raises `CredentialError` where the refresh token is missing."""
        known = [name for name in ("client_id", "client_secret") if name in credential.secrets]
        form = {"grant_type": "refresh_token", **_secrets(credential, ("refresh_token", *known))}
        return self._flow(credential, target, now, form)


def _secrets(credential: Credential, names: Iterable[str]) -> dict[str, str]:
    return {name: secret_of(credential, name) for name in names}
