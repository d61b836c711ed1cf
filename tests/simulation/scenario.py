"""The scenario of one seed: how many accounts and workers, which faults, who interferes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.batch import SLIPS
from tests.simulation.installation import DIALECTS
from tests.simulation.network import AMBIGUOUS, KINDS, Weather

if TYPE_CHECKING:
    import random

PEOPLE = ("retry", "retry", "pause", "resume", "cancel", "restore", "restore", "keep_waiting",
          "decide", "undo", "undo", "hand")  # fmt: skip
THIRD_PARTIES = ("order", "walk_in", "walk_in", "twin", "pay_same", "take_task", "take_task",
                 "close_task",
                 "activate", "switch", "switch", "close_service", "poor",
                 "expire_sessions")  # fmt: skip


FIRST_CSVS = ("one site twice", "another's site")
"""CSVs that would sell a site which is somebody's already."""

TROUBLED = ("all", "all", "money", "switches", "tasks")
"""Which calls the weather strikes; letters alone, and payments, only where there are any."""


@dataclass(slots=True)
class Scenario:
    """The chances of one run.

    Not everything at once: each seed takes some of the troubles and leaves the others out, so
    that rare paths are not hidden behind frequent ones.

    ``poison``: step 7 of one account ends each process that takes it up. ``closes_refused``: no
    task can be closed. ``away``: from when to when BILLmanager cannot be reached, in seconds from
    the beginning. All three until people put them right, when the storm is over.

    ``refused_leaves``: what an order leaves for which the money is lacking; '' as the dialect has
    it. ``debt``: what each client owes, paid by credit. ``first_csv``: what is wrong with the whole
    CSV that is uploaded first, so that its preview must not let it through. ``one_payer``: all
    accounts are one client's.
    """

    dialect: str
    accounts: int
    workers: int
    payment: str
    balance: int
    passwords: str
    cohort: int
    expires: bool
    hold_letters: bool
    task_delay: float
    close_delay: float
    weather: Weather
    yields: float
    deaths: float
    commits: float
    naps: float
    dropped: float
    doubled: float
    jumps: int
    slips: tuple[str, ...] = ()
    people: list[str] = field(default_factory=list)
    third_parties: list[str] = field(default_factory=list)
    storm: float = 300.0
    behind: float = 0.0
    poison: bool = False
    closes_refused: bool = False
    away: tuple[float, float] = (0.0, 0.0)
    refused_leaves: str = ""
    debt: int = 0
    first_csv: str = ""
    one_payer: bool = False

    @property
    def summary(self) -> str:
        """In a line, for people."""
        return ", ".join(f"{name} {getattr(self, name)}" for name in self.__slots__)


def draw(chance: random.Random, seed: int) -> Scenario:
    """The scenario of a seed; every twentieth is about one rare meeting of troubles."""
    drawn = _drawn(chance)
    if drawn.hold_letters and chance.random() < 0.3:
        drawn.weather.group = "letters"
    meeting = MEETINGS.get(seed % 20)
    if meeting is not None:
        meeting(drawn, chance)
    if drawn.passwords == "reset":
        drawn.slips = ()  # a password that is reset is right
    _draw_more(drawn, chance)
    return drawn


def _draw_more(drawn: Scenario, chance: random.Random) -> None:
    """Troubles that each take something of a scenario for themselves."""
    if drawn.poison:
        drawn.storm = 400.0  # it takes some deaths until a row is given up
    if chance.random() < 0.15:
        drawn.refused_leaves = chance.choice(("line", "line", "nothing"))
        drawn.balance = chance.choice((0, drawn.balance))
    if drawn.payment == "credit" and chance.random() < 0.2:
        drawn.balance, drawn.debt = 0, 300
    if chance.random() < 0.15:
        drawn.first_csv = chance.choice(FIRST_CSVS)
        if drawn.behind:
            drawn.first_csv = FIRST_CSVS[0]  # what no list shows yet nobody can compare with
    if chance.random() < 0.08:
        drawn.weather.kinds, drawn.weather.effects = ("blank", "flood"), False
        drawn.weather.rate, drawn.weather.left = 0.1, 4


def _storm(drawn: Scenario, group: str, kinds: tuple[str, ...] = AMBIGUOUS) -> None:
    """Strike most calls of one group that change something, a few times."""
    weather = drawn.weather
    weather.group, weather.kinds = group, kinds
    weather.effects, weather.rate, weather.left = True, 0.8, 8
    weather.busy = weather.naps = weather.deaths = 0.0  # they would use up what is left


def _impatient(drawn: Scenario, _chance: random.Random) -> None:
    """Clients order by themselves while our orders are lost on the way: what is there is theirs."""
    drawn.third_parties = ["twin"] * 6
    _storm(drawn, "money", ("reset_before",))


def _beside(drawn: Scenario, chance: random.Random) -> None:
    """Clients order the same beside us on a panel that shows it late, and hardly tells whose it is.

    Its lists show no marks, its orders answer no service, and ours take their time.
    """
    drawn.dialect, drawn.behind = "second-form", chance.choice((20.0, 40.0, 60.0))
    drawn.third_parties, drawn.people, drawn.slips = ["twin_before"] * 4, [], ()
    drawn.accounts, drawn.cohort, drawn.storm, drawn.passwords = 6, 2, 400.0, ""
    drawn.deaths = drawn.naps = drawn.commits = drawn.dropped = 0.0
    drawn.poison = drawn.closes_refused = False
    drawn.payment, drawn.balance = "balance", 1_000_000
    _storm(drawn, "orders", ("slow_before",))


def _payers(drawn: Scenario, _chance: random.Random) -> None:
    """Clients pay in by themselves what is credited to them, while answers are lost."""
    drawn.payment, drawn.balance, drawn.third_parties = "credit", 0, ["pay_same"] * 4
    _storm(drawn, "payments")


def _one_payer(drawn: Scenario, _chance: random.Random) -> None:
    """One client has all accounts and no money; orders are refused though each has its credit."""
    drawn.payment, drawn.balance, drawn.one_payer = "credit", 0, True
    drawn.accounts, drawn.cohort, drawn.slips, drawn.third_parties = 4, 100, (), []
    _storm(drawn, "orders", ("access", "reset_before", "http_500"))


def _colleague(drawn: Scenario, _chance: random.Random) -> None:
    """A colleague switches modules while clients are credited, which takes its time."""
    drawn.payment, drawn.balance, drawn.slips = "credit", 0, ()
    drawn.third_parties, drawn.storm = ["switch_in_orders"] * 3, 180.0
    drawn.away, drawn.poison, drawn.behind = (0.0, 0.0), False, 0.0
    drawn.dropped, drawn.passwords, drawn.people = 0.0, "", []
    _storm(drawn, "payments", ("slow_after",))
    drawn.weather.left = 2


def _walk_ins(drawn: Scenario, chance: random.Random) -> None:
    """Strangers order while plans sell manually, and are handed over at once."""
    drawn.third_parties, drawn.people = ["walk_in"] * 4, ["hand"] * 4
    if chance.random() < 0.5:
        _storm(drawn, "starts")


def _regrets(drawn: Scenario, chance: random.Random) -> None:
    """What is bound is undone, and bound anew."""
    drawn.people = ["undo"] * 6
    if chance.random() < 0.5:
        _storm(drawn, "services")


def _closes(drawn: Scenario, chance: random.Random) -> None:
    """Nobody knows whether tasks were taken or closed, and sometimes the panel goes away then."""
    drawn.payment, drawn.balance, drawn.slips = "balance", 1_000_000, ()
    drawn.poison = drawn.closes_refused = False
    _storm(drawn, "tasks", ("http_500_after", "reset_after", "reset_before"))
    if chance.random() < 0.4:
        drawn.away = chance.uniform(4.0, 14.0), 400.0
        drawn.storm, drawn.deaths = 400.0, 0.005


def _late(drawn: Scenario, _chance: random.Random) -> None:
    """Switches come long after anybody expects them."""
    _storm(drawn, "switches", ("lands_late",))
    drawn.weather.very_late = True


def _queued(drawn: Scenario, chance: random.Random) -> None:
    """Orders and payments lie in the panel's queue for minutes, and lists lag behind."""
    drawn.payment = chance.choice(("balance", "credit"))
    drawn.balance = 0 if drawn.payment == "credit" else drawn.balance
    _storm(drawn, "money", ("lands_late", "locked_after"))
    drawn.weather.queue, drawn.weather.left = 560.0, 4
    drawn.storm, drawn.slips, drawn.expires = 400.0, (), False
    drawn.behind = chance.choice((0.0, 5.0, 40.0, 60.0))


def _empty_words(drawn: Scenario, _chance: random.Random) -> None:
    """Orders are confirmed and lead to nothing."""
    _storm(drawn, "orders", ("ignored",))
    drawn.weather.rate, drawn.weather.left = 1.0, 2
    drawn.storm, drawn.slips = 400.0, ()


def _deaf(drawn: Scenario, chance: random.Random) -> None:
    """Switches are answered *ok* and ignored, a few times or for long."""
    _storm(drawn, "switches", ("ignored",))
    drawn.weather.left = chance.choice((1, 3, 6, 12))
    drawn.dropped, drawn.slips = 0.0, ()
    drawn.people, drawn.storm = chance.choice(([], ["restore"] * 3)), 400.0
    if chance.random() < 0.3:
        drawn.third_parties = ["upgrade"]


def _upgraded(drawn: Scenario, _chance: random.Random) -> None:
    """The panel is upgraded while a window is open, and calls things otherwise."""
    drawn.third_parties, drawn.dropped, drawn.storm = ["upgrade", "upgrade"], 0.0, 400.0


def _killing(drawn: Scenario, _chance: random.Random) -> None:
    """One account ends each process that takes up its step 7."""
    drawn.poison, drawn.slips, drawn.closes_refused = True, (), False
    drawn.payment, drawn.balance, drawn.passwords = "balance", 1_000_000, ""
    drawn.weather.rate = drawn.weather.deaths = drawn.weather.naps = 0.0


def _away_early(drawn: Scenario, chance: random.Random) -> None:
    """BILLmanager is away for minutes before anything was ordered."""
    drawn.away, drawn.slips, drawn.storm = (0.0, chance.choice((60.0, 380.0))), (), 400.0
    drawn.weather.rate, drawn.dropped = 0.0, 0.0


def _many(drawn: Scenario, _chance: random.Random) -> None:
    """A cohort of several, which one worker works on side by side."""
    drawn.accounts, drawn.cohort, drawn.workers = 8, 100, 2
    drawn.slips, drawn.closes_refused, drawn.poison = (), False, False


def _in_a_row(drawn: Scenario, chance: random.Random) -> None:
    """Small cohorts take their plan over from one another, and are stopped as they do."""
    drawn.accounts, drawn.cohort, drawn.slips = 8, 2, ()
    drawn.poison, drawn.closes_refused, drawn.storm = False, False, 180.0
    others = chance.choice((["cancel"], ["pause", "resume"], []))
    drawn.people = ["restore_following"] * 4 if chance.random() < 0.7 else others
    if chance.random() < 0.3:
        _storm(drawn, "switches")


def _many_unknown(drawn: Scenario, chance: random.Random) -> None:
    """What was sent for several at once is unknown for all of them, or their worker dies."""
    _many(drawn, chance)
    _storm(drawn, chance.choice(("money", "tasks")))
    drawn.deaths, drawn.commits = chance.choice(((0.0, 0.1), (0.002, 0.03), (0.005, 0.0)))


MEETINGS = {
    1: _queued,
    2: _beside,
    3: _payers,
    4: _killing,
    5: _late,
    6: _away_early,
    7: _walk_ins,
    8: _many,
    9: _closes,
    10: _colleague,
    11: _deaf,
    12: _in_a_row,
    13: _impatient,
    14: _one_payer,
    15: _upgraded,
    17: _regrets,
    18: _many_unknown,
    19: _empty_words,
}
"""By what a seed leaves when it is divided by twenty."""


def _drawn(chance: random.Random) -> Scenario:

    def sometimes(share: float, value: float) -> float:
        return value if chance.random() < share else 0.0

    effects = chance.random() < 0.65
    rates = (0.15, 0.35, 0.7) if effects else (0.02, 0.06, 0.2)
    kinds = KINDS if chance.random() < 0.3 else tuple(chance.sample(KINDS, chance.randint(1, 4)))
    if chance.random() < 0.4:
        kinds = AMBIGUOUS
    return Scenario(
        dialect=chance.choice(DIALECTS),
        accounts=chance.choice((2, 3, 3, 4)),
        workers=chance.choice((2, 2, 3)),
        payment=chance.choice(("balance", "balance", "credit")),
        balance=chance.choice((1_000_000, 1_000_000, 1_000_000, 0, 400)),
        passwords=chance.choice(("", "", "", "", "check", "reset")),
        cohort=chance.choice((2, 100)),
        expires=chance.random() < 0.1,
        hold_letters=chance.random() < 0.3,
        task_delay=chance.choice((0.3, 0.3, 0.3, 2.0, 9.0)),
        close_delay=chance.choice((0.2, 0.2, 0.2, 0.2, 4.0, 4.0, 130.0)),
        weather=Weather(
            rate=sometimes(0.85, chance.choice(rates)),
            kinds=kinds,
            group=chance.choice(TROUBLED),
            effects=effects,
            left=chance.randint(2, 15),
            queue=chance.choice((15.0, 15.0, 120.0, 560.0)),
            very_late=chance.random() < 0.4,
            busy=sometimes(0.1, 0.01),
            deaths=sometimes(0.25, chance.choice((0.05, 0.3))),
            naps=sometimes(0.25, chance.choice((0.05, 0.3))),
        ),
        yields=chance.choice((0.02, 0.1, 0.3)),
        deaths=sometimes(0.5, chance.choice((0.0005, 0.002, 0.005))),
        commits=sometimes(0.3, chance.choice((0.01, 0.03, 0.1))),
        naps=sometimes(0.4, chance.choice((0.0005, 0.002, 0.004))),
        dropped=sometimes(0.3, chance.choice((0.1, 0.5, 1.0))),
        doubled=sometimes(0.4, 0.3),
        jumps=int(sometimes(0.15, chance.randint(1, 3))),
        slips=tuple(chance.choices(SLIPS, k=int(sometimes(0.3, chance.randint(1, 3))))),
        people=chance.choices(PEOPLE, k=int(sometimes(0.5, chance.randint(1, 6)))),
        third_parties=chance.choices(THIRD_PARTIES, k=int(sometimes(0.5, chance.randint(1, 5)))),
        storm=chance.choice((60.0, 180.0, 400.0)),
        behind=sometimes(0.2, chance.choice((5.0, 20.0, 40.0, 60.0))),
        poison=chance.random() < 0.08,
        closes_refused=chance.random() < 0.06,
        away=_away(chance),
    )


def _away(chance: random.Random) -> tuple[float, float]:
    """Sometimes BILLmanager is updated, for minutes, at a time when much is under way."""
    begin = chance.choice((0.0, chance.uniform(0.0, 60.0)))
    length = chance.choice((60.0, 200.0, 400.0)) if chance.random() < 0.1 else 0.0
    return begin, begin + length
