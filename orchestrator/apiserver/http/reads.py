"""GET: one object, its parts, and lists."""

from typing import Final

from aiohttp.web import StreamResponse

from orchestrator.apiserver.errors import unparsable_version
from orchestrator.apiserver.http import parameters
from orchestrator.apiserver.http.connect import connect
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.negotiation import Form
from orchestrator.apiserver.http.paths import CONNECTIONS
from orchestrator.apiserver.http.replies import object_reply, page_reply
from orchestrator.machinery.digits import is_unsigned
from orchestrator.protocol import Get, List, NotFound

_KUBECTL_PAGE: Final = 500
_PAGES_AT_ONCE: Final = 20


async def get(front: Front, call: Call) -> StreamResponse:
    """Answer an object, or a part of it."""
    target = call.target
    if target.part in CONNECTIONS:
        return await connect(front, call)
    request = Get(
        resource=target.resource,
        name=target.name,
        namespace=target.namespace,
        subresource=target.part,
        identity=call.identity,
    )
    version = call.query.get("resourceVersion", "0")
    try:
        found = await front.ask(request)
    except NotFound:
        if version not in ("", "0"):
            await _reach(front, call, version)
        raise
    if version not in ("", "0"):
        await _reach(front, call, version)
    return await object_reply(front, call, found)


async def _reach(front: Front, call: Call, version: str) -> None:
    """Whether the state is as new as the client asks for. Raises Unclassified and ServerTimeout.

    Asked in the server's own name: who may get the object need not be allowed to list.
    """
    if not is_unsigned(version):
        raise unparsable_version(version)
    target = call.target
    await front.ask(
        List(
            resource=target.resource,
            namespace=target.namespace,
            field_selector=f"metadata.name={target.name}",
            resource_version=version,
            match="NotOlderThan",
        )
    )


def _rows_of(limit: int, form: Form) -> int:
    """How many objects a page has. A table asked for by kubectl's pages, or larger ones, has more of them.

    kubectl shows a table when it has read all pages, and asks for five a second after the first ten, so 10,000 rows
    would take two seconds of waiting. The API leaves it to servers how many of the results they return at once.
    """
    return limit * _PAGES_AT_ONCE if form.shape == "Table" and limit >= _KUBECTL_PAGE else limit


async def list_(front: Front, call: Call) -> StreamResponse:
    """Answer a list, or a page of it."""
    target = call.target
    options = parameters.list_options(call.query, watch=False)
    page = await front.ask(
        List(
            resource=target.resource,
            namespace=target.namespace,
            label_selector=options.label_selector,
            field_selector=options.field_selector,
            limit=_rows_of(options.limit, call.form),
            continue_token=options.continue_token,
            resource_version=options.resource_version,
            match=options.match,
            identity=call.identity,
        )
    )
    front.metrics.listed(target.resource.group, target.resource.plural, len(page.items))
    return await page_reply(front, call, page)
