"""The supervisor with programs that behave as told, as a process that can be stopped and killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integrator.core.env import BASE_DIR
from integrator.supervisor import liveness
from tests.services.waits import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = f"""
import signal, sys
from functools import partial
from pathlib import Path
from integrator.supervisor import liveness, loop
from integrator.supervisor.child import Program
from integrator.supervisor.loop import Supervisor

def actor(name, *options, **more):
    command = (sys.executable, "{BASE_DIR}/tests/services/scripted_program.py", name, *options)
    return Program(name, command, **more)

def ready_actor(name, *options, **more):
    return actor(name, *options, ready=Path(name + ".up").exists, **more)

def never():
    return False

def run(*stages):
    sys.exit(Supervisor(stages, partial(print, "all ready", flush=True)).run())
"""


class Supervised:
    """One supervisor process; `notes` has one line for each thing that happened."""

    def __init__(self, folder: Path, code: str) -> None:
        self.folder = folder
        with (folder / "out").open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", HEAD + textwrap.dedent(code)],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(BASE_DIR)},
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def notes(self) -> list[str]:
        path = self.folder / "notes"
        return path.read_text().split() if path.exists() else []

    def comes_up(self) -> None:
        assert eventually(lambda: "all ready" in self.out), self.out

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Supervised]]:
    started: list[Supervised] = []

    def begin(code: str) -> Supervised:
        started.append(Supervised(tmp_path, code))
        return started[-1]

    yield begin
    for each in started:
        each.process.kill()
        each.process.wait()


def alive(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stages_start_in_order_and_stop_in_reverse(start: Callable[[str], Supervised]) -> None:
    running = start("""
        job = actor("job", "--exit", "0", once=True)
        run([ready_actor("a")], [job], [ready_actor("b"), ready_actor("c")])
    """)
    running.comes_up()
    assert running.notes[:2] == ["a-begins", "job-begins"]
    assert set(running.notes[2:]) == {"b-begins", "c-begins"}
    assert running.stop() == 0
    assert set(running.notes[4:6]) == {"b-ends", "c-ends"}
    assert running.notes[6:] == ["a-ends"]


def test_ctrl_c_stops_as_well(start: Callable[[str], Supervised]) -> None:
    running = start("run([ready_actor('a')])")
    running.comes_up()
    assert running.stop(signal.SIGINT) == 0
    assert running.notes == ["a-begins", "a-ends"]


def test_it_can_be_stopped_while_it_starts(start: Callable[[str], Supervised]) -> None:
    running = start("run([ready_actor('a')], [actor('b', ready=never)], [actor('c')])")
    assert eventually(lambda: "b-begins" in running.notes), running.out
    assert running.stop() == 0
    assert "c-begins" not in running.notes
    assert "all ready" not in running.out


def test_what_crashes_starts_again_after_a_pause(start: Callable[[str], Supervised]) -> None:
    running = start("run([ready_actor('a', '--exit', '3', '--after', '0.5')])")
    assert eventually(lambda: len(running.notes) >= 2), running.out
    assert "a ended with status 3; starts again in 1 s" in running.out
    assert running.stop() == 0


def test_what_does_not_start_ends_everything(start: Callable[[str], Supervised]) -> None:
    running = start("""
        failing = actor("b", "--say", "no such file", "--exit", "4", ready=never)
        run([ready_actor("a")], [failing], [actor("c")])
    """)
    assert running.process.wait(20) == 1
    assert "b         no such file" in running.out
    assert "b ended with status 4 instead of starting" in running.out
    assert running.notes == ["a-begins", "b-begins", "a-ends"]


def test_what_is_never_ready_ends_everything(start: Callable[[str], Supervised]) -> None:
    running = start("run([actor('a', ready=never, ready_limit=1)])")
    assert running.process.wait(20) == 1
    assert "a is not ready after 1 s" in running.out


def test_what_cannot_be_run_ends_everything(start: Callable[[str], Supervised]) -> None:
    running = start("run([ready_actor('a')], [Program('b', ('/does/not/exist',))])")
    assert running.process.wait(20) == 1
    assert "b cannot be started" in running.out
    assert running.notes == ["a-begins", "a-ends"]


def test_a_failed_job_ends_everything(start: Callable[[str], Supervised]) -> None:
    running = start("run([actor('job', '--exit', '5', once=True)], [actor('b')])")
    assert running.process.wait(20) == 1
    assert running.notes == ["job-begins"]


def test_what_will_not_stop_is_killed_with_all_its_children(
    start: Callable[[str], Supervised],
) -> None:
    running = start("run([actor('a', '--pid', '--fork', '--stubborn', stop_limit=0.5)])")
    assert eventually(lambda: len(running.notes) == 2), running.out
    assert all(alive(pid) for pid in running.notes)
    assert running.stop() == 0
    assert eventually(lambda: not any(alive(pid) for pid in running.notes))


def test_nothing_is_left_when_the_supervisor_itself_is_killed(
    start: Callable[[str], Supervised],
) -> None:
    running = start("""
        stubborn = actor("b", "--pid", "--stubborn", orphan_signal=signal.SIGKILL)
        run([actor("a", "--pid"), stubborn])
    """)
    assert eventually(lambda: len(running.notes) == 2), running.out
    pids = running.notes
    running.stop(signal.SIGKILL)
    assert eventually(lambda: not any(alive(pid) for pid in pids))


ALIVE = '"--alive", silence_limit=1.5, dump_signal=liveness.DUMP_SIGNAL, stop_limit=1'


@pytest.mark.parametrize("how", ["stopped", "holding"])
def test_what_is_there_but_frozen_is_killed_and_started_anew(
    start: Callable[[str], Supervised], how: str
) -> None:
    running = start(f"run([actor('a', '--pid', '--freeze', '{how}', {ALIVE})])")
    assert eventually(lambda: len(running.notes) == 2), running.out
    first, second = running.notes
    assert not alive(first)
    assert re.search(r"a has given no sign of life for [2-9] s: telling it to end", running.out)
    assert "a did not end within 1 s: killing it" in running.out
    assert "a ended with SIGKILL; starts again in" in running.out
    threading.Event().wait(3)  # twice its limit: it lives, and is left alone
    assert running.notes == [first, second]
    assert alive(second)
    assert running.stop() == 0


def test_what_holds_the_interpreter_says_where(start: Callable[[str], Supervised]) -> None:
    running = start(f"run([actor('a', '--pid', '--freeze', 'holding', {ALIVE})])")
    assert eventually(lambda: len(running.notes) == 2), running.out
    assert "scripted_program.py" in running.out
    assert "in hold" in running.out


def test_what_gives_no_sign_but_listens_ends_in_order(start: Callable[[str], Supervised]) -> None:
    running = start("run([actor('a', silence_limit=0.7, stop_limit=5)])")
    assert eventually(lambda: running.notes.count("a-begins") == 2), running.out
    assert running.notes[:3] == ["a-begins", "a-ends", "a-begins"]
    assert "killing it" not in running.out
    assert running.stop() == 0


def test_a_machine_that_slept_has_no_frozen_programs(start: Callable[[str], Supervised]) -> None:
    running = start(f"""
        loop.MAX_TURN = 0.5
        run([ready_actor('a', '--pid', {ALIVE})])
    """)
    running.comes_up()
    (pid,) = running.notes
    for _ in range(2):
        os.kill(running.process.pid, signal.SIGSTOP)
        os.kill(int(pid), signal.SIGSTOP)
        threading.Event().wait(3)  # twice its limit
        os.kill(running.process.pid, signal.SIGCONT)
        threading.Event().wait(0.3)  # the supervisor looks first
        os.kill(int(pid), signal.SIGCONT)
    threading.Event().wait(2)
    assert running.notes == [pid]
    assert "no sign of life" not in running.out
    assert running.stop() == 0


def test_what_runs_by_itself_ends_when_it_freezes(tmp_path: Path) -> None:
    code = f"""
from integrator.supervisor import liveness
liveness.MAX_SILENCE, liveness.INTERVAL = 1.5, 0.2
import sys
sys.path.insert(0, "{BASE_DIR}")
from tests.services import scripted_program
sys.argv = ["actor", "a", "--pid", "--alive", "--freeze", "holding"]
scripted_program.main()
"""
    environ = {**os.environ, "PYTHONPATH": str(BASE_DIR)}
    environ.pop(liveness.PIPE, None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environ, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "in hold" in done.stderr


def test_output_is_passed_on_by_name_also_without_an_end_of_line(
    start: Callable[[str], Supervised],
) -> None:
    running = start("""
        run([ready_actor("a", "--say", "first\\nlast")], [ready_actor("b", "--say", "x" * 100_000)])
    """)
    running.comes_up()
    assert running.stop() == 0
    assert " a         first\n" in running.out
    assert " a         last\n" in running.out
    assert running.out.count("x") == 100_000


def test_a_quiet_program_is_heard_only_when_it_fails(start: Callable[[str], Supervised]) -> None:
    running = start("""
        bad = actor("bad", "--say", "disk full", "--exit", "1", ready=never, quiet=True)
        run([ready_actor("good", "--say", "all is well", quiet=True)], [bad])
    """)
    assert running.process.wait(20) == 1
    assert "disk full" in running.out
    assert "all is well" not in running.out
