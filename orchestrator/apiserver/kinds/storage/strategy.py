"""CSI drivers: changes are counted, from none on."""

from msgspec.structs import replace

from orchestrator.api.storage.v1 import CSIDriver
from orchestrator.apiserver.environment import Environment
from orchestrator.apiserver.kinds.storage.defaults import default_driver
from orchestrator.apiserver.kinds.strategy import Strategy


class DriverStrategy(Strategy):
    """What is special about CSI drivers."""

    def prepare_for_update(self, new: CSIDriver, old: CSIDriver, env: Environment) -> CSIDriver:
        """A generation more for each change; a new driver has none."""
        if default_driver(new).spec == old.spec:
            return new
        generation = (old.metadata.generation or 0) + 1
        return replace(new, metadata=replace(new.metadata, generation=generation))
