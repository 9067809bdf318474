"""Every error that ModelScan raises on purpose.

::

    ModelScanError                      what happened, to whom, and what to do next
    ├── ConfigurationError              the configuration is wrong (unknown key, bad value)
    ├── PluginError                     a plugin can't be used
    │   ├── PluginNotFoundError         nothing of that name is installed; says what to install
    │   ├── PluginBrokenError           its import, registration or factory failed
    │   ├── PluginIncompatibleError     it was written for another PLUGIN_API
    │   └── PluginBlockedError          the block list, or the lack of an allow-list entry
    ├── CredentialError                 no key where one is needed, or one that may not go to that host
    ├── CatalogError                    the catalog's file can't be read or written
    │   └── UnknownNameError            the catalog has nothing of that name; says what comes nearest
    ├── InvalidRequestError             refused here, before anything was sent
    │   ├── UnsupportedError            the vendor has no word for a field, or the provider no such capability
    │   └── MediaError                  media that can't be read, or that the vendor doesn't take
    ├── LimitError                      a limit says no
    │   ├── LimitExceededError          more than the limit's whole amount, or no waiting was wanted
    │   └── BudgetExceededError         it would cost more than a hard budget has left
    ├── DeadlineError                   the call's deadline passed
    ├── TransportError                  the network failed; `phase` says when
    │   ├── ConnectError                before anything was sent: surely not billed
    │   └── TimeoutError                one phase took too long
    ├── ReplyError                      the reply came and can't be used
    │   ├── DecodeError                 it isn't what the wire format says
    │   ├── StreamCutError              the stream ended without its end
    │   └── OutputError                 the model's text isn't of the type that `returns` asks for
    ├── OutcomeUnknownError             it was sent, and nobody can tell whether it was carried out
    └── ProviderError                   the provider said no
        ├── BadRequestError             400, 422: the request is wrong
        │   └── ContextLengthError      more tokens than the model's context
        ├── AuthenticationError         401: the key is wrong
        ├── PermissionDeniedError       403: the key may not do this
        ├── NotFoundError               404: no such model or path
        ├── RequestTooLargeError        413: too many bytes
        ├── ContentFilterError          blocked by the vendor's safety rules
        ├── RequestTimeoutError         408: retryable
        ├── ConflictError               409: retryable
        ├── RateLimitError              429: retryable, after `retry_after_s`
        ├── QuotaExceededError          429 (or 402) that waiting doesn't mend: credit or spend limit
        ├── ServerError                 5xx: retryable
        │   └── OverloadedError         503, 529: retryable
        └── JobError                    an asynchronous job failed
"""

from __future__ import annotations

import builtins
from typing import Literal

Phase = Literal["connect", "send", "wait", "read"]


class ModelScanError(Exception):
    """The root. `retryable` says whether the same call may work later; `advice` what to do next."""

    retryable: bool = False
    advice: str = ""

    def __init__(
        self,
        message: str,
        *,
        provider: str = "",
        model: str = "",
        account: str = "",
        request_id: str = "",
        advice: str = "",
        retryable: bool | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.model = model
        self.account = account
        self.request_id = request_id
        self.retry_after_s = retry_after_s
        if advice:
            self.advice = advice
        if retryable is not None:
            self.retryable = retryable

    def about(self, *, provider: str = "", model: str = "", account: str = "", request_id: str = "") -> ModelScanError:
        """This error, told whom it concerns where it doesn't know yet."""
        self.provider = self.provider or provider
        self.model = self.model or model
        self.account = self.account or account
        self.request_id = self.request_id or request_id
        return self

    def __str__(self) -> str:
        where = "/".join(filter(None, (self.provider, self.model)))
        text = f"{where}: {self.message}" if where else self.message
        if self.request_id:
            text += f" (request {self.request_id})"
        if self.advice:
            text += f"\n{self.advice}"
        return text


class ConfigurationError(ModelScanError):
    """The configuration is wrong. Never retryable: mend the key or the value that the message names."""

    advice = "Mend what the message names; docs/reference/configuration.md lists every key."


class PluginError(ModelScanError):
    """A plugin can't be used; every other plugin still can."""

    advice = "`modelscan plugins` shows what is wrong, and how to mend it."


class PluginNotFoundError(PluginError):
    """Nothing of that kind and name is installed."""


class PluginBrokenError(PluginError):
    """Its import, its registration or its factory failed; the cause is chained."""


class PluginIncompatibleError(PluginError):
    """It was written for another version of the plugin interface."""


class PluginBlockedError(PluginError):
    """The configuration blocks it."""


class CredentialError(ModelScanError):
    """No credential where one is needed, or one that must not go where it was asked to go."""

    advice = "`modelscan doctor` shows which keys are found, and where."


class CatalogError(ModelScanError):
    """The catalog's file can't be read or written, or isn't one."""

    advice = "Check the folder's permissions and space; a file that is broken may be moved away and is made anew."


class UnknownNameError(CatalogError):
    """The catalog has no provider, plan or model of that name."""

    advice = "`modelscan catalog show` lists what there is."


class InvalidRequestError(ModelScanError):
    """The request is refused here; nothing was sent."""

    advice = "Mend the request as the message says."


class UnsupportedError(InvalidRequestError):
    """The vendor can't express what was asked for."""

    advice = "Leave it out, or choose another model or provider."


class MediaError(InvalidRequestError):
    """Media that can't be read or fetched, or that the vendor doesn't take."""

    advice = "Convert, shrink or leave out the file, or choose another provider."


class LimitError(ModelScanError):
    """A limit says no; nothing was sent."""

    retryable = True
    advice = "Try again later, or raise the limit."


class LimitExceededError(LimitError):
    """The call needs more than a limit's whole amount, or would have to wait longer than it may."""

    advice = "Ask for less in one call, give it more time (timeout_s), or raise the limit."


class BudgetExceededError(LimitError):
    """The call could cost more than a hard budget has left."""

    retryable = False
    advice = "Raise the budget, lower max_output_tokens, or choose a cheaper model."


class DeadlineError(ModelScanError, builtins.TimeoutError):
    """The call's deadline passed; the last failure, where there was one, is chained."""

    advice = "Give the call more time (timeout_s), or choose a faster model."


class TransportError(ModelScanError):
    """The network failed in `phase`: `connect` (surely not billed), or `send`, `wait`, `read` (nobody knows)."""

    advice = "It may have been carried out and billed: send it again only where twice does no harm."

    def __init__(self, message: str, *, phase: Phase, provider: str = "", model: str = "", advice: str = "") -> None:
        super().__init__(message, provider=provider, model=model, advice=advice, retryable=phase == "connect")
        self.phase: Phase = phase


class ConnectError(TransportError):
    """No connection could be made: nothing was sent."""

    advice = "Check the address, the network, and proxy settings (HTTPS_PROXY, SSL_CERT_FILE)."

    def __init__(self, message: str, *, provider: str = "", model: str = "", advice: str = "") -> None:
        super().__init__(message, phase="connect", provider=provider, model=model, advice=advice)


class TimeoutError(TransportError, builtins.TimeoutError):  # noqa: A001 - the field's word; a TimeoutError is one too
    """One phase took longer than its timeout."""


class ReplyError(ModelScanError):
    """The reply came, and can't be used."""


class DecodeError(ReplyError):
    """The reply isn't what its wire format says: a proxy's page, a truncated body, a new format."""

    advice = "If this repeats, a proxy may stand between, or the provider plugin may need an update."


class StreamCutError(ReplyError):
    """The stream ended before its end. The stream's `partial()` is what had arrived."""

    retryable = True
    advice = "Call again where twice does no harm; the stream's `partial()` is what arrived, charged at its bound."


class OutputError(ReplyError):
    """The model's text isn't of the type that `returns` asks for; `text` is what it wrote."""

    advice = "Ask again, or choose a model with strict schemas."

    def __init__(self, message: str, *, text: str = "", advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.text = text


class OutcomeUnknownError(ModelScanError):
    """The request was sent and its outcome can't be known; sending it again could do it twice."""

    advice = "Look it up with the provider before sending it again."


class ProviderError(ModelScanError):
    """The provider said no. `status` is the HTTP status (200 too: some say so in the body), `code` their word."""

    advice = "Look the message up in the provider's documentation."

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str = "",
        provider: str = "",
        model: str = "",
        request_id: str = "",
        advice: str = "",
        retryable: bool | None = None,
        retry_after_s: float | None = None,
        body: bytes = b"",
    ) -> None:
        super().__init__(
            message,
            provider=provider,
            model=model,
            request_id=request_id,
            advice=advice,
            retryable=retryable,
            retry_after_s=retry_after_s,
        )
        self.status = status
        self.code = code
        self.body = body


class BadRequestError(ProviderError):
    """The request is wrong; sending it again changes nothing."""

    advice = "Mend the request as the message says."


class ContextLengthError(BadRequestError):
    """More tokens than the model takes."""

    advice = "Shorten the conversation, lower max_output_tokens, or choose a model with a longer context."


class AuthenticationError(ProviderError):
    """The credential is missing, wrong or expired."""

    advice = "Check the API key (`modelscan doctor` shows which one is used, and from where)."


class PermissionDeniedError(ProviderError):
    """The credential is right and may not do this."""

    advice = "Check what the key, project and region may do in the provider's console."


class NotFoundError(ProviderError):
    """No such model, deployment or path."""

    advice = "Check the model's name (`modelscan models` lists them) and the base URL."


class RequestTooLargeError(ProviderError):
    """More bytes than the provider takes."""

    advice = "Send fewer or smaller files, or upload them first."


class ContentFilterError(ProviderError):
    """The vendor's safety rules blocked the request or the answer."""

    advice = "Rephrase the request; the message says which rule spoke where the vendor tells."


class RequestTimeoutError(ProviderError):
    """The provider gave up waiting."""

    retryable = True
    advice = "Try again, with less in one request if it repeats."


class ConflictError(ProviderError):
    """The provider was changing the same thing."""

    retryable = True
    advice = "Try again when the other change is done."


class RateLimitError(ProviderError):
    """Too much in too short a time; `retry_after_s` says for how long where the vendor tells."""

    retryable = True
    advice = "Wait, or set the plan or limits of this account so that ModelScan keeps to them."


class QuotaExceededError(ProviderError):
    """Credit, quota or spend limit used up: waiting doesn't mend it."""

    advice = "Add credit or raise the spend limit in the provider's console."


class ServerError(ProviderError):
    """The provider failed."""

    retryable = True
    advice = "Try again later; the provider's status page may say more."


class OverloadedError(ServerError):
    """The provider has too much to do."""


class JobError(ProviderError):
    """An asynchronous job ended in failure."""

    advice = "Mend what the message names, or start the job again."
