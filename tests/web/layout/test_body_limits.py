"""A body that nobody may send, or that is too large, is refused before a byte of it is read."""

from __future__ import annotations

from typing import Any, NoReturn

import pytest
from django.test import Client
from django.urls import reverse

from integrator.web.layout import body_limits

HUGE = 150 * body_limits.MIB


class Untouchable:
    """The body of a request that nobody may read."""

    def read(self, *_size: int) -> NoReturn:
        raise AssertionError("the body was read")

    readline = read


def send(browser: Client, address: str, length: int = HUGE) -> Any:
    head: dict[str, Any] = {
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "CONTENT_LENGTH": str(length),
        "wsgi.input": Untouchable(),
    }
    return browser.generic("POST", address, **head)


@pytest.mark.parametrize("name", ["bind-csv", "bind", "panels", "accounts-choose"])
@pytest.mark.parametrize("length", [1000, HUGE])
def test_nothing_is_read_of_who_has_not_signed_in(db: None, name: str, length: int) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = send(browser, reverse(name), length)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize("address", ["/login/", "/theme/", "/nothing/here/"])
def test_what_is_open_to_all_takes_little(db: None, address: str) -> None:
    answer = send(Client(enforce_csrf_checks=True), address)
    assert answer.status_code in {302, 413}


def test_a_person_is_told_how_much_may_be_sent(operator: Client) -> None:
    for name, largest in (("bind", body_limits.FORM), ("bind-csv", body_limits.OWN["bind-csv"])):
        answer = send(operator, reverse(name), largest + 1)
        assert answer.status_code == 413
        assert "up to 16 MiB" in answer.text


def test_a_length_that_is_none_is_not_believed(operator: Client) -> None:
    for length in ("-5", "9" * 40, "many"):
        answer = operator.generic("POST", "/accounts/bind/", CONTENT_LENGTH=length)
        assert answer.status_code == 413
