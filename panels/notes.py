"""Notes: this package's own texts on errors and on where a name was found.

A note is its English text, so that it is shown and logged as any text, and knows its key and what
it names, so that a caller with a catalogue can translate it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues of others; it stays as it is."""
    return text


_ = gettext_noop

TEXTS: Mapping[str, str] = {
    # before anything was sent
    "address.not_http": _("the address is not an http(s) URL"),
    "address.login": _("the address may not carry a login or a query"),
    "address.plain_http": _("plain http is not allowed for this panel"),
    "address.unresolved": _("%(host)s cannot be resolved: %(why)s"),
    "address.forbidden": _("%(host)s is %(address)s, which %(why)s"),
    "address.link_local": _("is link-local or a metadata service"),
    "address.itself": _("is this machine itself"),
    "address.private": _("is in a private range"),
    "address.not_public": _("is not a public address"),
    "connection.late": _("no connection within %(seconds)s s"),
    "connection.none": _("no connection in time"),
    "connection.failed": _("no connection: %(why)s"),
    "certificate.ca_file": _("the CA file cannot be used: %(why)s"),
    "certificate.pin": _("the pin is not a SHA-256 in hex"),
    "certificate.handshake": _("TLS handshake failed: %(why)s"),
    "certificate.unreadable": _("the certificate cannot be read"),
    "certificate.untrusted": _("the certificate is not trusted: %(why)s"),
    "certificate.other": _("the certificate is not the pinned one"),
    "send.too_late": _("the time in which it could be sent had passed"),
    "send.no_place": _("no free place in %(seconds)d s: the panel is busy"),
    "login.unclear": _("no login before it could be sent: %(why)s"),
    "login.new_password": _("the login's password has expired"),
    # answers that did not come, or cannot be understood
    "answer.late": _("no answer in time"),
    "answer.broken_off": _("the connection broke: %(why)s"),
    "answer.too_large": _("the answer is too large: %(why)s"),
    "answer.announced": _("it has %(bytes)s bytes, and may have %(most)d"),
    "answer.bytes": _("it has more than %(most)d bytes"),
    "answer.tags": _("it has more than %(most)d tags in %(bytes)d bytes"),
    "answer.attributes": _("it has more than %(most)d attributes in %(bytes)d bytes"),
    "answer.rows": _("the page has more than %(most)d rows"),
    "answer.too_deep": _("the answer is nested too deeply"),
    "answer.broken": _("broken XML"),
    "answer.html": _("the answer is HTML"),
    "answer.empty": _("the answer is empty"),
    "answer.no_xml": _("the answer is not a panel's XML"),
    "answer.updating": _("the panel is being updated"),
    "answer.web_page": _("the answer is a web page"),
    "answer.redirect": _("redirect (HTTP %(status)d), not followed"),
    "answer.unclear": _("the answer neither confirms nor refuses"),
    "answer.no_session": _("the answer gives no session; perhaps it asks for a second factor"),
    "answer.is_form": _("the answer is a form, not a list"),
    "answer.is_list": _("the answer is a list, not a form"),
    "answer.no_number": _("the answer has no number in %(name)s"),
    "answer.nobody": _("the answer does not say who is logged in"),
    "answer.other_user": _("the answer is not about user %(user)d"),
    "form.lacks": _("lacks %(names)s"),
    # lists, rows and cells
    "list.unfinished": _("the list cannot be read to its end: %(why)s"),
    "list.vanished": _("rows vanished while it was read"),
    "list.unsorted": _("it is not sorted as asked"),
    "list.repeated": _("a page brought nothing new"),
    "list.short": _("%(count)d of %(total)d rows were given"),
    "list.cut_unsorted": _("the list is cut, perhaps before it is sorted"),
    "list.ended": _("it ends too early"),
    "list.one_row": _("one row does not show that it descends"),
    "list.cut_above": _("the list is cut before it goes down so far"),
    "list.rising": _("it does not descend"),
    "list.cut": _(
        "the panel cuts this list at %(count)d rows, and no filter was found that shows the rest"
    ),
    "list.no_column": _("no row has the column %(column)s"),
    "list.no_owners": _("services do not say whose they are"),
    "row.unreadable": _("a row cannot be read: %(cell)s"),
    "row.cell": _("%(func)s %(row)s: %(column)s %(what)s"),
    "row.cell_shown": _("%(func)s %(row)s: %(column)s %(what)s: “%(value)s”"),
    "row.nameless": _("(without id and name)"),
    "cell": _("column %(column)s %(what)s"),
    "cell.shown": _("column %(column)s %(what)s: “%(value)s”"),
    "cell.missing": _("is missing"),
    "cell.no_flag": _("is neither on nor off"),
    "cell.no_number": _("is not a number"),
    "cell.no_amount": _("is not an amount"),
    "cell.no_date": _("is not a date"),
    "cell.no_status": _("is no status of a service"),
    "cell.no_currency": _("is in a currency that is not known"),
    "cell.too_large": _("is too large an amount"),
    "cell.no_one_owner": _("names a client by a name that not just one client has"),
    "cell.no_service": _("does not say which service it is for"),
    "marker.none": _("no column tells what is enabled"),
    "marker.says_nothing": _("no column tells what is enabled: %(columns)s say neither on nor off"),
    "marker.code": _("column %(column)s says neither on nor off: %(code)s"),
    # where a name was found, or why it was not
    "place.administrator": _("set by an administrator"),
    "place.list": _("%(func)s list"),
    "place.form": _("%(func)s form"),
    "place.toolbar": _("toolbar of %(func)s"),
    "place.task_form": _("the task's form"),
    "place.opens": _("%(func)s opens with it"),
    "place.as_client": _("%(place)s, as a client"),
    "place.as_staff": _("%(place)s, as the staff login"),
    "place.addresses": _("addresses in the modules' settings"),
    "place.refused": _("the list %(func)s was refused"),
    "place.no_client": _("there is no active client to ask as"),
    "place.no_su": _("the login may not act as a client (su)"),
    "place.neither": _("as a client neither is there: %(names)s"),
    "place.no_form": _("none of these is its form: %(names)s"),
    "place.several": _("%(place)s: which of these is it? %(names)s"),
    "place.no_function": _("%(place)s: no function of this login's speaks of modules"),
    "place.unopened": _("%(place)s: could not be opened with a plan: %(names)s"),
    "place.shown": _("%(place)s shows this login: %(names)s"),
    "place.nothing": _("nothing"),
    "place.no_task": _("no open activation task to look at; the first one will show it"),
    "place.no_department": _("task.filter form offers no department"),
    "place.no_ispmanager": _("no module is called after ispmanager, or has the address of one"),
    # markers of a plan's modules
    "marker.all_on": _(
        "every module that was seen is on: what is off shows when the manual module is made"
    ),
    "marker.not_compared": _("processingmodules and the plans' modules could not be compared"),
    "marker.plans": _("plans compared: %(count)d"),
    "marker.plans_but": _("plans compared: %(count)d, without plan %(plans)s"),
    "marker.agrees": _("says the same as processingmodules (%(plans)s)"),
    "marker.disagrees": _("no column says the same as processingmodules (%(plans)s): %(columns)s"),
    "marker.column": _("%(column)s (on: %(on)s; off: %(off)s)"),
    "marker.listed": _("each list holds what processingmodules tells (%(plans)s)"),
}
"""English text by key; marked for translation here, since it stands here alone."""


class Note(str):
    """A text of this package, with its key and what it names.

    That is text, numbers, other notes, or several of these, which are joined by “; ”.
    """

    __slots__ = ("key", "params")

    key: str
    params: Mapping[str, Any]

    def __new__(cls, key: str, params: Mapping[str, Any]) -> Self:
        """Make it; ``note`` does so. Raises LookupError where no text has this key, or names it."""
        made = super().__new__(
            cls, TEXTS[key] % {name: _shown(one) for name, one in params.items()}
        )
        made.key, made.params = key, dict(params)
        return made

    def __reduce__(self) -> tuple[type[Note], tuple[str, Mapping[str, Any]]]:
        """Support copying and pickling."""
        return type(self), (self.key, self.params)

    def to_json(self) -> dict[str, Any]:
        """Give plain values for storage."""
        return {"key": self.key, "params": {name: stored(one) for name, one in self.params.items()}}


def note(key: str, **params: str | int | tuple[Note, ...]) -> Note:
    """The note of this key that names these. Raises LookupError unless the text names them."""
    return Note(key, params)


def _shown(value: str | int | tuple[Note, ...]) -> str | int:
    return "; ".join(value) if isinstance(value, tuple) else value


def stored(value: str | int | tuple[Note, ...]) -> Any:
    """The stored form of a note, or of a parameter."""
    if isinstance(value, tuple):
        return [one.to_json() for one in value]
    return value.to_json() if isinstance(value, Note) else value


def restored(value: Any) -> Any:
    """The note that `stored` wrote; one that this version does not have is its key."""
    if isinstance(value, list):
        return tuple(restored(one) for one in value)
    if not isinstance(value, dict):
        return value
    try:
        return Note(value["key"], {name: restored(one) for name, one in value["params"].items()})
    except (LookupError, TypeError):
        return str(value.get("key", ""))
