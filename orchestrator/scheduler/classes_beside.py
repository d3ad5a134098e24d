"""Plugins of the user's own, from beside the file that names them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from orchestrator.scheduler.errors import InvalidConfiguration


class ClassesBeside:
    """Classes named `module:Class`, whose modules are in a folder or on Python's path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self.files: list[Path] = []

    def find(self, name: str, path: str) -> Any:
        """The class. Raises InvalidConfiguration."""
        module_name, colon, class_name = name.partition(":")
        if not (module_name and colon and class_name):
            raise InvalidConfiguration(path, f'expected module:Class, got "{name}"')
        try:
            module = self._module(module_name)
        except (
            Exception,
            SystemExit,
        ) as error:  # of the user's own code: whatever it raises is told
            problem = f"{module_name} cannot be imported: {type(error).__name__}: {error}"
            raise InvalidConfiguration(path, problem) from error
        found = getattr(module, class_name, None)
        if found is None:
            raise InvalidConfiguration(path, f"{module_name} has no class {class_name}")
        return found

    def _module(self, name: str) -> Any:
        path = self._folder.joinpath(*name.split(".")).with_suffix(".py")
        with _importing_from(self._folder):
            if not path.is_file():
                module = import_module(name)
                if module.__file__ is not None:
                    self.files.append(Path(module.__file__))
                return module
            self.files.append(path)
            # Under a name of its own: another file's folder may have a module of the same name.
            spec = spec_from_file_location(f"{name}@{path}", path)
            assert spec is not None
            assert spec.loader is not None
            module = module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            return module


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
