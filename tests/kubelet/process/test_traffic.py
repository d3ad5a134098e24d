"""The kernel's table of interfaces."""

from orchestrator.kubelet.runtimes.process.traffic import interfaces_of, traffic_of
from orchestrator.protocol import InterfaceUsage

_TABLE = """Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:    5000      10    1    2    0     0          0         0    70000      80    3    4    0     0       0          0
"""


def test_interfaces_are_counted_but_for_the_loopback() -> None:
    """What came first, then what went."""
    assert list(interfaces_of(_TABLE)) == [InterfaceUsage("eth0", 5000, 10, 1, 2, 70000, 80, 3, 4)]


def test_a_process_that_has_ended_has_no_interfaces() -> None:
    """Nobody can be asked about its network any more."""
    assert traffic_of(1 << 30) == ()
