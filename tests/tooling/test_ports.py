"""Where the sandbox and the servers of tests listen: ports that stay theirs."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from integrator.supervisor import demo
from integrator.supervisor.folder import RefusedError
from tests.services import ports


def test_no_outgoing_connection_is_given_a_port_of_the_sandbox() -> None:
    text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
    assert demo.PORTS.stop <= int(text.split()[0])


def test_a_port_in_use_is_not_picked(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = ports.free_ports(2)
    monkeypatch.setattr(demo, "PORTS", [first, second])
    with socket.socket() as other:
        other.bind((demo.HOST, first))
        other.listen()
        assert demo.free_ports(1) == [second]
        monkeypatch.setattr(demo, "PORTS", range(first, first + 1))
        with pytest.raises(RefusedError, match=f"No port of {first} to {first} is free"):
            demo.free_ports(1)
    assert demo.free_ports(1) == [first]


def test_a_test_process_hands_out_no_port_twice() -> None:
    handed_out = ports.free_ports(20) + ports.free_ports(20)
    assert len(set(handed_out)) == 40
    assert all(ports.FIRST <= port < demo.PORTS.start for port in handed_out)
