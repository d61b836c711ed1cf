"""Words for what can be done, by which buttons and fields are recognised: English and Russian.

In labels as people read them, and in internal names, where Russian stands in Latin letters too.
That panels use such words is inferred; none of these names was found in public (billmanager.md 13).
"""

from __future__ import annotations

import re

_START = r"(?:^|[._\- ])"
"""A word begins at the begin of a name, or behind what parts names."""


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(f"{_START}(?:{'|'.join(words)})", re.IGNORECASE)


TAKE = _words(
    *("take", "assign", "get", "perform", "work", "to_work", "accept"),
    *("взять", "назначить", "принять", "в работу", "vzyat", "naznachit", "v_rabotu"),
)
CLOSE = _words(
    *("close", "finish", "done", "complete", "the task is done", "task is done"),
    *("закры", "заверш", "выполнен", "готово", "zakry", "zaversh", "gotovo"),
)
NEXT = _words("next", "snext", "continue", "далее", "дальше", "продолжить", "dalee", "prodolzh")
HARMLESS = _words("print", "history", "help", "refresh", "печать", "история", "справка", "обновить")
"""Buttons that change nothing, so that they are not what takes or closes a task."""
NOTIFY = re.compile(r"notif|mail|letter|уведом|письм|uvedom|pism", re.IGNORECASE)
"""Of boxes that say whether somebody is written to: they do not close a task either."""
STATUS = _words("status", "state", "new_status", "task_status", "статус", "состояние", "sostoyanie")
PERFORMER = re.compile(r"performer|executor|assignee|исполнитель|ispolnitel", re.IGNORECASE)
MODULE = re.compile(r"module|модул|обработчик|obrabotchik", re.IGNORECASE)
OPENING = re.compile(r"activation|service opening|opening of|открыти|активаци", re.IGNORECASE)
MANUAL = re.compile(r"manual|ручн", re.IGNORECASE)

USERNAMES = frozenset({"username", "user_name", "login", "user", "account", "polzovatel"})
PASSWORDS = frozenset({"password", "passwd", "pass", "parol"})
USERNAME = re.compile(r"user_?name$|login$|логин|имя пользователя|пользовател[ья]", re.IGNORECASE)
PASSWORD = re.compile(r"passw(?:or)?d$|пароль", re.IGNORECASE)
OF_ANOTHER = re.compile(
    r"^(?:ftp|db|sql|mail|email|ssh|smtp|old|prev|admin|panel|ipmi)", re.IGNORECASE
)
"""Behind which a login or a password is another one than the account's."""
AGAIN = re.compile(r"confirm|repeat|again|retype|подтвержд|повтор", re.IGNORECASE)

SWITCHES: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (frozenset(on.split()), frozenset(off.split()))
    for on, off in (
        ("resume enable on activate start allow turn_on turnon",
         "suspend disable off deactivate stop forbid deny turn_off turnoff"),
        ("attach link connect bind", "detach unlink disconnect unbind"),
        ("vkl vkluchit vklyuchit podkluchit razreshit",
         "vykl otkl vykluchit vyklyuchit otkluchit otklyuchit zapretit"),
        ("включить подключить разрешить активировать",
         "выключить отключить запретить деактивировать"),
    )
)  # fmt: skip
"""Words for switching on, and for switching off again; each pair is of opposites."""


def way(text: str) -> bool | None:
    """The way of switching that a name, a label or an icon means; None: neither.

    The last part of a name counts, and the whole of a label: "Enable the log" is about a log.
    """
    words = [text.strip().lower(), text.rpartition(".")[2].lower()]
    words += [word.removeprefix("t-").removeprefix("p-") for word in words]
    words += [word.replace(" ", "_").replace("-", "_") for word in words]
    for on, off in SWITCHES:
        if any(word in on for word in words):
            return True
        if any(word in off for word in words):
            return False
    return None
