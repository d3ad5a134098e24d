"""What a proxy answers instead of a destination."""

from actors import Refusal


class ProxyError(Refusal):
    """Base of what a proxy answers instead of a destination."""


class NoRoute(ProxyError):
    """No service has that address: the packet would go its own way."""


class NoEndpoints(ProxyError):
    """The service has no endpoint that may take the connection: it would be rejected."""
