"""As whom containers may run."""

from orchestrator.api.core.v1 import Container, Pod, PodSecurityContext, PodSpec, SecurityContext


def root_fault(pod: Pod, container: Container, uid: int | None, user: str) -> str:
    """Why a container may not run as the user of its image, in the kubelet's words; empty where it may.

    `uid` is that user's number, or None with its name in `user`; an image that names nobody runs as root.
    """
    whole = (pod.spec or PodSpec()).security_context or PodSecurityContext()
    own = container.security_context or SecurityContext()
    refuse = whole.run_as_non_root if own.run_as_non_root is None else own.run_as_non_root
    if not refuse:
        return ""
    wanted = whole.run_as_user if own.run_as_user is None else own.run_as_user
    if wanted is not None:
        said = "" if wanted else "container's runAsUser breaks non-root policy"
    elif user:
        said = f"container has runAsNonRoot and image has non-numeric user ({user}), cannot verify user is non-root"
    else:
        said = "" if uid else "container has runAsNonRoot and image will run as root"
    metadata = pod.metadata
    who = f'(pod: "{metadata.name}_{metadata.namespace}({metadata.uid})", container: {container.name})'
    return f"{said} {who}" if said else ""
