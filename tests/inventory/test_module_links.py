"""Which module serves a server, and which accounts are services already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integrator.core.errors import Refused
from integrator.inventory import module_links
from tests.services import mirrors

if TYPE_CHECKING:
    from tests.services.mirrors import Hoster


@pytest.mark.parametrize(
    "url",
    [
        "https://isp2.example:1500/ispmgr",
        "https://ISP2.example:1500/manager/ispmgr/",
        "https://isp2.example:1500",
    ],
)
def test_a_modules_url_names_its_server(hoster: Hoster, url: str) -> None:
    other = mirrors.server("isp2", module_id=None)
    mirrors.module(22, url=url)
    assert module_links.link_servers() == {"isp1": 21, "isp2": 22}
    other.refresh_from_db()
    assert not other.module_linked_by_hand


def test_two_modules_of_one_server_are_left_to_a_person(hoster: Hoster) -> None:
    mirrors.server("isp2", module_id=None)
    for number in (22, 23):
        mirrors.module(number, url="https://isp2.example:1500/ispmgr")
    assert module_links.link_servers() == {"isp1": 21}


def test_a_module_that_moved_to_another_server_is_followed(hoster: Hoster) -> None:
    other = mirrors.server("isp2", module_id=None)
    hoster.module.url = other.url
    hoster.module.save()
    assert module_links.link_servers() == {"isp2": 21}


def test_a_link_by_hand_stays(hoster: Hoster) -> None:
    mirrors.module(22, url=hoster.server.url)
    module_links.link_by_hand(hoster.server, 21)
    assert module_links.link_servers() == {"isp1": 21}


@pytest.mark.parametrize("number", [99, 30, 22])
def test_a_module_that_does_not_serve_ispmanager_or_serves_another_is_refused(
    hoster: Hoster, number: int
) -> None:
    mirrors.module(30, kind="manual")
    mirrors.server("isp2", module_id=22)
    mirrors.module(22)
    with pytest.raises(Refused):
        module_links.link_by_hand(hoster.server, number)
