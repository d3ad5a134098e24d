"""The contents of files by their names, some of which are made when they are first read."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TypeAlias

Content: TypeAlias = bytes | Callable[[], bytes]  # what is in a file, or what makes it


class Contents(MutableMapping[str, bytes]):
    """Files of which some are made when they are first read, and are what they were then."""

    def __init__(self, files: dict[str, Content]) -> None:
        self.files = files

    def __getitem__(self, name: str) -> bytes:
        """Raises KeyError."""
        found = self.files[name]
        if not isinstance(found, bytes):
            found = self.files[name] = found()
        return found

    def __setitem__(self, name: str, data: bytes) -> None:
        self.files[name] = data

    def __delitem__(self, name: str) -> None:
        del self.files[name]

    def __contains__(self, name: object) -> bool:
        return name in self.files

    def __iter__(self) -> Iterator[str]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)


def unread(files: Mapping[str, bytes]) -> Mapping[str, Content]:
    """The same files, of which none is read by that."""
    return files.files if isinstance(files, Contents) else files
