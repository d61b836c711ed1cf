"""From accounts to a preview: the choices for ticked accounts, or for a CSV file."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.shortcuts import redirect, render

from integrator.core.errors import Refused
from integrator.matching.candidates import unbound
from integrator.models import Account
from integrator.previews import making, preview
from integrator.previews.csv import password_list, reader, writer
from integrator.web.accounts import selection
from integrator.web.layout.access import Role, needs
from integrator.web.layout.download import csv_download
from integrator.web.previews import making_page
from integrator.web.previews.choices_form import ChoicesForm, CsvForm, SelectedForm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http import HttpResponse, StreamingHttpResponse

    from integrator.models import Preview
    from integrator.web.layout.access import Request


@needs(get=Role.OPERATOR, post=Role.OPERATOR)
def selected(request: Request) -> HttpResponse:
    """The choices for ticked accounts; with the choices made, their preview."""
    if request.method == "GET":
        return redirect("accounts")
    chosen = selection.read(request.POST)
    form = SelectedForm(request.POST if "token" in request.POST else None)
    context = {
        "section": "accounts",
        "form": form,
        "chosen": chosen,
        "ids": [] if chosen.everything else request.POST.getlist("account"),
    }
    if form.is_valid() and not chosen.drifted:
        with _refusals_in(form):
            given = password_list.read(form.cleaned_data["password_list"], chosen.free)
            made = _previewed(form, chosen, request.user.get_username(), given)
            return redirect("preview", made.pk)
    return render(request, "previews/bind.html", context)


def _previewed(
    form: SelectedForm, chosen: selection.Selection, actor: str, given: Mapping[int, str]
) -> Preview:
    """The preview of these accounts; of many it is not made yet. Raises Refused."""
    wanted = form.choices(), chosen.free, actor, form.cleaned_data["token"]
    return making_page.made_or_asked(
        chosen.free.count(),
        lambda: preview.make(*wanted, passwords=given),
        lambda: making.ask_for(*wanted, given),
    )


@needs(get=Role.OPERATOR, post=Role.OPERATOR)
def from_csv(request: Request) -> HttpResponse:
    """The choices and the file; a file with errors changes nothing and is shown line by line."""
    form = CsvForm(request.POST or None, files=request.FILES or None)
    context = {
        "section": "accounts",
        "form": form,
        "columns": reader.REQUIRED,
        "optional": reader.OPTIONAL,
    }
    if request.method == "POST" and form.is_valid():
        with _refusals_in(form):
            return redirect("preview", _previewed_csv(form, request.user.get_username()).pk)
    return render(request, "previews/csv.html", context)


def _previewed_csv(form: CsvForm, actor: str) -> Preview:
    """The preview of the form's file; of many lines it is not made yet. Raises Refused."""
    values = form.cleaned_data
    data = values["file"].read()
    wanted, skip_bad = (form.choices(), data, actor, values["token"]), values["skip_bad_lines"]
    return making_page.made_or_asked(
        data.count(b"\n"),
        lambda: preview.make_from_csv(*wanted, skip_bad=skip_bad),
        lambda: making.ask_for_csv(*wanted, skip_bad=skip_bad),
    )


@needs(get=Role.OPERATOR)
def template(request: Request) -> StreamingHttpResponse:
    """A CSV file to fill in: the columns alone, or with every account that is not bound."""
    accounts = unbound() if "accounts" in request.GET else Account.objects.none()
    return csv_download(request, writer.template(accounts), "accounts.csv")


@contextmanager
def _refusals_in(form: ChoicesForm) -> Iterator[None]:
    """Turn a refusal into an error of the form, which is then shown again."""
    try:
        yield
    except Refused as refused:
        form.refused = refused
