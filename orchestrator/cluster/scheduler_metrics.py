"""What the rest of the process tells at the API server's `/metrics`: the scheduler, as in k3s, and the feature gates."""

from collections.abc import Iterable

from actors import ActorError, ActorSystem
from orchestrator.apiserver.telemetry.families import Histogram, Series
from orchestrator.cluster.features import Features, feature_families
from orchestrator.scheduler.metrics import Family
from orchestrator.scheduler.scheduler import GetSchedulerMetrics


async def scheduler_families(system: ActorSystem) -> Iterable[Series | Histogram]:
    """All of them as they are now; none while the scheduler is being started again."""
    try:
        found = await system.ref("/scheduler").ask(GetSchedulerMetrics())
    except ActorError:
        return ()
    return [_as_series(each) for each in found]


async def features_told(features: Features) -> Iterable[Series | Histogram]:
    """Which features are on."""
    return feature_families(features)


def _as_series(family: Family) -> Series | Histogram:
    if family.kind == "histogram":
        histogram = Histogram(family.name, family.text, family.labels, family.buckets)
        for labels, found in family.distributions.items():
            histogram.put(found.counts, found.sum, *labels)
        return histogram
    series = Series(family.name, family.text, family.labels, family.kind)
    for labels, value in family.values.items():
        series.set(value, *labels)
    return series
