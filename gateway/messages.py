"""One HTTP request and one HTTP response as values.

Rules: header names are kept as they came and compared without case; bodies are bytes and never parsed here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Headers = tuple[tuple[str, str], ...]


def find_header(headers: Headers, name: str) -> str | None:
    """Give the first value of a header, whatever its case, or None."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as the client sent it.

    Attributes:
        method: The method in upper case.
        target: Path and query, still escaped.
        headers: All headers in order.
        body: The body, whole.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Give the first value of a header, whatever its case, or None."""
        return find_header(self.headers, name)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """A response to send, whole."""

    status: int
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)

    def header(self, name: str) -> str | None:
        """Give the first value of a header, whatever its case, or None."""
        return find_header(self.headers, name)

    def with_header(self, name: str, value: str) -> HttpResponse:
        """Give the same response with one header set anew."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return HttpResponse(self.status, (*kept, (name, value)), self.body)
