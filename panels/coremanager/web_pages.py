"""The meaning of a web page that came where data was asked for.

Read by its visible words, over its first bytes alone and in one pass.
"""

from __future__ import annotations

import re

_LOOKED_AT = 32 * 1024
_UNSEEN = ("script", "style", "noscript", "template")
_PASSWORD = re.compile(r"""type\s?=\s?["']?password|name\s?=\s?["']?(?:password|passwd)\b""")
_UPDATING = re.compile(
    r"maintenance|updating|being updated|update (?:is )?in progress|upgrading|being upgraded"
    r"|temporarily unavailable|обновля[ею]т|ид[её]т обновлени|техническ\w{1,4} работ"
    r"|обслуживани|временно недоступ"
)
"""Words for a panel that is at work on itself, in lower case.

BILLmanager that was stopped shows a page "The platform is temporarily unavailable while it is under
maintenance" (ispsystem.com, billmanager-kb, how-to-block-billmanager). The wording while it is
being updated was not found in public: the other words are inferred.
"""


def says_updating(page: bytes) -> bool:
    """Whether a page says that the panel is being updated, and offers no login.

    A page without such words, for instance one that is drawn by a script alone, is taken for the
    login page, as ever.
    """
    text = _decoded(page[:_LOOKED_AT]).lower()
    return _PASSWORD.search(text) is None and _UPDATING.search(_visible(text)) is not None


def _decoded(page: bytes) -> str:
    try:
        return page.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character that the cut left in halves, or a page in the encoding of old Windows.
        cut = error.start >= len(page) - 4
        return page.decode("utf-8" if cut else "cp1251", "replace")


def _visible(text: str) -> str:
    """Give the words between the tags of a page in lower case, scripts and styles left out."""
    words: list[str] = []
    place = 0
    while (start := text.find("<", place)) >= 0:
        words.append(text[place:start])
        end = text.find(">", start)
        if end < 0:
            break
        name = text[start + 1 : start + 12]
        unseen = next((tag for tag in _UNSEEN if name.startswith(tag)), None)
        close = -1 if unseen is None else text.find(f"</{unseen}", end)
        if unseen is not None and close < 0:
            break
        place = end + 1 if unseen is None else close + 1
    else:
        words.append(text[place:])
    return " ".join(" ".join(words).split())
