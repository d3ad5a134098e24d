"""What clients keep of documents: tags and moments by which they ask whether theirs is still the present one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aiohttp.web import BaseRequest, Response
from multidict import CIMultiDict


def http_time(seconds: float, zone: str = "GMT") -> str:
    """A moment as it stands in headers; of one of them the original calls the zone by another name."""
    return datetime.fromtimestamp(seconds, UTC).strftime(f"%a, %d %b %Y %H:%M:%S {zone}")


def is_present(request: BaseRequest, etag: str, moment: float) -> bool:
    """Whether the client has the document that was made then, by its tag or, if it tells none, by its time."""
    told = request.headers.get("If-None-Match")
    if told is not None:
        tags = {each.strip().removeprefix("W/") for each in told.split(",")}
        return not tags.isdisjoint(("*", etag))
    since = request.headers.get("If-Modified-Since", "")
    try:
        return bool(since) and int(moment) <= parsedate_to_datetime(since).timestamp()
    except ValueError:
        return False


def unchanged(headers: Mapping[str, str], vary: tuple[str, ...] = ()) -> Response:
    """The answer to who has the present document: it says nothing of what it would hold."""
    return without_body(304, headers, vary)


def without_body(status: int, headers: Mapping[str, str], vary: tuple[str, ...] = ()) -> Response:
    """An answer that says nothing but its status."""
    told = CIMultiDict(headers)
    told.extend(("Vary", each) for each in vary)
    return Response(status=status, headers=told)


def likes_gzip(request: BaseRequest) -> bool:
    """Whether the client takes gzip, and not with quality 0."""
    for each in request.headers.get("Accept-Encoding", "").split(","):
        name, _, parameter = each.partition(";")
        if name.strip().lower() == "gzip":
            key, _, quality = parameter.partition("=")
            try:
                return key.strip() != "q" or float(quality) > 0
            except ValueError:
                return False
    return False
