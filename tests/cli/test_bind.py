"""`manage.py bind` and what becomes of its runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cli.conftest import Installation
    from tests.services.sandbox import Sandbox


def accounts(sandbox: Sandbox) -> list[dict[str, Any]]:
    return list(sandbox.world()["accounts"])


def test_a_dry_run_prints_the_preview_and_changes_nothing(
    ready: Installation, sandbox: Sandbox
) -> None:
    before = sandbox.ledger()
    output = ready.manage(
        "bind", "--csv", ready.csv(accounts(sandbox)), "--autoprolong", "off",
        "--dry-run", "--json",
    )  # fmt: skip
    assert output.code == 0, output.err
    preview = output.json
    assert (preview["ready"], preview["choose"], preview["blocked"]) == (12, 0, 0)
    assert sum(sum(one["cohorts"]) for one in preview["windows"]) == 12
    assert [row["username"] for row in preview["rows"]] == [
        one["username"] for one in accounts(sandbox)
    ]
    assert not any(one["password"] in output.out + output.err for one in accounts(sandbox))
    assert preview["rehearsal"]["state"] == "done"
    assert all(row["sends"] for row in preview["rows"])
    after = sandbox.ledger()
    assert after["services"] == before["services"]
    assert ready.manage("runs", "--json").json == {"runs": []}


def test_all_matched_accounts_are_previewed(ready: Installation) -> None:
    output = ready.manage("bind", "--matched", "--autoprolong", "on", "--dry-run", "--json")
    assert output.json["ready"] == 12
    text = ready.manage("bind", "--matched", "--autoprolong", "on", "--dry-run")
    assert text.code == 0
    assert "12 ready" in text.out
    assert "order forms read as their clients" in text.out


def test_a_dry_run_without_the_panel_still_shows_the_preview(
    ready: Installation, sandbox: Sandbox
) -> None:
    sandbox.stop()
    output = ready.manage("bind", "--matched", "--autoprolong", "on", "--dry-run", "--json")
    sandbox.start()
    assert output.code == 3
    assert output.json["ready"] == 12
    assert output.json["rehearsal"]["state"] == "failed"


def test_one_broken_answer_to_a_list_does_not_end_the_command(
    ready: Installation, sandbox: Sandbox
) -> None:
    broken = {"panel": None, "func": "*", "kind": "truncated"}
    sandbox.faults({**broken, "times": 1})
    started = ready.manage("bind", "--csv", ready.csv(accounts(sandbox)[:1]),
                           "--autoprolong", "off", "--json")  # fmt: skip
    assert started.code == 0, started.err + started.out
    assert sandbox.rules()[0]["struck"] == 1
    assert started.json["waits"] == []
    sandbox.faults(broken)
    refused = ready.manage("bind", "--csv", ready.csv(accounts(sandbox)[1:2]),
                           "--autoprolong", "off", "--json")  # fmt: skip
    assert refused.code == 3, refused.out
    assert sandbox.ledger()["orders"] == []


def test_wrong_choices_are_refused(ready: Installation) -> None:
    on = ("--matched", "--autoprolong", "on")
    for words in (
        ("--matched",),
        ("--autoprolong", "on"),
        (*on, "--csv", "x.csv"),
        ("--csv", "no-such-file.csv", "--autoprolong", "on"),
        (*on, "--payment", "credit"),
        (*on, "--payment", "credit", "--paymethod", "no-such"),
        (*on, "--check-passwords", "--reset-passwords"),
        (*on, "--without-passwords"),
        (*on, "--cohort", "0"),
        (*on, "--skip-bad-lines"),
        ("--matched", "--autoprolong", "perhaps"),
    ):
        refused = ready.manage("bind", *words)
        assert refused.code == 2, refused.out
        assert refused.err
        assert "Traceback" not in refused.err


def test_a_bad_file_is_refused_as_a_whole_with_line_numbers(
    ready: Installation, sandbox: Sandbox, tmp_path: Path
) -> None:
    path = ready.csv(accounts(sandbox)[:2])
    text = (ready.var_dir / "accounts.csv").read_text(encoding="utf-8")
    (ready.var_dir / "accounts.csv").write_text(f"{text}\nisp1,nobody,,new@mail.example,Start,x\n")
    refused = ready.manage("bind", "--csv", path, "--autoprolong", "on", "--json")
    assert refused.code == 2
    assert [(one["line"], one["column"]) for one in refused.json["errors"]] == [
        (4, "client"), (4, "username"),
    ]  # fmt: skip
    output = ready.manage("bind", "--csv", path, "--autoprolong", "on")
    assert "line 4" in output.err
    assert "manage.py clients --create new@mail.example" in output.err
    good = ready.manage(
        "bind", "--csv", path, "--autoprolong", "on", "--skip-bad-lines", "--dry-run", "--json"
    )
    assert good.code == 0
    assert good.json["ready"] == 2
    assert "line 4" in good.err


def test_a_file_may_come_through_standard_input(ready: Installation, sandbox: Sandbox) -> None:
    one = accounts(sandbox)[0]
    text = f"server;username;domain;client;plan\nisp1;{one['username']};;{one['client']};Start\n"
    output = ready.manage(
        "bind", "--csv", "-", "--autoprolong", "on", "--dry-run", "--json", given=text
    )
    assert output.code == 0, output.err
    assert output.json["rows"][0]["client"] == one["client"]


def test_a_started_run_is_listed_paused_and_cancelled(
    ready: Installation, sandbox: Sandbox
) -> None:
    path = ready.csv(accounts(sandbox)[:3])
    started = ready.manage("bind", "--csv", path, "--autoprolong", "on", "--json")
    assert started.code == 0, started.err
    run = started.json["run"]
    assert started.json["total"] == 3
    again = ready.manage("bind", "--csv", path, "--autoprolong", "on", "--json")
    assert again.code == 2
    assert [one["line"] for one in again.json["errors"]] == [2, 3, 4]
    listed = ready.manage("runs", "--json").json["runs"]
    assert [(one["run"], one["state"], one["total"]) for one in listed] == [(run, "running", 3)]
    assert ready.manage("pause", run, "--why", "lunch", "--json").json["state"] == "paused"
    assert ready.manage("pause", run).code == 2
    assert ready.manage("resume", run, "--json").json["state"] == "running"
    assert ready.manage("cancel", run, "--json").json["state"] == "cancelled"
    output = ready.manage("runs", run, "--json")
    assert output.code == 0
    assert output.json["cancelled"] == 3
    binding = output.json["bindings"][0]["binding"]
    assert ready.manage("retry", binding, "--json").json["retried"] == [binding]
    assert ready.manage("retry", binding).code == 2


def test_what_does_not_exist_is_refused(installation: Installation) -> None:
    for words in (
        ("runs", "r99"),
        ("pause", "x"),
        ("resume", "r99"),
        ("cancel", "99"),
        ("retry", "r99"),
        ("retry", "b99"),
        ("decide", "b99", "--try-again"),
        ("decide", "b99"),
        ("decide", "b99", "--adopt", "1", "--try-again"),
        ("window", "restore", "Nothing"),
        ("window",),
    ):
        refused = installation.manage(*words)
        assert refused.code == 2, refused.out
        assert "Traceback" not in refused.err


def test_no_window_is_open(installation: Installation) -> None:
    output = installation.manage("window", "list", "--json")
    assert (output.code, output.json) == (0, {"windows": [], "alarms": []})


def test_a_debt_and_a_domain_are_confirmed_by_flag(ready: Installation, sandbox: Sandbox) -> None:
    first, second = accounts(sandbox)[:2]
    sandbox.act(act="set_balance", client=first["client"], balance=-500)
    assert ready.manage("discover").code == 0
    path = ready.csv([first, second])
    text = Path(path).read_text(encoding="utf-8")
    name = f"{second['username']},"
    Path(path).write_text(text.replace(f"{name},", f"{name}new.example,"), encoding="utf-8")
    words = (
        "bind", "--csv", path, "--autoprolong", "off", "--payment", "credit",
        "--paymethod", "Bonus", "--dry-run", "--json",
    )  # fmt: skip
    output = ready.manage(*words).json
    assert [row["state"] for row in output["rows"]] == ["choose", "choose"]
    assert "owes 5.00" in output["rows"][0]["reasons"][0]
    assert "new.example" in output["rows"][1]["reasons"][0]
    output = ready.manage(*words, "--confirm", "debt").json
    assert [row["state"] for row in output["rows"]] == ["ready", "choose"]
    output = ready.manage(*words, "--confirm", "debt", "--confirm", "domain").json
    assert [row["state"] for row in output["rows"]] == ["ready", "ready"]
