"""Clients as a hosting provider's books hold them: persons and firms, in all alphabets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from panels.sandbox.world import records as r

if TYPE_CHECKING:
    import random

    from panels.sandbox.world.world import World

# fmt: off
_GIVEN = (
    "Anna", "Борис", "Çağla", "Dmitri", "Елена", "Félix", "Галина", "Hugo", "Ирина", "João",
    "Ксения", "Léa", "Мария", "Nikita", "Ольга", "Paweł", "Rosalía", "Сергей", "Tamara", "Виктор",
    "Zoë", "Aleksandra", "Søren", "Юлия", "Ngọc",
)
_FAMILY = (
    "Adler", "Белов", "Costa", "D'Angelo", "Егоров", "Fischer", "Громов", "Hansen", "Иванов",
    "Jensen", "Козлов", "Lang", "Морозов", "Novák", "Орлов", "Petrov", "Riedel", "Соколов",
    "Tanaka", "Волков", "Weiß", "Zimin", "Müller", "Łapiński", "Ó Briain", "Šimić", "Αντωνίου",
    "García-López", "Håkansson", "Nguyễn",
)
_MIDDLE = "ABCDEFGHIJKLMNOPRSTUVWYZ"
_TRADES = ("Bakery", "Consult", "Design", "Логистика", "Media", "Motors", "Optik", "Studio",
           "Строй", "Tours", "Verlag", "Wine")
_HOSTILE = (
    "<script>alert(1)</script>", "'; DROP TABLE users;--", "=cmd|' /C calc'!A0", "\u202eexe.pdf",
    "{{ 7|add:7 }}", "\u200b\u200badmin", "%s%n%(x)d", "Robert\\' OR 1=1", "a" * 200,
)
# fmt: on
MAIL_DOMAINS = ("mail.example", "post.example", "bücher.example", "почта.example", "inbox.example")


def hostile(chance: random.Random) -> str:
    """Text that breaks what does not expect it."""
    return f"{chance.choice(_HOSTILE)} {chance.randrange(10_000)}"


def put_clients(
    world: World, count: int, balance: int, chance: random.Random, *, namesakes: int
) -> None:
    """Add so many clients, each with a user; one in eight has a second one.

    Names are unique but for so many ``namesakes`` in a hundred, who share the name of the client
    before. A firm's user bears a person's own name.
    """
    before = ""
    for number in range(1, count + 1):
        key = world.clients.next_id()
        name = _name(number, chance)
        if number * 37 % 100 < namesakes:  # spread over all numbers
            name = before
        before = name
        world.clients.put(r.Client(key, name, 1, balance, "active", 1.7e9 - number))
        _put_user(world, key, f"u{number}@{chance.choice(MAIL_DOMAINS)}", name, chance)
        if number % 8 == 0:
            _put_user(world, key, f"office{number}@{chance.choice(MAIL_DOMAINS)}", name, chance)
        world.profiles.put(r.Profile(world.profiles.next_id(), key, name, 1))


def _name(number: int, chance: random.Random) -> str:
    if number % 33 == 0:
        return f"{hostile(chance)} {number}"
    if number % 4 == 0:
        return f"{chance.choice(_FAMILY)} {chance.choice(_TRADES)} {number}"
    # The middle names make it one person's: there are more clients than pairs of names.
    middle = f"{_MIDDLE[number % 24]}{_MIDDLE[number // 24 % 24]}{_MIDDLE[number // 576 % 24]}"
    return f"{chance.choice(_GIVEN)} {middle.capitalize()} {chance.choice(_FAMILY)}"


def _put_user(world: World, client: int, email: str, name: str, chance: random.Random) -> None:
    key = world.users.next_id()
    password = "".join(chance.choices("abcdefghjkmnpqrstuvwxyz23456789", k=10))
    login = email if chance.random() < 0.8 else f"login{key}"  # noqa: PLR2004 - most log in by e-mail
    world.users.put(r.User(key, client, login, email, name, password, r.CLIENT_LEVEL))
