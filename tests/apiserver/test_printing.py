"""The tables of built-in kinds."""

from typing import Any

import pytest

from orchestrator.api.networking.v1 import IPAddress
from orchestrator.apiserver.kinds import KINDS
from orchestrator.apiserver.kinds.kind import Kind
from orchestrator.apiserver.printing import columns_of

_BUILT_IN = [kind for kind in KINDS.values() if not kind.custom]


@pytest.mark.parametrize("kind", _BUILT_IN, ids=lambda kind: kind.type.__name__)
def test_a_row_has_a_cell_for_each_column(kind: Kind) -> None:
    """Of an object that says nothing, too; an address has its age beside them, as in Kubernetes."""
    empty: Any = kind.type()
    more = 1 if kind.type is IPAddress else 0
    assert len(kind.table.cells(empty, 0.0)) == len(columns_of(kind.type)) + more
