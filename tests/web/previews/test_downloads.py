"""CSV files that people take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import factories

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client


def body(answer: object) -> str:
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_a_template_holds_the_columns_and_on_demand_the_accounts(operator: Client) -> None:
    factories.account("u1", domain="=1+1.example")
    alone = body(operator.get("/accounts/csv/template.csv"))
    assert alone == "server,username,domain,client,plan,password,period,autoprolong,expires\r\n"
    filled = operator.get("/accounts/csv/template.csv?accounts=1")
    assert filled["Content-Disposition"] == 'attachment; filename="accounts.csv"'
    assert ",u1,'=1+1.example," in body(filled)


def test_excel_gets_semicolons_and_a_byte_order_mark(operator: Client) -> None:
    made = factories.preview(1)
    plain = body(operator.get(f"/previews/{made.pk}/export.csv"))
    excel = body(operator.get(f"/previews/{made.pk}/export.csv?excel=1"))
    assert plain.startswith("row,server,username,")
    assert excel.startswith("\ufeffrow;server;username;")
    assert len(plain.splitlines()) == 2


def test_a_viewer_may_not_take_a_preview_away(signed_in: Callable[[str], Client]) -> None:
    made = factories.preview(1)
    assert signed_in("viewer").get(f"/previews/{made.pk}/export.csv").status_code == 403
