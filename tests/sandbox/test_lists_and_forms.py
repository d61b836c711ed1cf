"""Lists, forms and group actions: the conventions of all functions."""

from __future__ import annotations

import pytest

from tests.sandbox.flow import CLIENT, NAMES, SIX, order
from tests.sandbox.sandbox_process import Local, error, rows


def test_pages(local: Local) -> None:
    first = local.bill("user", p_cnt=5)
    assert [row["id"] for row in rows(first)] == ["7001", "7002", "7003", "7004", "7005"]
    assert (first.findtext("p_cnt"), first.findtext("p_num"), first.findtext("p_elems")) == (
        "5",
        "1",
        "10",
    )
    assert len(rows(local.bill("user", p_cnt=5, p_num=2))) == 5
    assert rows(local.bill("user", p_cnt=5, p_num=3)) == []


def test_a_cap_on_rows_is_told(local: Local) -> None:
    local.world.dials.turn({"max_rows": 3})
    answer = local.bill("user", p_cnt=500)
    assert (len(rows(answer)), answer.findtext("p_cnt"), answer.findtext("p_elems")) == (
        3,
        "3",
        "10",
    )


def test_newest_first(local: Local) -> None:
    answer = local.bill("user", p_cnt=2, p_col="-id")
    assert [row["id"] for row in rows(answer)] == ["7010", "7009"]
    assert answer.findtext("p_order") == "desc"


def test_a_filter_in_one_call(local: Local) -> None:
    found = rows(local.bill("user", filter="on", email="client3@mail.example"))
    assert [row["email"] for row in found] == ["client3@mail.example"]


def test_a_saved_filter_shrinks_later_lists_until_switched_off(local: Local) -> None:
    local.bill("account.filter", id="3002", sok="ok")
    assert [row["id"] for row in rows(local.bill("account"))] == ["3002"]
    assert len(rows(local.bill("account", filter="off"))) == 10
    local.bill("account.filter", sok="ok")
    assert len(rows(local.bill("account"))) == 10


@pytest.mark.parametrize("dialect", sorted(NAMES))
def test_the_toolbars_name_the_functions(dialect: str) -> None:
    panels, names = Local(dialect), NAMES[dialect]
    tools = {
        node.get("name"): node.get("func")
        for node in panels.bill("pricelist", out="devel").iterfind("metadata/toolbar//toolbtn")
    }
    assert names.modules in tools.values()
    inner = panels.bill(names.modules, elid=21, out="devel")
    found = {node.get("func") for node in inner.iterfind("metadata/toolbar//toolbtn")}
    assert found == {names.enable, names.disable}
    metadata = inner.find("metadata")
    assert metadata is not None
    assert (metadata.get("type"), metadata.get("key")) == ("list", "id")


def test_toolbars_show_only_what_the_caller_may_do(local: Local) -> None:
    def tools(**params: str) -> set[str | None]:
        answer = local.bill("payment", out="devel", **params)
        return {node.get("func") for node in answer.iterfind("metadata/toolbar//toolbtn")}

    assert "payment.setpaid" in tools()
    assert "payment.setpaid" not in tools(su=CLIENT)


def test_a_form_is_read_without_sok_and_changes_nothing(local: Local) -> None:
    answer = local.bill("processing.add.settings", module="pmmanual", type="vhost", out="devel")
    fields = {node.get("name") for node in answer.iterfind("metadata/form/page/field")}
    assert {"name", "datacenter", "department", "orderpriority"} <= fields
    assert len(local.world.modules) == 2
    options = [val.get("key") for val in answer.iterfind("slist[@name='department']/val")]
    assert options == ["1", "2", "3"]


def test_a_group_action_acts_without_sok_and_on_several(local: Local) -> None:
    local.bill("pricelist.suspend", elid="21, 22")
    assert [plan.enabled for plan in local.world.plans.all()] == [False, False, True, True]


def test_codes_stand_beside_labels(local: Local) -> None:
    row = rows(local.bill("processing"))[0]
    assert (row["status.orig"], row["status"]) == ("enabled", "Enabled")


def test_plain_xml_has_no_metadata(local: Local) -> None:
    assert local.bill("pricelist").find("metadata") is None


def test_the_price_list_is_open_to_all(local: Local) -> None:
    answer = local.session.get(
        local.urls["billmanager"],
        params={"func": "pricelist.export", "out": "xml", "itemtype": "vhost"},
    )
    assert b'<price currency="EUR"' in answer.content
    assert b'<period type="month" length="1" cost="3.00"/>' in answer.content
    assert b'<period type="year" length="1" cost="33.00"/>' in answer.content
    assert b"<datacenter><id>1</id>" in answer.content


def test_an_order_form_tells_the_price_and_orders_nothing(local: Local) -> None:
    answer = order(local, sok="", order_period=12)
    assert (answer.findtext("price"), answer.findtext("currency")) == ("33.00", "EUR")
    assert len(local.world.services) == 0


def test_an_order_that_was_not_begun_is_refused(local: Local) -> None:
    answer = local.bill(SIX.order, su=CLIENT, pricelist=21)
    assert error(answer) == ("wizard_unavailable", "datacenter")


def test_text_with_special_characters_survives(local: Local) -> None:
    client = local.world.clients[3001]
    local.world.clients.put(client._replace(name='A & B <"C"> Ünïcode'))
    assert rows(local.bill("account", filter="on", id=3001))[0]["name"] == 'A & B <"C"> Ünïcode'
