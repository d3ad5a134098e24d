"""Which devices a pod has, as an annotation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.machinery.shared_gpus import DEVICE, DEVICES, shares_of, told


@given(st.lists(st.integers(0, 15), unique=True, max_size=8), st.integers(0, DEVICE - 1))
def test_what_is_told_is_read_back(devices: list[int], rest: int) -> None:
    """Whole devices, and a share of the last one."""
    shares = dict.fromkeys(devices, DEVICE)
    if rest:
        shares[99] = rest
    if shares:
        assert shares_of(told(shares), sum(shares.values())) == shares
    else:
        assert told(shares) == {}


@pytest.mark.parametrize("text", ["", "a", "0-1", "-", "1-"])
def test_what_is_no_list_of_so_many_devices_says_nothing(text: str) -> None:
    """Whoever wrote it meant something else."""
    assert shares_of({DEVICES: text}, DEVICE // 2) is None
    assert shares_of({}, DEVICE) is None
