"""Exchanging a credential for a token: the scheme's flow, run over whatever sends requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from modelscan.auth.hosts import CredentialHosts, is_private
from modelscan.contracts.auth import Token
from modelscan.contracts.flows import Done, Event, Flow, Lost, Send, Wait, Woken
from modelscan.contracts.http import HttpRequest, HttpResponse, Target
from modelscan.errors import CredentialError, TransportError

SendRequest = Callable[[HttpRequest], Awaitable[HttpResponse]]
"""Sends a request as it is and reads the whole reply. Raises `TransportError`."""


async def exchanged(flow: Flow[None, Token, Any], target: Target, send: SendRequest) -> Token:
    """The token that the flow ends with.

    All requests go to the origin of the first one, over TLS or to this machine: a reply can't lead the credential
    elsewhere. Raises what the flow raises, and `CredentialError` for a request to another place.
    """
    first = flow.start(None, target)
    if not is_private(first.request.url):
        raise CredentialError(
            f"the credential was not sent to {first.request.url.partition('?')[0]}: it isn't encrypted",
            advice="Use an https address to exchange credentials for tokens.",
        )
    hosts = CredentialHosts([first.request.url])
    step: Send[Any] | Wait[Any] = first
    while True:
        event: Event
        if isinstance(step, Send):
            hosts.check(step.request.url)
            try:
                event = await send(step.request)
            except TransportError as error:
                event = Lost.of(error)
        else:
            await asyncio.sleep(step.seconds)
            event = Woken()
        following = flow.resume(step.state, event, None, target)
        if isinstance(following, Done):
            return following.reply
        step = following
