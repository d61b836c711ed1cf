"""Generation of a world: deterministic from its seed, 100,000 accounts in seconds."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from panels.sandbox.ispmanager.hosting import user_key
from panels.sandbox.world import records as r
from panels.sandbox.world.field import populate
from panels.sandbox.world.oddities import make_odd

if TYPE_CHECKING:
    from panels.sandbox.world.size import Size
    from panels.sandbox.world.world import World

_DAY = 86_400
# fmt: off
_FIRST = (
    "amber", "autumn", "azure", "birch", "bright", "calm", "cedar", "clear", "cobalt", "copper",
    "coral", "crisp", "dawn", "ember", "fern", "flint", "frost", "golden", "granite", "green",
    "harbor", "hazel", "hollow", "indigo", "ivory", "jade", "lake", "lark", "lemon", "linen",
    "lunar", "maple", "meadow", "mint", "misty", "moss", "north", "oak", "ocean", "olive", "opal",
    "pearl", "pine", "plain", "quartz", "quiet", "rapid", "raven", "river", "rose", "ruby",
    "sage", "silver", "snow", "solar", "spruce", "stone", "summer", "swift", "tidal", "velvet",
)
# fmt: on
# fmt: off
_SECOND = (
    "arts", "bakery", "bikes", "books", "cafe", "clinic", "coffee", "crafts", "dental", "design",
    "farm", "films", "florist", "foto", "games", "garden", "gym", "hotel", "house", "jewels",
    "kitchen", "lab", "law", "legal", "lighting", "market", "media", "motors", "music", "optics",
    "paint", "pets", "photo", "pizza", "plumbing", "press", "print", "pub", "radio", "repair",
    "roofing", "sailing", "school", "shop", "studio", "tailor", "tea", "tiles", "tools", "tours",
    "toys", "travel", "tutor", "wine", "wood", "yoga",
)
# fmt: on
# fmt: off
_NAMES = (
    "Anna", "Boris", "Carla", "Dmitri", "Elena", "Felix", "Galina", "Hugo", "Irina", "Jan",
    "Ksenia", "Leo", "Maria", "Nikita", "Olga", "Pavel", "Rosa", "Sergei", "Tamara", "Viktor",
)
# fmt: on
# fmt: off
_SURNAMES = (
    "Adler", "Belov", "Costa", "Dorn", "Egorov", "Fischer", "Gromov", "Hansen", "Ivanov",
    "Jensen", "Kozlov", "Lang", "Morozov", "Novak", "Orlov", "Petrov", "Riedel", "Sokolov",
    "Tanaka", "Volkov", "Weiss", "Zimin", "Müller", "Łapiński",
)
# fmt: on
_PLANS = (("Start", 300), ("Business", 700), ("Pro", 1500), ("Mini", 150), ("Max", 4000))
_LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ23456789"


def generate(world: World, size: Size) -> None:
    """Fill an empty world."""
    chance = random.Random(size.seed)  # noqa: S311 - chance of a rehearsal, no secret
    _staff(world)
    _infrastructure(world, size)
    clients = size.clients or max(1, size.accounts * 9 // 10)
    if size.field:
        populate(world, size, clients)
        return
    _clients(world, clients, size.balance, chance)
    _accounts(world, size, clients, chance)


def _staff(world: World) -> None:
    for key, name in ((1, "Administrators"), (2, "Support"), (3, "Billing")):
        world.departments.put(r.Department(key, name))
    people = (
        (1, "admin", "Administrator", "all", (1, 2)),
        (2, "tasks", "Task robot", "tasks", (2,)),
        (3, "colleague", "Colleague", "all", (1, 2, 3)),
    )
    for key, login, name, rights, departments in people:
        world.users.put(
            r.User(
                id=key,
                client=0,
                login=login,
                email=f"{login}@sandbox.example",
                realname=name,
                password=f"{login}-sandbox",
                level=r.STAFF_LEVEL,
                departments=departments,
                rights=rights,
            )
        )
    world.users.last_id = 7000


def _infrastructure(world: World, size: Size) -> None:
    dialect = world.dialect
    for number, server in enumerate(world.servers, 1):
        world.datacenters.put(r.Datacenter(number, f"DC {number}"))
        world.modules.put(
            r.Module(
                id=world.modules.next_id(),
                name=f"ISPmanager {server}",
                intname=dialect["modules.ispmanager"],
                itemtype="vhost",
                datacenter=number,
                department=1,
                orderpriority=number,
                enabled=True,
                server=server,
            )
        )
    sold = tuple(world.modules.rows)
    other = world.modules.next_id()
    world.modules.put(
        r.Module(other, "DNS", "pmdnsmgr", "dnshost", 1, 1, len(sold) + 1, enabled=True)
    )
    for number in range(size.plans):
        name, monthly = _PLANS[number % len(_PLANS)]
        if number >= len(_PLANS):
            name = f"{name} {number // len(_PLANS) + 1}"
        prices = ((1, monthly), (3, monthly * 3), (6, monthly * 6), (12, monthly * 11))
        world.plans.put(
            r.Plan(
                id=world.plans.next_id(),
                name=name,
                intname=name.lower().replace(" ", "_"),
                itemtype="vhost",
                project=1,
                enabled=True,
                prices=prices,
                modules=sold,
                opennotify="1",
                orderpriority=number + 1,
                preset=name,
                template="@DOMAIN@",
                limits=(("disc", 10240 * (number + 1)), ("webdomainlimit", number + 1)),
            )
        )
        for server in world.servers:
            limits = (("limit_webdomains", str(number + 1)), ("limit_db", str(number + 1)))
            world.presets.put(r.Preset(user_key(server, name), server, name, limits))
    dns = world.plans.next_id()
    world.plans.put(
        r.Plan(
            id=dns,
            name="DNS",
            intname="dns",
            itemtype="dnshost",
            project=1,
            enabled=True,
            prices=((1, 100),),
            modules=(other,),
            opennotify="null",
            orderpriority=size.plans + 1,
            preset="",
            template="@ID@",
        )
    )
    for key, name, module in (
        (1, "Bank transfer", "pmbank"),
        (2, "Card", "pmcard"),
        (3, "Bonus", "pmbonus"),
    ):
        world.paymethods.put(r.PayMethod(key, name, module, 1))


def _clients(world: World, count: int, balance: int, chance: random.Random) -> None:
    choice = chance.choice
    for number in range(count):
        key = world.clients.next_id()
        name = f"{choice(_NAMES)} {choice(_SURNAMES)}"
        email = f"client{number + 1}@mail.example"
        world.clients.put(r.Client(key, name, 1, balance, "active", 1.7e9 - number))
        user = world.users.next_id()
        password = "".join(chance.choices(_LETTERS, k=10))
        world.users.put(r.User(user, key, email, email, name, password, r.CLIENT_LEVEL))
        profile = world.profiles.next_id()
        world.profiles.put(r.Profile(profile, key, name, 1))


def _accounts(world: World, size: Size, clients: int, chance: random.Random) -> None:
    servers = world.servers
    names = [plan.preset for plan in world.plans.all() if plan.preset]
    first_client = min(world.clients.rows)
    choice, randrange = chance.choice, chance.randrange
    odd = 0
    for number in range(size.accounts):
        server = servers[number % len(servers)]
        word = f"{choice(_FIRST)}{choice(_SECOND)}{number + 1}"
        client = world.clients[first_client + number % clients]
        email = f"client{number % clients + 1}@mail.example"
        key = f"{server}/{word}"
        used = randrange(1, 9000)
        world.hosting.put(
            r.HostingUser(
                key,
                server,
                word,
                client.name,
                "root",
                names[number % len(names)],
                "".join(chance.choices(_LETTERS, k=12)),
                email,
                True,  # noqa: FBT003 - a row is made by position, for speed
                10240,
                used,
                1.7e9 - randrange(400) * _DAY,
            )
        )
        domain = f"{word}.example"
        world.webdomains.put(
            r.WebDomain(f"{server}/{domain}", server, number + 1, domain, word, active=True)
        )
        if size.odd and randrange(100) < size.odd:
            make_odd(world, world.hosting[key], odd)
            odd += 1
