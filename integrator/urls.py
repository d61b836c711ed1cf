"""The addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path, register_converter
from django.views.i18n import set_language

from integrator.core.numbers import IdConverter
from integrator.web.accounts import (
    account,
    accounts,
    changes,
    choice,
    clients,
    columns,
    drift,
    plan_map,
    retry,
    rule_choice,
    saved_views,
)
from integrator.web.admin import events, monitoring, people, second_factor, session, sessions
from integrator.web.layout import overview, palette
from integrator.web.panels import connection, dialect, panel, panels
from integrator.web.previews import (
    bind,
    making_page,
    previews,
    rehearsals,
    row_passwords,
    starting_page,
)
from integrator.web.runs import binding, decisions, guided, run, run_report, runs, undo
from integrator.web.windows import window, windows

if TYPE_CHECKING:
    from django.urls import URLPattern

register_converter(IdConverter, "id")

urlpatterns: list[URLPattern] = [
    path("", overview.page, name="overview"),
    path("overview/live/", overview.poll, name="overview-live"),
    path("live/", session.header, name="live"),
    path("find/", palette.find, name="find"),
    # people and browsers
    path(
        "login/",
        LoginView.as_view(template_name="admin/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("second-factor/", second_factor.page, name="second-factor"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", session.ChangePassword.as_view(), name="password"),
    path("sessions/", sessions.page, name="sessions"),
    path("theme/", session.theme, name="theme"),
    path("language/", login_not_required(set_language), name="language"),
    # accounts, and from them to a run
    path("accounts/", accounts.page, name="accounts"),
    path("accounts/rows/", accounts.rows, name="accounts-rows"),
    path("accounts/live/", accounts.poll, name="accounts-live"),
    path("accounts/columns/", columns.choose, name="accounts-columns"),
    path("accounts/views/", saved_views.save, name="view-save"),
    path("accounts/views/<id:pk>/delete/", saved_views.delete, name="view-delete"),
    path("accounts/<id:pk>/", account.page, name="account"),
    path("accounts/<id:pk>/choose/", choice.choose, name="account-choose"),
    path("accounts/<id:pk>/forget/", choice.forget, name="account-forget"),
    path("accounts/choose/", rule_choice.page, name="accounts-choose"),
    path("accounts/bind/", bind.selected, name="bind"),
    path("accounts/retry/", retry.selected, name="accounts-retry"),
    path("accounts/clients/", clients.page, name="clients"),
    path("accounts/clients/live/", clients.poll, name="clients-live"),
    path("accounts/clients/create/", clients.create, name="clients-create"),
    path("accounts/csv/", bind.from_csv, name="bind-csv"),
    path("accounts/csv/template.csv", bind.template, name="csv-template"),
    path("previews/<id:pk>/", previews.page, name="preview"),
    path("previews/<id:pk>/rows/<id:number>/password/", row_passwords.one, name="row-password"),
    path("previews/<id:pk>/passwords/", row_passwords.listed, name="preview-passwords"),
    path("previews/<id:pk>/passwords/reset/", row_passwords.reset, name="preview-reset-passwords"),
    path("previews/<id:pk>/passwords/none/", row_passwords.without, name="preview-no-passwords"),
    path("previews/<id:pk>/anew/", previews.anew, name="preview-anew"),
    path("previews/<id:pk>/confirm/", previews.confirm, name="preview-confirm"),
    path("previews/<id:pk>/export.csv", previews.export, name="preview-export"),
    path("previews/<id:pk>/live/", rehearsals.poll, name="preview-live"),
    path("previews/<id:pk>/making/", making_page.poll, name="preview-making"),
    path("previews/<id:pk>/rehearse/", rehearsals.again, name="preview-rehearse"),
    path("previews/<id:pk>/start/", previews.start, name="preview-start"),
    path("previews/<id:pk>/starting/", starting_page.poll, name="preview-starting"),
    # runs and bindings
    path("runs/", runs.page, name="runs"),
    path("runs/live/", runs.poll, name="runs-live"),
    path("runs/<id:pk>/", run.page, name="run"),
    path("runs/<id:pk>/live/", run.poll, name="run-live"),
    path("runs/<id:pk>/retry/", run.retry, name="run-retry"),
    path("runs/<id:pk>/export.csv", run.export, name="run-export"),
    path("runs/<id:pk>/report/", run_report.page, name="run-report"),
    path("runs/<id:pk>/guided/", guided.page, name="guided"),
    path("runs/<id:pk>/guided/live/", guided.poll, name="guided-live"),
    path("runs/<id:pk>/guided/go-on/", guided.go_on, name="guided-go-on"),
    path("runs/<id:pk>/guided/stop/", guided.stop, name="guided-stop"),
    path("runs/<id:pk>/<slug:action>/", run.act, name="run-act"),
    path("bindings/<id:pk>/", binding.page, name="binding"),
    path("bindings/<id:pk>/live/", binding.poll, name="binding-live"),
    path("bindings/<id:pk>/retry/", binding.retry, name="binding-retry"),
    path("bindings/<id:pk>/adopt/", decisions.adopt, name="binding-adopt"),
    path("bindings/<id:pk>/options/", decisions.options, name="binding-options"),
    path("bindings/<id:pk>/try-again/", decisions.try_again, name="binding-try-again"),
    path("bindings/<id:pk>/undo/", undo.page, name="undo"),
    path("bindings/<id:pk>/undo/manual/", undo.manual, name="undo-manual"),
    path("bindings/<id:pk>/undo/release/", undo.release, name="undo-release"),
    # windows, panels, plan map, events, people
    path("windows/", windows.page, name="windows"),
    path("windows/live/", windows.poll, name="windows-live"),
    path("windows/<id:pk>/", window.page, name="window"),
    path("windows/<id:pk>/read/", window.read_again, name="window-read"),
    path("windows/<id:pk>/seen/", window.seen, name="window-seen"),
    path("strangers/<id:pk>/hand-over/", window.hand_over, name="stranger-hand-over"),
    path("windows/<id:pk>/restore/", windows.restore, name="window-restore"),
    path("windows/<id:pk>/keep-waiting/", windows.keep_waiting, name="window-keep-waiting"),
    path("panels/", panels.page, name="panels"),
    path("panels/live/", panels.poll, name="panels-live"),
    path("panels/discover/", panels.discover_all, name="panels-discover"),
    path("panels/add/", connection.add, name="panel-add"),
    path("panels/<id:pk>/certificate/", connection.certificate, name="panel-certificate"),
    path("panels/<id:pk>/trust/", connection.trust, name="panel-trust"),
    path("panels/<id:pk>/", panel.page, name="panel"),
    path("panels/<id:pk>/check/", panel.check, name="panel-check"),
    path("panels/<id:pk>/discover/", panel.discover, name="panel-discover"),
    path("panels/<id:pk>/change/", panel.change, name="panel-change"),
    path("panels/<id:pk>/link/", panel.link, name="panel-link"),
    path("panels/<id:pk>/dialect/", dialect.correct, name="panel-dialect"),
    path("panels/<id:pk>/report/", dialect.report, name="panel-report"),
    path("drift/", drift.page, name="drift"),
    path("drift/live/", drift.poll, name="drift-live"),
    path("drift/compare/", drift.compare, name="drift-compare"),
    path("drift/<id:pk>/accept/", drift.accept, name="drift-accept"),
    path("changes/", changes.page, name="changes"),
    path("plan-map/", plan_map.page, name="plan-map"),
    path("plan-map/change/", plan_map.change, name="plan-map-change"),
    path("events/", events.page, name="events"),
    path("people/", people.page, name="people"),
    path("people/<id:pk>/", people.change, name="person"),
    # for machines
    path("healthz", monitoring.healthz, name="healthz"),
    path("readyz", monitoring.readyz, name="readyz"),
    path("metrics", monitoring.metrics, name="metrics"),
]
