"""Takes images off a node that nobody has used for long, or when its disk gets full: kubelet's image garbage collection.

Every five minutes it sees which images are there and which are in use. Those that have not been used for the greatest age
go; and when the disk is fuller than the high threshold, those go that were used longest ago until it is no fuller than
the low one. An image that has just come stays for the least age: whoever had it pulled is about to use it.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from actors import Context
from orchestrator.kubelet.image_policy import ImagePolicy
from orchestrator.kubelet.node_storage import NodeStorage
from orchestrator.kubelet.runtimes.interface import KeepingImages, NodeImage

COLLECT_SECONDS: Final = 300.0
_NEVER: Final = float("-inf")
_UNITS: Final = ("KiB", "MiB", "GiB", "TiB")
_DISABLED_PERCENT: Final = 100


class ImageRecord(Struct, eq=False):
    """An image with what is known of its use."""

    keeper: KeepingImages
    image: NodeImage
    seen_at: float
    used_at: float = _NEVER


class ImageCollector:
    """Collects the images of the kubelet whose context is `ctx`.

    The disk has `capacity` bytes, of which `used` answers how many are taken; `tell` records an event (reason, text) of
    the node, and `removed` is called when images have gone.
    """

    def __init__(
        self,
        ctx: Context,
        storage: NodeStorage,
        policy: ImagePolicy,
        capacity: int,
        *,
        used: Callable[[], int],
        tell: Callable[[str, str], None],
        removed: Callable[[], None],
    ) -> None:
        self._ctx = ctx
        self._storage = storage
        self._policy = policy
        self._capacity = capacity
        self._used = used
        self._tell = tell
        self._removed = removed
        self._records: dict[tuple[int, str], ImageRecord] = {}
        self._began_at = 0.0
        self._failed = False

    def begin(self) -> None:
        """Collect from now on, unless the policy lets everything stay."""
        self._began_at = self._ctx.clock.now()
        if self._policy.high_percent < _DISABLED_PERCENT or self._policy.most_age:
            self._unused(self._began_at)
            self._ctx.call_every(COLLECT_SECONDS, self._collect, first=COLLECT_SECONDS)

    def free_unused(self) -> None:
        """Take all images away that nobody uses, but those that have just come: the node is short of disk."""
        now = self._ctx.clock.now()
        self._free(self._unused(now), None, now)

    def _collect(self) -> None:
        now = self._ctx.clock.now()
        unused = self._of_age(self._unused(now), now)
        if not any(record.image.size_bytes for record in self._records.values()):
            return  # nothing would be won, and to weigh all else may take long
        if fault := self._make_room(unused, now):
            if self._failed:  # the first time it may be but a node that is starting
                self._tell("ImageGCFailed", fault)
            self._failed = True
        else:
            self._failed = False

    def _make_room(self, unused: list[ImageRecord], now: float) -> str:
        """Take images away if the disk is too full; answers why that did not help."""
        capacity, policy = self._capacity, self._policy
        if not capacity:
            fault = "invalid capacity 0 on image filesystem"
            self._tell("InvalidDiskCapacity", fault)
            return fault
        available = min(capacity, max(0, capacity - self._used()))
        percent = 100 - available * 100 // capacity
        if percent < policy.high_percent:
            return ""
        wanted = capacity * (100 - policy.low_percent) // 100 - available
        freed = self._free(unused, wanted, now)
        if freed >= wanted:
            return ""
        fault = (
            f"Insufficient free disk space on the node's image filesystem ({percent}% of "
            f"{format_size(capacity)} used). Failed to free sufficient space by deleting unused images "
            f"(freed {freed} bytes). Investigate disk usage, as it could be used by active images, logs, "
            "volumes, or other data."
        )
        self._tell("FreeDiskSpaceFailed", fault)
        return fault

    def _of_age(self, unused: list[ImageRecord], now: float) -> list[ImageRecord]:
        """Take away what has not been used for the greatest age; answers what is left."""
        most = self._policy.most_age
        # What was used before this kubelet began to look is not known.
        if not most or now - self._began_at <= most:
            return unused
        old = [record for record in unused if now - record.used_at > most]
        for record in old:
            self._remove(record)
        if old:
            self._removed()
        return [record for record in unused if now - record.used_at <= most]

    def _free(self, unused: list[ImageRecord], wanted: int | None, now: float) -> int:
        """Take images away, those first that were used longest ago, until so many bytes are free (None: all).

        Answers how many are.
        """
        freed, gone = 0, False
        for record in unused:
            if wanted is not None and freed >= wanted:
                break
            if now - record.seen_at >= self._policy.least_age and self._remove(record):
                freed, gone = freed + record.image.size_bytes, True
        if gone:
            self._removed()
        return freed

    def _remove(self, record: ImageRecord) -> bool:
        try:
            record.keeper.remove_image(record.image.id)
        except OSError as error:
            self._ctx.log.warning("image not removed", image=record.image.id, error=str(error))
            return False
        self._records.pop((id(record.keeper), record.image.id), None)
        return True

    def _unused(self, now: float) -> list[ImageRecord]:
        """See what is there; answers what nobody uses, in the order in which it is to go."""
        found: dict[tuple[int, str], ImageRecord] = {}
        unused = []
        for keeper in self._storage.keepers():
            in_use = keeper.images_in_use()
            for image in keeper.images():
                key = id(keeper), image.id
                record = self._records.get(key) or ImageRecord(keeper, image, now)
                record.image = image
                found[key] = record
                if image.id in in_use:
                    record.used_at = now
                elif not image.pinned:
                    unused.append(record)
        self._records = found
        return sorted(unused, key=lambda each: (each.used_at, each.seen_at))


def format_size(size: int) -> str:
    """A number of bytes as the kubelet writes it: `1.5 GiB`."""
    if size < 1024:
        return f"{size} B"
    amount = float(size)
    for unit in _UNITS:
        amount /= 1024
        if amount < 1024 or unit == _UNITS[-1]:
            return f"{amount:.1f} {unit}"
    raise AssertionError
