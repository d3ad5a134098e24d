"""The API server over HTTPS, for kubectl, helm and every client library.

## What belongs here
Everything between a TCP connection and the protocol's messages: certificates, authentication, paths,
parameters, bodies, the forms of answers, watches as streams, discovery, schemas, tables.

## What does not
Any decision about an object. The front asks the same actor the same messages as every component in
the process, and could stand before any other actor that answers them.

## What is promised
1. **Kubernetes' answers.** Documents, status codes and the words of errors are those that clients of
   Kubernetes know; where something is missing the answer says so (404, 405, 501), never success.
2. **A bad request harms nobody.** Bodies, depths, headers, requests under way and what waits for a
   slow watcher are bounded; a fault in a handler is a 500, and the server goes on.
3. **Watches.** Events come in order and without a gap. A watch that cannot go on says so with an
   ERROR event of code 410; one whose time is up, or whose server stops, ends as a whole document.
4. **Encode once.** An object's bytes are made at its first reader, and shared by all others.
5. **Not while time jumps.** In virtual time `serve` raises RealTimeRequired, and says why; a virtual
   clock that stands still, or has become real, is fine.
6. **Read-only when told so.** Then writes end at the gate, whoever asks, and the cluster never hears of
   them.

## Files
`server` its life, `connections` their time limits, `heads` what headers say to all, `dispatch` from requests
to handlers, `gate` what keeps writes out, `front` what
handlers share, `fairness/` whose turn it is, `turns` how a request takes its own; `reads`,
`writes`, `watches` the handlers; `paths`, `parameters`, `bodies`, `negotiation` what requests say;
`presentation`, `replies`, `statuses`, `warnings`, `encodings`, `tables/` what answers say; `discovery`, `openapi`, `health`,
`metrics/`, `version` the documents about the server; `pki`, `kubeconfig`, `authentication` who is who.
"""

from orchestrator.apiserver.http.authentication import (
    Authenticator,
    Credentials,
    TokenAuthenticator,
)
from orchestrator.apiserver.http.errors import HttpFrontError, RealTimeRequired
from orchestrator.apiserver.http.front import Limits
from orchestrator.apiserver.http.pki import Pki
from orchestrator.apiserver.http.server import HttpFront, serve, tune_process
from orchestrator.machinery.certificates import KeyPair

__all__ = [
    "Authenticator",
    "Credentials",
    "HttpFront",
    "HttpFrontError",
    "KeyPair",
    "Limits",
    "Pki",
    "RealTimeRequired",
    "TokenAuthenticator",
    "serve",
    "tune_process",
]
