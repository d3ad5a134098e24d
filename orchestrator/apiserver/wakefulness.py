"""Which admission plugins could have something to say, as the objects are that they ask.

A cluster without webhooks, policies, quotas or limits does not pay for their plugins: they are left out
of the steps of all writes. The first object that wakes a plugin puts it in, the last one out again.
"""

from collections.abc import Sequence

from orchestrator.api.scheme import Resource, Scheme
from orchestrator.apiserver.admission import AdmissionPlugin
from orchestrator.store import Change, Store


class Wakefulness:
    """Follows the objects that plugins ask; `buckets` are those where they are."""

    def __init__(self, plugins: Sequence[AdmissionPlugin], scheme: Scheme, store: Store) -> None:
        self._plugins = plugins
        self._asking: dict[str, list[AdmissionPlugin]] = {}
        self._counts: dict[str, int] = {}  # by plugin: the objects that wake it
        for plugin in plugins:
            for kind in plugin.asks:
                bucket = scheme.by_type(kind).key
                self._asking.setdefault(bucket, []).append(plugin)
                found = sum(map(plugin.wakes, store.list(bucket)))
                self._counts[plugin.name] = self._counts.get(plugin.name, 0) + found
        self.buckets = frozenset(self._asking)

    def awake(self, resource: Resource) -> tuple[AdmissionPlugin, ...]:
        """The plugins that are asked of writes of the resource: always those that its objects may wake."""
        return tuple(each for each in self._plugins if self._is_awake(each, resource))

    def noting(self, resource: Resource) -> tuple[AdmissionPlugin, ...]:
        """Those, and with them the plugins that have something to note of requests by HTTPS even so."""
        return tuple(each for each in self._plugins if each.notes or self._is_awake(each, resource))

    def _is_awake(self, plugin: AdmissionPlugin, resource: Resource) -> bool:
        asking = self._asking.get(resource.key, ())
        return bool(self._counts.get(plugin.name, 1)) or plugin in asking

    def observe(self, change: Change) -> bool:
        """Whether a change in one of the buckets has woken a plugin, or sent one to sleep."""
        turned = False
        for plugin in self._asking[change.bucket]:
            before = self._counts[plugin.name]
            after = before
            if change.previous is not None:
                after -= plugin.wakes(change.previous)
            if change.type != "DELETED":
                after += plugin.wakes(change.object)
            self._counts[plugin.name] = after
            turned = turned or bool(before) is not bool(after)
        return turned
