"""Signing: one object per account that puts its credential on requests, and on no request it doesn't belong to."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, cast

import attrs

from modelscan.auth.exchange import SendRequest, exchanged
from modelscan.auth.hosts import CredentialHosts
from modelscan.auth.tokens import TokenCell
from modelscan.contracts.auth import AuthScheme, Credential, Token
from modelscan.contracts.flows import Flow
from modelscan.contracts.http import Body, HttpRequest, HttpResponse, ResponseHead, Target
from modelscan.contracts.provider import Connection
from modelscan.errors import ConfigurationError, CredentialError, ModelScanError, ProviderError
from modelscan.types.secret import Secret

REFUSALS: Final = frozenset({400, 401, 403})
"""The statuses that a signature may be to blame for: AWS answers some with 400, most with 403."""

_UNAUTHORIZED: Final = 401
_ABOUT_KEYS: Final = (401, 403)
_MOST_KNOWN: Final = 16
_SHORTEST_MASKED: Final = 6
"""What is shorter is no key, and stands in many a word."""

_HARMLESS_SKEW: Final = timedelta(seconds=60)


def utc_now() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


class Signer:
    """Signs an account's requests.

    The credential is looked up at the first request that needs it. Where its scheme exchanges it for a token, that
    is done once for all who need one, through `send`.
    """

    def __init__(
        self,
        connection: Connection,
        target: Target,
        find: Callable[[], Credential | None],
        hash_body: Callable[[Body], Awaitable[str]],
        send: SendRequest,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._schemes = connection.schemes
        self._hosts = CredentialHosts(target.base_urls.values(), connection.credential_hosts)
        self._find = find
        self._hash_body = hash_body
        self._send = send
        self._clock = clock
        self._skew = timedelta()
        self._found = False
        self._credential: Credential | None = None
        self._cells: dict[str, TokenCell] = {}
        self._known: deque[Secret] = deque(maxlen=_MOST_KNOWN)  # also those that were replaced: errors come late
        self._direct: set[str] = set()  # schemes whose credential signs by itself

    @property
    def credential(self) -> Credential | None:
        """The account's credential. Raises `CredentialError` where one is needed and missing."""
        if not self._found:
            found = self._find()
            if found != self._credential:
                self._cells.clear()
                self._direct.clear()
            self._credential = found
            self._found = True
            self._remember(() if found is None else found.secrets.values())
        return self._credential

    async def sign(self, request: HttpRequest, target: Target) -> HttpRequest:
        """The request as it may be sent.

        Raises `CredentialError` for a host that the key must not go to, and what the exchange for a token raises.
        """
        if request.auth is None or not self._schemes:
            return request
        scheme = self._scheme(request.auth)
        credential = self.credential
        if credential is None:
            return request
        self._hosts.check(request.url)
        if request.auth not in self._direct:
            credential = await self._with_token(request.auth, scheme, credential, target)
        body_sha256 = await self._hash_body(request.body) if scheme.needs_body_hash else None
        return scheme.sign(request, credential, target, body_sha256, self._now())

    async def renewed(
        self, request: HttpRequest, target: Target, signed: HttpRequest, head: ResponseHead
    ) -> HttpRequest | None:
        """The request signed anew after a refusal, where that may help; None where it would be signed as before.

        It may help where the server's clock is another than ours; after a 401 or 403 where the key's source holds
        another key by now (AWS says 403 of keys that expired); and after a 401 where the token can be exchanged anew.
        Raises what `sign` raises.
        """
        if head.status not in REFUSALS or request.auth is None or self._credential is None:
            return None
        has_changed = self._learn_clock(head)
        if head.status in _ABOUT_KEYS and self._has_another_key():
            has_changed = True
        elif head.status == _UNAUTHORIZED and (cell := self._cells.get(request.auth)) is not None:
            has_changed = True
            if await self.sign(request, target) == signed:  # else another call has had the token replaced already
                cell.drop()
        again = await self.sign(request, target) if has_changed else signed
        return None if again == signed else again

    def mask(self, error: ModelScanError) -> None:
        """Take the account's secrets out of an error: there are servers that repeat the key which they refuse."""
        for secret in self._known:
            value = secret.reveal()
            if len(value) < _SHORTEST_MASKED:
                continue
            error.message = error.message.replace(value, secret.masked())
            error.args = tuple(
                item.replace(value, secret.masked()) if isinstance(item, str) else item for item in error.args
            )
            if isinstance(error, ProviderError):
                error.code = error.code.replace(value, secret.masked())
                error.body = error.body.replace(value.encode(), secret.masked().encode())

    def _has_another_key(self) -> bool:
        before, self._found = self._credential, False
        try:
            return self.credential != before
        except CredentialError:
            self._found = True  # the key is gone from its source, and nobody said that it is void
            return False

    async def _with_token(self, name: str, scheme: AuthScheme, credential: Credential, target: Target) -> Credential:
        cell = self._cells.get(name)
        if cell is None:
            if scheme.exchange(credential, target, self._now()) is None:
                self._direct.add(name)
                return credential
            cell = self._cells[name] = TokenCell(partial(self._exchange, scheme, credential, target), self._now)
        token = await cell.get()
        return attrs.evolve(credential, secrets={**credential.secrets, "token": token.secret})

    async def _exchange(self, scheme: AuthScheme, credential: Credential, target: Target) -> Token:
        """A token. A refusal's clock is tried once; after any other failure the key is looked up anew next time."""
        heads: list[ResponseHead] = []

        async def send(request: HttpRequest) -> HttpResponse:
            response = await self._send(request)
            heads.append(response.head)
            return response

        def flow() -> Flow[None, Token, Any]:
            # The scheme gave a flow for this credential when the cell was made.
            return cast("Flow[None, Token, Any]", scheme.exchange(credential, target, self._now()))

        try:
            token = await exchanged(flow(), target, send)
        except ProviderError:
            self._found = False
            if heads[-1].status not in REFUSALS or not self._learn_clock(heads[-1]):
                raise
            token = await exchanged(flow(), target, send)
        self._remember((token.secret,))
        return token

    def _remember(self, secrets: Iterable[Secret]) -> None:
        self._known.extend(secret for secret in secrets if secret not in self._known)

    def _learn_clock(self, head: ResponseHead) -> bool:
        """Take over the server's clock where ours is off by more than a minute; whether it was."""
        try:
            theirs = parsedate_to_datetime(head.header("date"))
        except ValueError:
            return False
        skew = theirs.astimezone(UTC) - self._now()
        if abs(skew) <= _HARMLESS_SKEW:
            return False
        self._skew += skew
        return True

    def _now(self) -> datetime:
        return self._clock() + self._skew if self._skew else self._clock()

    def _scheme(self, name: str) -> AuthScheme:
        try:
            return self._schemes[name]
        except KeyError:
            known = ", ".join(sorted(self._schemes))
            raise ConfigurationError(f"the connection has no auth scheme {name!r}; it has {known}") from None
