"""`manage.py panel` and `discover`: what they say and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.dialect import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Installation
    from tests.services.sandbox import Sandbox


def add(
    installation: Installation, url: str, *more: str, password: str = "root-sandbox"
) -> tuple[int, str, str]:
    done = installation.manage(
        "panel", "add", "isp1", "--kind", "ispmanager", "--url", url,
        "--username", "root", "--password-env", "PASSWORD", *more, PASSWORD=password,
    )  # fmt: skip
    assert password not in done.out + done.err
    return done.code, done.out, done.err


def test_a_panel_is_checked_and_kept(installation: Installation, sandbox: Sandbox) -> None:
    assert add(installation, sandbox.ispmanager_urls[0])[0] == 0
    again = add(installation, sandbox.ispmanager_urls[0])
    assert again[0] == 2
    assert "already" in again[2]


def test_a_wrong_password_is_refused(installation: Installation, sandbox: Sandbox) -> None:
    code, _out, output = add(installation, sandbox.ispmanager_urls[0], password="not-the-secret")
    assert code == 2
    assert "username and password" in output
    assert "Traceback" not in output


def test_nobody_there_is_unreachable(installation: Installation, sandbox: Sandbox) -> None:
    url = sandbox.ispmanager_urls[0]
    sandbox.stop()
    code, _out, output = add(installation, url)
    assert code == 3
    assert "Traceback" not in output
    sandbox.start()
    assert add(installation, url)[0] == 0


def test_a_password_never_stands_on_the_command_line(installation: Installation) -> None:
    done = installation.manage(
        "panel", "add", "isp1", "--kind", "ispmanager", "--url", "https://isp.example",
        "--username", "root", "--password-env", "NOT_SET",
    )  # fmt: skip
    assert done.code == 2
    assert "NOT_SET" in done.err


def test_a_missing_option_is_a_refusal(installation: Installation) -> None:
    assert installation.manage("panel", "add", "isp1").code == 2
    assert installation.manage("panel").code == 2


def test_an_installation_without_a_database_says_what_to_do(
    installation: Installation, tmp_path: Path
) -> None:
    done = installation.manage("runs", VAR_DIR=str(tmp_path / "empty"))
    assert done.code == 2
    assert "manage.py up" in done.err


def test_check_and_link(ready: Installation) -> None:
    output = ready.manage("panel", "check", "--json")
    assert output.code == 0, output.out
    assert {name: one["ok"] for name, one in output.json["panels"].items()} == {
        "billing": True,
        "isp1": True,
    }
    first = output.json["panels"]["isp1"]["rows"][0]
    assert first == {"step": 0, "what": "log in as “root”", "func": "whoami", "state": "allowed",
                     "text": "", "entry": "", "candidates": []}  # fmt: skip
    assert ready.manage("panel", "check", "isp1").code == 0
    assert ready.manage("panel", "check", "nobody").code == 2
    refused = ready.manage("panel", "link", "isp1", "--module", "999999", "--json")
    assert refused.code == 2
    assert refused.json["lines"]


def test_a_name_is_set_checked_and_listed(ready: Installation, sandbox: Sandbox) -> None:
    listed = {
        row["entry"]: row
        for row in ready.manage("panel", "set", "billing", "--json").json["entries"]
    }
    assert listed["order"]["value"] == "v2"
    assert not listed["order"]["proven"]
    assert listed["task_close"]["value"] is None
    assert "button of its form" in ready.manage("panel", "set", "billing").out

    done = ready.manage("panel", "set", "billing", "cart=cart", "order=v2", "--json")
    assert (done.code, [one["name"] for one in done.json["set"]]) == (0, ["cart", "order"])
    for words, output in (
        (["cart=cart", "order=old"], "vhost.order.param"),
        (["cart=cart", "nothing=x"], "There is no entry"),
        (["cart=cart", "order"], "is not ENTRY=VALUE"),
        (["order=v2", "order=old"], "given twice"),
        (["plan_modules_list=pricelist.delete", "--force"], "would act"),
    ):
        refused = ready.manage("panel", "set", "billing", *words)
        assert refused.code == 2
        assert output in refused.err
    assert ready.manage("panel", "set", "isp1", "order=v2").code == 2
    assert ready.manage("panel", "set", "nobody").code == 2
    assert ready.manage("panel", "set", "billing", "order=").code == 0
    rows = ready.manage("panel", "set", "billing", "--json").json["entries"]
    assert {row["entry"]: row["value"] for row in rows}["order"] is None
    sandbox.stop()
    assert ready.manage("panel", "set", "billing", "order=v2").code == 3
    assert ready.manage("panel", "set", "billing", "order=v2", "--force").code == 0
    sandbox.start()


def test_a_check_of_a_panel_that_lacks_a_right_fails(ready: Installation, sandbox: Sandbox) -> None:
    sandbox.faults({"func": "expense", "kind": "access", "probability": 1.0, "times": None})
    output = ready.manage("panel", "check", "billing")
    assert output.code == 1
    assert "expense" in output.out
    sandbox.stop()
    assert ready.manage("panel", "check").code == 3
    sandbox.start()


def test_discover_tells_counts_and_matches(ready: Installation, sandbox: Sandbox) -> None:
    output = ready.manage("discover", "--json")
    assert output.code == 0
    assert output.json["matches"] == {"ready": 12, "choose": 0, "blocked": 0}
    assert output.json["panels"]["isp1"]["accounts"] >= 12
    sandbox.faults({"func": "pricelist", "kind": "access", "probability": 1.0, "times": None})
    assert ready.manage("discover").code == 1
    sandbox.stop()
    away = ready.manage("discover", "--json")
    assert away.code == 3
    assert away.json["panels"]["isp1"]["error"]
    sandbox.start()


def test_nothing_registered_is_a_refusal(installation: Installation) -> None:
    assert installation.manage("discover").code == 2
    assert installation.manage("panel", "check").code == 2


def test_plan_map_shows_and_sets(ready: Installation) -> None:
    rows = ready.manage("plan-map", "--json").json["presets"]
    assert {row["how"] for row in rows} == {"same name"}
    preset, other = rows[0]["preset"], rows[-1]["plan"]
    assert ready.manage("plan-map", "--set", f"{preset}={other}").code == 0
    after = {row["preset"]: row for row in ready.manage("plan-map", "--json").json["presets"]}
    assert (after[preset]["plan"], after[preset]["how"]) == (other, "set")
    refused = ready.manage("plan-map", "--set", "Nothing=Nowhere")
    assert refused.code == 2
    assert "Nothing" in refused.err


def test_a_dialect_report_is_written_and_loads_as_a_dialect(
    installation: Installation, sandbox: Sandbox, tmp_path: Path
) -> None:
    installation.add_panels(sandbox)
    assert installation.manage("panel", "check", "billing").code in {0, 1}
    path = tmp_path / "sent.json"
    done = installation.manage("panel", "report", "billing", "--output", str(path))
    assert (done.code, done.err) == (0, "")
    assert str(path) in done.out
    output = load(str(path))
    assert output["plan_modules.list"] == "pricelist.processing"
    assert installation.manage("panel", "report", "billing").out == path.read_text("utf-8")
    nowhere = installation.manage("panel", "report", "billing", "--output", str(tmp_path))
    assert (nowhere.code, "Traceback" in nowhere.err) == (2, False)
    other = installation.manage("panel", "report", "isp1")
    assert other.code == 2
    assert "ispmanager" in other.err
