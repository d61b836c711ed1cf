"""Writes answers: the ``doc`` node and its parts (billmanager.md 1.3 to 1.6)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from panels.sandbox.http.refusals import Refusal

_SPECIAL = re.compile(r"[&<>\"\x00-\x08\x0b\x0c\x0e-\x1f]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def esc(text: str) -> str:
    """Escape text for an element or an attribute; characters that XML cannot hold are left out."""
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], ""), text)


def element(name: str, text: str | int = "", /, **attributes: str | int) -> str:
    """Write one element with text."""
    marks = "".join(f' {key}="{esc(str(value))}"' for key, value in attributes.items())
    if text == "":
        return f"<{name}{marks}/>"
    return f"<{name}{marks}>{esc(str(text))}</{name}>"


def coded(name: str, code: str | int, label: str) -> str:
    """Write a localised cell that carries its raw code in ``orig``."""
    return f'<{name} orig="{esc(str(code))}">{esc(label)}</{name}>'


def money(minor: int) -> str:
    """Write minor units as the panels do: ``-12.50``."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def slist(name: str, options: Mapping[str, str] | tuple[tuple[str, str], ...]) -> str:
    """Write the options of a select."""
    pairs = options if isinstance(options, tuple) else tuple(options.items())
    values = "".join(f'<val key="{esc(key)}">{esc(label)}</val>' for key, label in pairs)
    return f'<slist name="{esc(name)}">{values}</slist>'


def document(body: str, *, func: str, lang: str, binary: str, params: Mapping[str, str]) -> bytes:
    """Write a whole answer. The request is echoed in ``tparams``, passwords and all, as it is."""
    echo = "".join(
        f"<{key}>{esc(value)}</{key}>" for key, value in params.items() if _NAME.fullmatch(key)
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<doc lang="{lang}" func="{esc(func)}" '
        f'binary="{binary}" host="https://sandbox" themename="dragon" features="sandbox" '
        f'notify="0">{body}<tparams>{echo}</tparams><saved_filters/></doc>\n'
    ).encode()


_NAME = re.compile(r"[A-Za-z_][\w.-]*")


def refusal(problem: Refusal, *, func: str, lang: str, user: str, level: int) -> str:
    """Write an ``error`` node in the shape of billmanager.md 1.4."""
    text = problem.text or "'__object__': __value__"
    shown = text.replace("__object__", problem.about).replace("__value__", problem.value)
    value = element("param", problem.value, name="value") if problem.value else ""
    return (
        f'<error type="{esc(problem.kind)}" object="{esc(problem.about)}" lang="{lang}" '
        f'code="{problem.code}">'
        f'<param name="object" type="msg" msg="{esc(problem.about)}">{esc(problem.about)}</param>'
        f"{value}"
        f'<stack><action level="{level}" user="{esc(user)}">{esc(func)}</action></stack>'
        f"<group>{esc(text)}</group><msg>{esc(shown)}</msg></error>"
    )


def login_page() -> bytes:
    """Write the page that a browser gets when its session is dead (ispmanager.md 1.4)."""
    return (
        b"<!DOCTYPE html>\n<html><head><title>Authorization</title></head><body>"
        b'<form method="post" action="?"><input name="username"/>'
        b'<input type="password" name="password"/><input type="hidden" name="func" value="auth"/>'
        b"</form></body></html>\n"
    )


def updating_page(text: str) -> bytes:
    """Write the page of a panel that is being updated: some words, and nothing to log in with."""
    return f"<!DOCTYPE html>\n<html><body><h1>{esc(text)}</h1></body></html>\n".encode()
