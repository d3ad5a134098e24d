"""Create: from an object that a client wrote to one that is stored.

stamp → mutating admission → defaults → strategy → validation → allocation → validating admission
"""

from msgspec.structs import replace

from orchestrator.apiserver import errors
from orchestrator.apiserver.admission.interface import AdmissionRequest
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.defaulting import apply_defaults
from orchestrator.apiserver.kinds.validating import validate_create
from orchestrator.apiserver.pipeline.admission import admitted, refuse_invalid, reviewed
from orchestrator.apiserver.pipeline.decisions import Commit, Decision
from orchestrator.apiserver.pipeline.metadata import namespace_of, stamped
from orchestrator.apiserver.pipeline.served import Served
from orchestrator.protocol import Create
from orchestrator.store import Write


def decide_create(env: Environment, served: Served, message: Create) -> Decision:
    """Store a new object. Errors: BadRequest, Forbidden, Invalid, AlreadyExists."""
    new = served.taken(message.object)
    resource, strategy = served.resource, served.strategy
    namespace = namespace_of(resource, new.metadata, message.namespace)
    metadata = stamped(
        env,
        served.stored,
        new.metadata,
        namespace=namespace,
        name=message.name,
        generation=1 if strategy.traits.generation else None,
    )
    name = metadata.name
    new = replace(new, metadata=metadata)
    plugins = served.plugins("CREATE", "")
    if plugins:
        request = AdmissionRequest(
            operation="CREATE",
            resource=resource,
            name=name,
            identity=message.identity,
            namespace=namespace,
            object=new,
            dry_run=message.dry_run,
        )
        new = admitted(env, plugins, request)
    new = strategy.prepare_for_create(apply_defaults(served.stored, new), env)
    refuse_invalid(served, name, validate_create(served.stored, new))
    new = strategy.allocate(new, None, env)
    if plugins:
        reviewed(env, plugins, replace(request, object=new))
    if env.store.get(served.bucket, namespace, name) is not None:
        raise errors.already_exists(resource, name)
    if message.dry_run:
        return served.given(new)
    return Commit(Write(served.bucket, namespace, name, new), served.reply)
