"""GET: one object, its parts, and lists."""

from aiohttp.web import StreamResponse

from orchestrator.apiserver.errors import unparsable_version
from orchestrator.apiserver.http import parameters
from orchestrator.apiserver.http.connect import CONNECTIONS, connect
from orchestrator.apiserver.http.front import Call, Front
from orchestrator.apiserver.http.replies import object_reply, page_reply
from orchestrator.machinery.digits import is_unsigned
from orchestrator.protocol import Get, List, NotFound


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
            limit=options.limit,
            continue_token=options.continue_token,
            resource_version=options.resource_version,
            match=options.match,
            identity=call.identity,
        )
    )
    front.metrics.listed(target.resource.group, target.resource.plural, len(page.items))
    return await page_reply(front, call, page)
