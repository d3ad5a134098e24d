"""Which plugins a server asks: those that are on by themselves, and what its owner says otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from orchestrator.api.scalars import EMPTY
from orchestrator.apiserver.admission.interface import AdmissionPlugin
from orchestrator.apiserver.admission.webhooks.calling import Handler

_LAST: Final = "ResourceQuota"  # it counts what all others have let through


class AdmissionError(ValueError):
    """A choice of plugins that cannot be; `names` are those that it is about."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        super().__init__(text)
        self.names = tuple(names)


class UnknownAdmissionPlugin(AdmissionError):
    """There are no plugins of these names; `known` are those that exist."""

    def __init__(self, names: Sequence[str], known: Sequence[str]) -> None:
        plural = "" if len(names) == 1 else "s"
        super().__init__(
            f"unknown admission plugin{plural} {', '.join(names)}; known are {', '.join(known)}",
            names,
        )
        self.known = tuple(known)


class Admission(Struct, frozen=True):
    """The plugins of one server. `plugins` are its owner's own, asked after the built-in ones but
    before ResourceQuota; `enable` and `disable` name plugins of either sort.

    `webhooks` are functions that stand in for webhooks' servers, by the URL that a configuration says
    (`https://NAME.NAMESPACE.svc:PORT/PATH` for a service; port 443 need not be said). Each gets the
    AdmissionReview that asks, as a JSON document, and answers the one that says what is allowed.
    `configurations` are those that Kubernetes' plugins take, by the plugins' names: a
    PodSecurityConfiguration, the limits of EventRateLimit, the selectors of PodNodeSelector.
    """

    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()
    plugins: tuple[AdmissionPlugin, ...] = ()
    webhooks: Mapping[str, Handler] = EMPTY
    configurations: Mapping[str, Mapping[str, Any]] = EMPTY

    def chain(self, builtin: Iterable[AdmissionPlugin]) -> tuple[AdmissionPlugin, ...]:
        """The plugins to ask, in order. Raises UnknownAdmissionPlugin, AdmissionError."""
        ordered = sorted([*builtin, *self.plugins], key=lambda plugin: plugin.name == _LAST)
        self._check([plugin.name for plugin in ordered])
        return tuple(
            plugin
            for plugin in ordered
            if plugin.name not in self.disable and (plugin.default_on or plugin.name in self.enable)
        )

    def _check(self, known: Sequence[str]) -> None:
        named = (*self.enable, *self.disable, *self.configurations)
        unknown = [name for name in dict.fromkeys(named) if name not in known]
        if unknown:
            raise UnknownAdmissionPlugin(unknown, sorted(known))
        both = [name for name in self.enable if name in self.disable]
        if both:
            raise AdmissionError(f"both enabled and disabled: {', '.join(both)}", both)
        twice = sorted({name for name in known if known.count(name) > 1})
        if twice:
            raise AdmissionError(f"two admission plugins of one name: {', '.join(twice)}", twice)


NO_CHANGE: Final = Admission()
