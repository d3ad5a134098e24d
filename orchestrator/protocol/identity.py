"""Who asks, and the names that every cluster knows."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct


class Identity(Struct, frozen=True):
    """Who asks: the user name and groups that authentication found (`system:kube-scheduler`)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] | None = None

    @property
    def length(self) -> int:
        """How many characters it has: who acts as another says as many as she likes."""
        said = sum(map(len, (self.name, self.uid, *self.groups)))
        extra = (self.extra or {}).items()
        return said + sum(len(key) + sum(map(len, values)) for key, values in extra)


MASTERS: Final = "system:masters"
AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
ANONYMOUS: Final = Identity("system:anonymous", (UNAUTHENTICATED,))
# The embedding program and the components that `cluster.py` starts act with this one unless
# they say who they are.
ADMIN: Final = Identity("system:admin", (MASTERS, AUTHENTICATED))
