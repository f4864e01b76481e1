"""The certificate authorities that requests to other services trust."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """Return what all clients share: to read the list takes longer than to make everything else
    of a client."""
    return httpx.create_ssl_context(trust_env=False)
