"""What a pod's affinity and anti-affinity to other pods say, as sets of pods and topology keys."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api.core.v1 import Pod, PodAffinityTerm
from orchestrator.api.meta.v1 import LabelSelector
from orchestrator.machinery import labels
from orchestrator.machinery.labels import Selector
from orchestrator.machinery.requirements import Requirement

Labels: TypeAlias = Mapping[str, str]
LabelsOfNamespace: TypeAlias = Callable[[str], Labels]


class PodSet(Struct, frozen=True):
    """Pods by namespace and labels: in one of `namespaces`, or in one that the selector matches."""

    namespaces: frozenset[str]
    namespace_selector: Selector | None
    selector: Selector

    def matches(self, namespace: str, labels: Labels, labels_of: LabelsOfNamespace) -> bool:
        """Whether a pod belongs to the set."""
        if namespace not in self.namespaces and (
            self.namespace_selector is None
            or not self.namespace_selector.matches(labels_of(namespace))
        ):
            return False
        return self.selector.matches(labels)


Term: TypeAlias = tuple[PodSet, str]
WeightedTerm: TypeAlias = tuple[PodSet, str, int]


class Terms(Struct, frozen=True):
    """(pods, topology key) of each term; preferred ones with their weight, below 0 for `anti`."""

    affinity: tuple[Term, ...] = ()
    anti: tuple[Term, ...] = ()
    preferred: tuple[WeightedTerm, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.affinity or self.anti or self.preferred)


_NONE: Final = Terms()


def terms_of(pod: Pod) -> Terms:
    """The terms of a pod, its own labels merged in where a term names their keys."""
    affinity = pod.spec.affinity if pod.spec is not None else None
    if affinity is None or (affinity.pod_affinity is None and affinity.pod_anti_affinity is None):
        return _NONE
    required, anti = [], []
    preferred = []
    if affinity.pod_affinity is not None:
        near = affinity.pod_affinity
        required = [_term(t, pod) for t in near.required_during_scheduling_ignored_during_execution]
        preferred += [
            (*_term(t.pod_affinity_term, pod), t.weight)
            for t in near.preferred_during_scheduling_ignored_during_execution
        ]
    if affinity.pod_anti_affinity is not None:
        far = affinity.pod_anti_affinity
        anti = [_term(t, pod) for t in far.required_during_scheduling_ignored_during_execution]
        preferred += [
            (*_term(t.pod_affinity_term, pod), -t.weight)
            for t in far.preferred_during_scheduling_ignored_during_execution
        ]
    return Terms(tuple(required), tuple(anti), tuple(preferred))


def own_terms_of(pod: Pod) -> Terms:
    """The terms of a pod that is to be placed.

    A selector of namespaces that fits a namespace without labels takes in all namespaces here: this is
    how kube-scheduler 1.36 reads it, whose terms keep the selector beside the names found by it.
    """
    terms = terms_of(pod)
    return (
        Terms(
            tuple((_widened(pods), key) for pods, key in terms.affinity),
            tuple((_widened(pods), key) for pods, key in terms.anti),
            tuple((_widened(pods), key, weight) for pods, key, weight in terms.preferred),
        )
        if terms
        else terms
    )


def _widened(pods: PodSet) -> PodSet:
    selector = pods.namespace_selector
    if selector is None or not selector.matches({}):
        return pods
    return replace(pods, namespace_selector=labels.EVERYTHING)


def _term(term: PodAffinityTerm, pod: Pod) -> Term:
    selector = with_labels_of(
        term.label_selector, pod, term.match_label_keys, term.mismatch_label_keys
    )
    namespaces = frozenset(term.namespaces)
    if not namespaces and term.namespace_selector is None:
        namespaces = frozenset((pod.metadata.namespace,))
    of_namespaces = (
        labels.of_struct(term.namespace_selector) if term.namespace_selector is not None else None
    )
    return PodSet(namespaces, of_namespaces, selector), term.topology_key


def with_labels_of(
    selector: LabelSelector | None,
    pod: Pod,
    match: tuple[str, ...],
    mismatch: tuple[str, ...] = (),
) -> Selector:
    """A selector, narrowed to the values that the pod's own labels have (or have not) at some keys.

    Without a selector nothing matches. A key that the pod has no label for narrows nothing.
    """
    if selector is None:
        return labels.NOTHING
    base = labels.of_struct(selector)
    own = pod.metadata.labels
    more = [Requirement(key, "in", (own[key],)) for key in match if key in own]
    more += [Requirement(key, "notin", (own[key],)) for key in mismatch if key in own]
    return Selector((*base.requirements, *more)) if more else base
