"""How values are shown: state marks, times, money, and text that came from a panel."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django import template
from django.utils import formats, timezone
from django.utils.encoding import iri_to_uri
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from integrator.core.clock import now
from integrator.messages import panel_errors
from integrator.messages.message import of_json
from integrator.messages.names import FIELDS, LOGINS, PARTS, PHASES, SUBJECTS, VERDICTS
from integrator.web.layout import access, live, marks, markup, panel_links
from integrator.web.layout import chrome as chromes
from integrator.web.layout.plain import plain

if TYPE_CHECKING:
    from django.template import Context
    from django.utils.safestring import SafeString

    from integrator.models import Window
    from integrator.web.layout.chrome import Chrome
    from integrator.web.runs.course import Bar

register = template.Library()
register.filter("plain", plain)

OUTCOMES = {
    "done": pgettext_lazy("call", "done"),
    "refused": pgettext_lazy("call", "refused"),
    "unknown": pgettext_lazy("call", "unknown: it may have happened"),
    "not sent": pgettext_lazy("call", "not sent"),
}

MINUTE, HOUR, DAY = 60, 3600, 86400


@register.filter
def lines(value: object) -> str:
    """As ``plain``, for text whose line breaks and tabs mean something."""
    return "\n".join("\t".join(map(plain, line.split("\t"))) for line in str(value).splitlines())


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing from the sheet in ``base.html``."""
    return marks.icon(name)


@register.simple_tag
def linked(text: object, address: str) -> SafeString | str:
    """A name or number as a link to where a panel shows it; as it is where there is no address."""
    if not address:
        return plain(text)
    link = '<a href="{}" target="_blank" rel="noreferrer noopener">{}{}{}</a>'
    hidden = format_html('<span class="unseen"> {}</span>', gettext("(in the panel)"))
    return format_html(link, iri_to_uri(address), plain(text), marks.icon("link"), hidden)


@register.simple_tag(takes_context=True)
def panel_link(
    context: Context, kind: str, number: int | None, text: object = None
) -> SafeString | str:
    """The number of a service, task or client, or this name of it, as a link to BILLmanager."""
    address = panel_links.address(context["request"], kind, number)
    return linked(text or number or "–", address)


@register.simple_tag
def copier(text: object) -> SafeString:
    """A button that copies this."""
    said = gettext("Copy %s") % plain(text)
    button = '<button type="button" class="copy" data-copy="{}" title="{}">{}{}</button>'
    hidden = format_html('<span class="unseen">{}</span>', said)
    return format_html(button, plain(text), said, marks.icon("copy"), hidden)


@register.simple_tag
def mark(state: str, word: str = "", detail: object = "", title: str = "") -> SafeString:
    """The glyph and word of a state; ``detail`` is panel text or a step's name."""
    return marks.state_mark(str(state), str(word), plain(detail), str(title))


@register.simple_tag
def strip(states: tuple[str, ...]) -> SafeString:
    """The eight cells."""
    return marks.strip(tuple(states))


@register.filter
def word(state: str) -> str:
    """The word for a state."""
    return marks.gettext_word(state)


@register.filter
def field(name: str) -> str:
    """What people call a column; a panel's own name stays as it is."""
    return plain(FIELDS.get(name, name))


@register.filter
def phase(name: str) -> str:
    """The phase of a discovery; one of another version stays as it is."""
    return plain(PHASES.get(name, name))


@register.filter
def subject(name: str) -> str:
    """What people call the things that an event is about."""
    return plain(SUBJECTS.get(name, name))


@register.filter
def name(value: object) -> SafeString:
    """A name from a panel within a sentence: cut where there is no room, whole on hover."""
    return format_html('<bdi class="name" title="{0}">{0}</bdi>', plain(value))


@register.simple_tag(takes_context=True)
def chrome(context: Context) -> Chrome:
    """What the header shows."""
    return chromes.of(context["request"])


@register.simple_tag(takes_context=True)
def poll_pace(context: Context) -> int:
    """Seconds between two polls: what the page said, else by what the header shows."""
    pace: int | None = context.get("pace")
    return pace or live.pace_of(context["request"], busy=False)


@register.filter
def can(user: Any, role: str) -> bool:
    """Whether a button is worth showing; the view checks again."""
    return access.role_of(user) >= access.GROUPS[role]


@register.filter
def role_word(user: Any) -> str:
    """The role of a person in words."""
    return str(access.ROLE_WORDS[access.role_of(user)])


@register.filter
def ago(at: dt.datetime | None) -> str | SafeString:
    """How long ago, with the exact time on hover; ``static/app.js`` keeps it fresh."""
    if at is None:
        return "–"
    exact = formats.date_format(timezone.localtime(at), "DATETIME_FORMAT")
    return format_html(
        '<time datetime="{}" title="{} {}" data-ago>{}</time>',
        at.isoformat(timespec="seconds"),
        exact,
        timezone.localtime(at).tzname(),
        ago_words((now() - at).total_seconds()),
    )


def ago_words(seconds: float) -> str:
    """A span in the past in its largest unit."""
    if seconds < MINUTE:
        return gettext("just now")
    if seconds < HOUR:
        return gettext("%d min. ago") % (seconds // MINUTE)
    if seconds < DAY:
        return gettext("%d hr. ago") % (seconds // HOUR)
    days = int(seconds // DAY)
    return ngettext("%d day ago", "%d days ago", days) % days


@register.filter
def clock(at: dt.datetime | None) -> str | SafeString:
    """The time of day, with the whole date on hover."""
    return _time_of_day(at, "%H:%M", "seconds")


@register.filter
def exact(at: dt.datetime | None) -> str | SafeString:
    """The time of day to the second, with the whole date on hover."""
    return _time_of_day(at, "%H:%M:%S", "milliseconds")


def _time_of_day(at: dt.datetime | None, shape: str, precision: str) -> str | SafeString:
    """A time in this shape, before the last day with its date; ``precision``: of the element's."""
    if at is None:
        return "–"
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{} {}">{}</time>',
        at.isoformat(timespec=precision),
        formats.date_format(local, "DATETIME_FORMAT"),
        local.tzname(),
        local.strftime(shape if (now() - at).total_seconds() < DAY else f"%d.%m. {shape}"),
    )


@register.filter
def hours(text: str) -> str:
    """Hours of a run, ``HH:MM-HH:MM`` in UTC, and the same in the reader's time zone today."""
    if not text:
        return ""
    today = now().astimezone(dt.UTC).date()
    times = [
        dt.datetime.combine(today, dt.time.fromisoformat(one), dt.UTC) for one in text.split("-")
    ]
    begin, end = (timezone.localtime(one) for one in times)
    if not begin.utcoffset():
        return f"{text} UTC"
    return gettext("%(hours)s UTC, which is %(begin)s–%(end)s %(zone)s") % {
        "hours": text, "begin": f"{begin:%H:%M}", "end": f"{end:%H:%M}",
        "zone": timezone.get_current_timezone_name()}  # fmt: skip


@register.filter
def milliseconds(seconds: float) -> str:
    """A length of time as calls to panels have it."""
    return gettext("%s ms") % formats.number_format(round(seconds * 1000), force_grouping=True)


@register.filter
def short_span(seconds: float) -> str:
    """As ``span``; what is shorter than a second in milliseconds."""
    return milliseconds(seconds) if seconds < 1 else span(seconds)


@register.filter
def bar_words(bar: Bar) -> str:
    """A window of a run's course: when it began, how many bindings it had, how long it took.

    Not a template of its own: a page has hundreds of bars, each drawn and told, with every poll.
    """
    words = ngettext(
        "%(n)s binding in %(span)s, %(manual)s of it manually",
        "%(n)s bindings in %(span)s, %(manual)s of it manually",
        bar.cohort,
    ) % {
        "n": bar.cohort, "span": short_span(bar.seconds), "manual": short_span(bar.manual_seconds)
    }  # fmt: skip
    return f"w{bar.window}, {timezone.localtime(bar.begun_at):%H:%M:%S}: {words}"


@register.filter
def indented(text: str) -> str:
    """Markup laid out for reading, see ``markup``; not made plain yet."""
    return markup.indented(text)


@register.filter
def span(seconds: float | None) -> str:
    """A length of time: ``0.4 s``, ``12 s``, ``8 min``, ``2 h 5 min``."""
    if seconds is None:
        return "–"
    if seconds < 10:  # noqa: PLR2004 - below that, tenths tell something
        return gettext("%s s") % formats.number_format(round(seconds, 1), 1)
    if seconds < 2 * MINUTE:
        return gettext("%s s") % formats.number_format(round(seconds))
    minutes = round(seconds / MINUTE)
    if minutes < 2 * MINUTE:
        return gettext("%s min") % minutes
    return gettext("%(hours)s h %(minutes)s min") % {
        "hours": formats.number_format(minutes // 60), "minutes": minutes % 60}  # fmt: skip


@register.simple_tag
def money(amount: object, currency: object = "") -> str:
    """An amount with its currency, by the reader's habits; a dash when it is not known."""
    if amount is None or amount == "":
        return "–"
    try:
        number = formats.number_format(Decimal(str(amount)), 2, force_grouping=True)
    except InvalidOperation:
        number = plain(amount)
    return f"{number}\u00a0{plain(currency)}" if currency else number


@register.filter
def allowances(limits: dict[str, int]) -> str:
    """What a plan allows, in words where the resource is one of those that are compared."""
    words = {"disc": gettext("%s MiB of disk"), "webdomainlimit": gettext("sites: %s")}
    return ", ".join(
        words[name] % number(amount) if name in words else f"{plain(name)} {number(amount)}"
        for name, amount in limits.items()
    )


@register.filter
def number(value: float | None) -> str:
    """A count with its thousands grouped; a dash when it is not known."""
    return "–" if value is None else formats.number_format(value, force_grouping=True)


@register.filter
def cause(key: str) -> str:
    """What a cause is called."""
    return marks.cause_title(key)


@register.filter
def outcome(value: str) -> str:
    """What became of a call, in words."""
    return str(OUTCOMES.get(value, value))


@register.filter
def outcome_state(value: str) -> str:
    """The state whose mark stands for what became of a call."""
    return {"done": "done", "refused": "failed", "unknown": "undecided"}.get(value, "todo")


@register.filter
def waiting(key: str) -> str:
    """What a binding waits for, in words."""
    return marks.waiting(key)


@register.filter
def role_name(role: access.Role) -> str:
    """A role in words."""
    return str(access.ROLE_WORDS[role])


@register.filter
def manual_only(window: Window) -> float | None:
    """For how many seconds a window let its plan sell manually only; None: it never did."""
    if window.manual_only_at is None:
        return None
    return ((window.manual_only_until or now()) - window.manual_only_at).total_seconds()


EVIDENCE = {
    "service": _("service %s"),
    "charge": _("charge %s"),
    "payment": _("payment %s"),
    "task": _("task %s"),
    "module": _("module %s"),
    "username": _("username %s"),
    "name": "“%s”",
    "modules": "%s",
    "modules_on": _("modules on: %s"),
}


@register.filter
def evidence(found: dict[str, Any]) -> str:
    """The two or three things of a step's evidence that a person looks for first."""
    texts = [str(text) % shown(found[key]) for key, text in EVIDENCE.items() if found.get(key)]
    return ", ".join(texts) or gettext("read back and proven")


@register.filter
def shown(value: object) -> str:
    """A value of the evidence as text, lists and tables included."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, dict):
        return ", ".join(f"{plain(PARTS.get(key, key))} {shown(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        between = "; " if any(isinstance(one, dict) for one in value) else ", "
        return between.join(map(shown, value))
    return "–" if value is None else plain(value)


@register.filter
def place(text: str) -> str:
    """Where a name of the dialect was found, or why it was not; not made plain yet."""
    return str(panel_errors.of_words(text))


@register.filter
def message(stored: dict[str, Any] | str) -> str:
    """A message or reason that is kept in a column beside other things; not made plain yet."""
    return str(of_json(stored))


@register.filter
def fact(value: object, name: str) -> str:
    """A fact of a canary: the verdict on its password in words, all else as ``shown``."""
    if name == "password" and isinstance(value, str):
        return plain(VERDICTS.get(value) or LOGINS.get(value, value))
    return shown(value)
