"""What a cluster stands on: the kinds that it serves, the system of its actors, and what goes wrong on purpose."""

from collections.abc import Sequence

from actors import ActorSystem
from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver import ApiFault, ApiTrouble
from orchestrator.cluster.arguments import check_faults
from orchestrator.cluster.features import Features
from orchestrator.cluster.options import Options
from orchestrator.cluster.subjects import describe


def scheme_of(features: Features, resources: Sequence[Resource]) -> Scheme:
    """The built-in kinds, those of features, and others."""
    scheme = Scheme.builtin()
    scheme.gates = features.gates
    for resource in (*features.resources, *resources):
        scheme.register(resource)
    return scheme


def system_of(options: Options) -> ActorSystem:
    """The system that the components run in; a meter hears of each answer."""
    system = ActorSystem(
        "cluster",
        seed=options.seed,
        order=options.order,
        faults=options.faults,
        trace=options.trace,
        logger="orchestrator",
        on_answer=None if options.meter is None else options.meter.answered,
    )
    if system.trace is not None:
        system.trace.describe = describe
    return system


def trouble_of(seed: int, faults: Sequence[ApiFault], scheme: Scheme) -> ApiTrouble:
    """What goes wrong with requests. Raises ValueError for faults that mean nothing."""
    check_faults(faults, scheme)
    trouble = ApiTrouble(seed)
    for fault in faults:
        trouble.add(fault)
    return trouble
