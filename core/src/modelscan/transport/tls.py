"""One TLS context for all that trust the same. It takes 30-60 ms to build, so it waits for the first https URL."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from modelscan.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

    from modelscan.contracts.transport import TransportOptions


def ssl_context(options: TransportOptions, *, http2: bool = False) -> ssl.SSLContext:
    """The process's context for these options.

    Trusts `ca_bundle` (a file, or a folder of hashed certificates), else what SSL_CERT_FILE or SSL_CERT_DIR name, else
    certifi's list. Contexts with and without HTTP/2 are apart, since a context carries the protocols it offers.
    Raises `ConfigurationError` where the bundle can't be read.
    """
    bundle = options.ca_bundle
    if bundle is None and options.trust_env:
        bundle = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR") or None
    return _context(options.verify, bundle, http2)


@lru_cache(maxsize=16)
def _context(verify: bool, bundle: str | None, http2: bool) -> ssl.SSLContext:
    import ssl

    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = _verifying(bundle)
    context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
    return context


def _verifying(bundle: str | None) -> ssl.SSLContext:
    import ssl

    try:
        if bundle is None:
            import certifi

            return ssl.create_default_context(cafile=certifi.where())
        if os.path.isdir(bundle):
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise ConfigurationError(
            f"the CA bundle {bundle} can't be used: {error}",
            advice="Check `ca_bundle`, SSL_CERT_FILE and SSL_CERT_DIR: a PEM file, or a folder made by c_rehash.",
        ) from error
