"""Rows as a discovery leaves them, for tests that need no panel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from integrator.core.clock import now
from integrator.models import Account, Client, ClientUser, Module, Panel, Plan, Service


def billmanager(**values: Any) -> Panel:
    return Panel.objects.create(
        **{
            "name": "billing",
            "kind": "billmanager",
            "url": "https://bill.example:1500/billmgr",
            "address": "bill.example:1500/billmgr",
            "username": "admin",
            "password": "secret",
            "created_at": now(),
            **values,
        }
    )


def server(name: str = "isp1", module_id: int | None = 21, **values: Any) -> Panel:
    return Panel.objects.create(
        **{
            "name": name,
            "kind": "ispmanager",
            "url": f"https://{name}.example:1500/ispmgr",
            "address": f"{name}.example:1500/ispmgr",
            "username": "root",
            "password": "secret",
            "module_id": module_id,
            "created_at": now(),
            **values,
        }
    )


def module(remote_id: int = 21, **values: Any) -> Module:
    return Module.objects.create(
        **{
            "remote_id": remote_id,
            "name": f"ISP {remote_id}",
            "intname": "pmispmgr6",
            "kind": "ispmanager",
            "datacenter_id": 1,
            "datacenter": "First",
            "orderpriority": 1,
            "seen_at": now(),
            **values,
        }
    )


def plan(remote_id: int = 5, name: str = "Start", **values: Any) -> Plan:
    return Plan.objects.create(
        **{
            "remote_id": remote_id,
            "name": name,
            "periods": {
                "1": {"amount": "10.00", "setup": "0", "currency": "EUR"},
                "12": {"amount": "100.00", "setup": "5.00", "currency": "EUR"},
            },
            "datacenters": [[1, "First"]],
            "modules": [{"id": 21, "name": "ISP 21", "enabled": True, "orderpriority": 1}],
            "seen_at": now(),
            **values,
        }
    )


def client(remote_id: int = 3001, email: str = "", *, users: int = 1, **values: Any) -> Client:
    made = Client.objects.create(
        **{
            "remote_id": remote_id,
            "name": f"Client {remote_id}",
            "balance": Decimal(1000),
            "currency": "EUR",
            "seen_at": now(),
            **values,
        }
    )
    for place in range(users):
        ClientUser.objects.create(
            remote_id=remote_id * 10 + place,
            client=made,
            email=(email or f"client{remote_id}@mail.example") if not place else "",
            name=f"user{remote_id}_{place}",
            seen_at=now(),
        )
    return made


def account(panel: Panel, username: str = "alice", **values: Any) -> Account:
    return Account.objects.create(
        **{
            "panel": panel,
            "username": username,
            "preset": "Start",
            "domain": f"{username}.example",
            "domains": [f"{username}.example"],
            "seen_at": now(),
            **values,
        }
    )


def service(remote_id: int, **values: Any) -> Service:
    return Service.objects.create(
        **{"remote_id": remote_id, "status": 2, "seen_at": now(), **values}
    )


class Hoster:
    """A small hosting provider: a BILLmanager, a server, a module, a plan and a client."""

    def __init__(self) -> None:
        self.billing = billmanager()
        self.server = server()
        self.module = module()
        self.plan = plan()
        self.client = client()

    def csv(self, *rows: str, header: str = "server,username,domain,client,plan") -> str:
        return "\n".join([header, *rows])
