"""Runs, bindings and windows: what they show and what their buttons do."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from integrator.messages.message import verbatim
from integrator.models import Binding, Run, Window
from integrator.models.states import Phase
from tests import factories

if TYPE_CHECKING:
    from django.test import Client


def test_run_shows_its_figures(operator: Client) -> None:
    run = factories.run(total=4)
    factories.done(run=run)
    factories.failed(run=run)
    factories.undecided(run=run)
    factories.binding("running", 4, run=run)
    page = operator.get(f"/runs/{run.pk}/").text
    assert "1 of 4" in page
    assert "Wrong password on ispmanager" in page
    assert "1 done, 1 running, 1 failed, 1 need a decision" in page


def test_pause_resume_cancel(operator: Client) -> None:
    run = factories.run()
    for action, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        operator.post(f"/runs/{run.pk}/{action}/")
        assert Run.objects.get(pk=run.pk).state == state
    refused = operator.post(f"/runs/{run.pk}/pause/", follow=True)
    assert 'role="alert"' in refused.text


def test_a_run_tells_its_time_once_two_cohorts_are_through(operator: Client) -> None:
    factories.billmanager()
    run, plan = factories.run(total=62), factories.plan()
    factories.binding(run=run, plan=plan, prepared=True)
    addresses = (f"/runs/{run.pk}/", "/")
    for address in addresses:
        assert "estimating" in operator.get(address).text
    for size in (1, 10):
        window = factories.window("closed", plan=plan, cohort=size)
        factories.done(run=run, plan=plan, window=window)
        if size == 1:
            assert all("estimating" in operator.get(address).text for address in addresses)
    for address in addresses:
        page = operator.get(address).text
        assert "about 1 min left" in page
        assert "2/min" in page
        assert "estimating" not in page
    operator.cookies["django_language"] = "ru"
    assert "осталось около 1 мин" in operator.get(addresses[0]).text
    operator.cookies["django_language"] = "en"
    factories.undecided(run=run, plan=plan)
    assert "1 waits for a person" in operator.get(addresses[0]).text


def test_a_run_that_is_paused_promises_no_time(operator: Client) -> None:
    run = factories.run(total=3)
    factories.done(run=run)
    factories.binding(run=run)
    for address in (f"/runs/{run.pk}/", "/"):
        assert 'class="muted time-left"' in operator.get(address).text
    operator.post(f"/runs/{run.pk}/pause/")
    for address in (f"/runs/{run.pk}/", "/"):
        assert 'class="muted time-left"' not in operator.get(address).text


def test_retry_these_means_these(operator: Client) -> None:
    run = factories.run(total=3)
    wrong = factories.failed("wrong_password", run=run)
    other = factories.failed("order_refused", step=3, run=run)
    elsewhere = factories.failed("wrong_password")
    response = operator.post(
        f"/runs/{run.pk}/retry/", {"cause": "wrong_password", "password": " new one "}, follow=True
    )
    assert "1 binding is tried again." in response.text
    wrong.refresh_from_db()
    assert (wrong.state, wrong.password) == ("queued", " new one ")
    assert set(Binding.objects.filter(state="failed")) == {other, elsewhere}


def test_a_list_of_passwords_retries_those_that_it_names(operator: Client) -> None:
    run = factories.run(total=3)
    first, second, third = (factories.failed(run=run, password="old") for _ in range(3))
    names = [binding.account.username for binding in (first, second)]
    address, form = f"/runs/{run.pk}/retry/", {"cause": "wrong_password", "password": ""}

    pasted = {"passwords": f"{names[0]} one two\nnobody three"}
    refused = operator.post(address, {**form, **pasted}, follow=True).text
    assert "is not among the chosen accounts" in refused
    assert "three" not in refused
    empty = operator.post(address, {**form, "passwords": " "}, follow=True).text
    assert "No password was given" in empty
    assert not Binding.objects.exclude(state="failed").exists()

    pasted = {"passwords": f"{names[0]} one two\n{names[1]};three"}
    answer = operator.post(address, {**form, **pasted}, follow=True).text
    assert "2 bindings are tried again." in answer
    found = Binding.objects.order_by("pk").values_list("state", "password")
    assert list(found) == [("queued", "one two"), ("queued", "three"), ("failed", "old")]
    third.refresh_from_db()
    assert third.cause == "wrong_password"


def test_retry_without_a_password_keeps_the_stored_one(operator: Client) -> None:
    binding = factories.failed(password="stored")
    operator.post(f"/bindings/{binding.pk}/retry/")
    binding.refresh_from_db()
    assert (binding.state, binding.password) == ("queued", "stored")


def test_export_defuses_formulas(operator: Client) -> None:
    account = factories.account("u1", domain="=cmd|' /C calc'!A0")
    binding = factories.failed(account=account, cause_text=verbatim("+evil"))
    response = operator.get(f"/runs/{binding.run_id}/export.csv")
    rows = list(csv.DictReader(b"".join(response.streaming_content).decode().splitlines()))  # type: ignore[attr-defined]
    assert rows[0]["binding"] == f"b{binding.pk}"
    assert rows[0]["domain"].startswith("'=")
    assert rows[0]["detail"].startswith("'+")


def test_binding_shows_all_eight_steps_and_its_calls(operator: Client) -> None:
    binding = factories.failed()
    page = operator.get(f"/bindings/{binding.pk}/").text
    assert [f'id="step-{number}"' in page for number in range(1, 9)] == [True] * 8
    assert "task.edit" in page
    assert "Retry step 7" in page


def test_a_decision_offers_two_ways(operator: Client) -> None:
    binding = factories.undecided()
    page = operator.get(f"/bindings/{binding.pk}/").text
    assert f"/bindings/{binding.pk}/options/" in page
    operator.post(f"/bindings/{binding.pk}/try-again/")
    binding.refresh_from_db()
    assert binding.state == "queued"


def test_adopting_needs_a_number(operator: Client) -> None:
    binding = factories.undecided()
    response = operator.post(f"/bindings/{binding.pk}/adopt/", {"service": "x"}, follow=True)
    assert "give its number in BILLmanager" in response.text
    binding.refresh_from_db()
    assert binding.state == "undecided"


def test_a_viewer_sees_no_button_that_acts(signed_in: object) -> None:
    assert callable(signed_in)
    viewer = signed_in("viewer")
    failed, held = factories.failed(), factories.window(held=True)
    pages = [f"/runs/{failed.run_id}/", f"/bindings/{failed.pk}/", "/windows/", "/accounts/"]
    text = "".join(viewer.get(page).text for page in pages)
    for button in ("Retry step", "Retry th", "Pause", "Restore anyway", "Bind selected"):
        assert button not in text, button
    assert str(held.plan) in text


def test_live_pages_answer_204_when_nothing_is_new(operator: Client) -> None:
    binding = factories.failed()
    factories.window()
    pages = ["/", "/runs/", f"/runs/{binding.run_id}/", f"/bindings/{binding.pk}/", "/windows/",
             "/panels/"]  # fmt: skip
    for page in pages:
        shown = operator.get(page)
        live, pace = shown.context["live_url"], shown.context["pace"]
        query = {"digest": shown.context["digest"], "ids": shown.context.get("live_ids", "")}
        assert operator.get(live, {**query, "pace": pace}).status_code == 204, page
        assert operator.get(live, {**query, "digest": "old"}).status_code == 200, page


def test_windows_restore_and_wait(operator: Client) -> None:
    window = factories.window()
    operator.post(f"/windows/{window.pk}/restore/")
    window.refresh_from_db()
    assert window.closing
    held = factories.window(held=True, closing=True)
    operator.post(f"/windows/{held.pk}/keep-waiting/")
    assert not Window.objects.get(pk=held.pk).anyway_by
    operator.post(f"/windows/{held.pk}/restore/", {"anyway": "yes"})
    assert Window.objects.get(pk=held.pk).anyway_by.startswith("operator")


def test_held_window_spells_out_what_restoring_anyway_means(operator: Client) -> None:
    factories.window(
        Phase.ORDERS, held=True, closing=True, cause=verbatim("b7: its order is not seen")
    )
    page = operator.get("/windows/").text
    assert "b7: its order is not seen" in page
    assert "create a second, new hosting account" in page
