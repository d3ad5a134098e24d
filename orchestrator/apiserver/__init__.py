"""The API server: the one writer of the cluster's state, as an actor that answers `protocol`.

## What belongs here
The request pipeline and everything that decides about a request:

    authorize → read → patch or apply → mutating admission → defaults → preparation → validation
              → allocation → validating admission → own fields → commit → tell watchers

| file or folder | what it is |
|---|---|
| `server` | the actor: receives, authorizes, begins an attempt |
| `answering` | what it is built upon: answers at once, later, or with an error |
| `courses` | which steps a write of that action and path takes |
| `pipeline/` | the steps, pure functions over the stored state, and the attempt that takes them |
| `kinds/` | what the server knows of each kind, one value a kind: defaults, rules, strategy, table, conversions |
| `subresources/` | status, scale, binding, eviction, finalize |
| `admission/` | what the step of that name asks |
| `defaults/`, `validation/`, `printing` | the words that kinds are written in |
| `allocation/` | service addresses and node ports |
| `trouble` | requests that are refused or answered late on purpose |
| `metered` | the same actor with a stopwatch |
| `watch/` | from committed changes to messages for watchers |
| `listing`, `selection`, `indexes` | lists, pages, selectors |
| `authorization/`, `reviews/` | who may do what, and answering that question |
| `authentication/` | tokens of service accounts |
| `bootstrap`, `expiry` | what every cluster begins with; what goes by itself (old events) |
| `openapi/` | the API's description of itself |
| `http/` | the same messages as REST |

## What does not
Anything that acts by itself: what keeps a Deployment's pods, an endless namespace or an orphan is a
controller's, and controllers reach the server by messages. Storage is `store`'s.

## What is promised
1. **One pipeline.** In-process callers and HTTP clients get the same answers and the same errors.
2. **Order.** Messages of one sender are decided in the order in which they were sent; a write's
   answer is sent when it is as durable as the store makes it, and what comes later sees it.
3. **Objects are shared.** The object in an answer is the object that the store holds.
4. **An update that changes nothing is none**: no revision, no event.
5. **A crash loses nothing that was answered.** The next incarnation derives all it needs from the
   store. Requests that were under way may or may not have had their effect, as with a real server.
6. **One request, one fate.** An exception in one request answers 500 to it, with an id under which
   the log tells of it; all others go on. A request that waits for something outside (a webhook)
   holds nobody up.
7. **No clock and no dice of its own**: the same messages at the same times give the same history.
"""

from orchestrator.apiserver.audited import AuditedApiServer, RequestAudit
from orchestrator.apiserver.authorization import Attributes, Authorizer, Decision
from orchestrator.apiserver.metered import CallMeter, MeteredApiServer, api_server
from orchestrator.apiserver.server import BOOKMARK_SECONDS, ApiServer
from orchestrator.apiserver.trouble import ApiFault, ApiTrouble, EndWatches
from orchestrator.apiserver.watch import HubStatistics, Watchers

__all__ = [
    "BOOKMARK_SECONDS",
    "ApiFault",
    "ApiServer",
    "ApiTrouble",
    "Attributes",
    "AuditedApiServer",
    "Authorizer",
    "CallMeter",
    "Decision",
    "EndWatches",
    "HubStatistics",
    "MeteredApiServer",
    "RequestAudit",
    "Watchers",
    "api_server",
]
