"""Which labels of its node a kubelet may set.

Follows https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction: of
Kubernetes' own labels only those that say what the machine is.
"""

from typing import Final

_RESTRICTED: Final = "node-restriction.kubernetes.io"
_OWN: Final = frozenset(
    (
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/instance-type",
        "beta.kubernetes.io/os",
        "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "kubernetes.io/arch",
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    )
)
_OWN_PREFIXES: Final = ("kubelet.kubernetes.io", "node.kubernetes.io")


def may_set(label: str) -> bool:
    """Whether a kubelet may set a label of its node; the others are an administrator's."""
    prefix = label.partition("/")[0] if "/" in label else ""
    if _within(prefix, _RESTRICTED):
        return False
    if not (_within(prefix, "kubernetes.io") or _within(prefix, "k8s.io")):
        return True
    return label in _OWN or any(_within(prefix, each) for each in _OWN_PREFIXES)


def _within(prefix: str, domain: str) -> bool:
    return prefix == domain or prefix.endswith(f".{domain}")
