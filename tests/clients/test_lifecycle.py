"""Ends and beginnings of processes: exit, crash, signals, forks, and children of multiprocessing."""

import signal
import subprocess
import sys

import pytest

from tests.clients.programs import CLIENT, program
from tests.clients.scripted_server import ScriptedServer, serving, wait_for_release
from tests.support.processes import PATIENCE_SECONDS, free_port

FIRST = "from metrics_dash_client import execute, flush, stats, Client\n"


def names(server: ScriptedServer) -> list[str]:
    return sorted(server.names)


@pytest.mark.parametrize(
    "end",
    ["", "raise SystemExit(0)", "import sys; sys.exit()", "import threading; threading.Thread(target=print).start()"],
)
def test_what_is_held_is_sent_at_exit(scripted: ScriptedServer, end: str) -> None:
    program(f"{FIRST}execute('test.event')\n{end}", METRICS_URL=scripted.url)
    assert scripted.names == ["test.event"]


def test_every_client_is_drained_at_exit(scripted: ScriptedServer) -> None:
    program(
        f"{FIRST}own = Client()\nown.execute('test.own')\nClient().execute('test.lost')\nexecute('test.default')",
        METRICS_URL=scripted.url,
    )
    assert names(scripted) == ["test.default", "test.lost", "test.own"]


def test_an_uncaught_exception_loses_nothing(scripted: ScriptedServer) -> None:
    code = f"{FIRST}import sys\nsys.excepthook = lambda *_: execute('test.crash')\nexecute('test.event')\n1 / 0"
    with pytest.raises(AssertionError):  # it fails, as it should
        program(code, METRICS_URL=scripted.url)
    assert scripted.names == ["test.event", "test.crash"]


@pytest.mark.parametrize("before", ["", "execute('test.event')"], ids=["as the first", "after others"])
def test_an_event_that_comes_after_the_drain_is_not_taken(scripted: ScriptedServer, before: str) -> None:
    said = program(
        "import atexit\natexit.register(lambda: print(execute('test.late'), dict(stats().dropped)))\n"
        f"from metrics_dash_client import execute, stats\n{before}",
        METRICS_URL=scripted.url,
    )
    assert said == "False {'shutdown': 1}\n"
    assert "test.late" not in scripted.names


def test_exit_is_bounded_when_nobody_answers_and_says_what_is_lost() -> None:
    with serving(wait_for_release) as server:
        said = program(
            f"{FIRST}from metrics_dash_client import lifecycle\nlifecycle.drain_all.__defaults__ = (0.2,)\n"
            "execute('test.a')\nwhile not stats().in_flight: flush(0.01)\nexecute('test.b')",
            METRICS_URL=server.url,
        )
        assert "1 events could not be sent before the end, and are lost" in said


def test_a_program_without_a_server_ends_like_any_other() -> None:
    said = program(f"{FIRST}execute('test.event')")
    assert said.count("\n") == 1
    assert "METRICS_URL" in said


def test_a_program_whose_server_is_down_ends_in_time() -> None:
    said = program(
        f"{FIRST}client = Client()\nclient.execute('test.event')\nprint(client.close(0.2), client.stats().balanced)",
        METRICS_URL=f"http://127.0.0.1:{free_port()}",
    )
    assert "False True" in said


FORK = f"""{FIRST}
import os
execute('test.parent')
if {{flushed}}:
    assert flush(30)
child = os.fork()
if child == 0:
    assert stats().offered == 0
    execute('test.child')
    assert flush(30)
    assert stats().accepted == 1 and stats().balanced
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
execute('test.parent')
"""


@pytest.mark.parametrize("flushed", [True, False], ids=["with a connection open", "with an event waiting"])
def test_a_forks_child_starts_empty_with_a_thread_of_its_own_and_the_parent_goes_on(
    scripted: ScriptedServer, flushed: bool
) -> None:
    program(FORK.format(flushed=flushed), METRICS_URL=scripted.url)
    assert names(scripted) == ["test.child", "test.parent", "test.parent"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts open sockets in /proc")
def test_a_forks_child_lets_go_of_its_parents_connection(scripted: ScriptedServer) -> None:
    said = program(
        FIRST + "import os\n"
        "def sockets(): return sum('socket:' in os.path.realpath(f'/proc/self/fd/{n}') for n in range(3, 100))\n"
        "before = sockets()\nexecute('test.event'); flush(30)\nprint(sockets() - before, flush=True)\n"
        "if os.fork() == 0: os._exit(sockets() - before)\n"
        "print(os.wait()[1])\n"
        "execute('test.event'); assert flush(30)",
        METRICS_URL=scripted.url,
    )
    assert said.split() == ["1", "0"]
    assert scripted.connections == 1


def test_a_fork_in_the_middle_of_a_request_sends_it_once() -> None:
    with serving(wait_for_release) as server:
        code = f"""{FIRST}
import os
execute('test.parent')
assert not flush(0)
input()
child = os.fork()
if child == 0:
    execute('test.child')
    assert flush(30)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(stats().in_flight, flush=True)
input()
"""
        with running_program(code, server) as parent:
            assert parent.stdin is not None
            assert parent.stdout is not None
            server.until_asked()
            parent.stdin.write(b"\n")
            parent.stdin.flush()
            assert parent.stdout.readline() == b"1\n"
            server.released.set()
            parent.communicate(b"\n", timeout=PATIENCE_SECONDS)
        assert parent.returncode == 0
        assert names(server) == ["test.child", "test.parent"]


def test_forking_while_other_threads_emit_stops_nobody(scripted: ScriptedServer) -> None:
    program(
        f"""{FIRST}
import os, threading
done, ends = threading.Event(), []
def emit():
    while not done.is_set():
        execute('test.parent')
threads = [threading.Thread(target=emit) for _ in range(3)]
for thread in threads: thread.start()
for _ in range(30):
    child = os.fork()
    if child == 0:
        execute('test.child')
        os._exit(0 if flush(30) and stats().accepted == 1 else 1)
    ends.append(os.waitpid(child, 0)[1])
done.set()
for thread in threads: thread.join()
assert ends == [0] * 30, ends
""",
        METRICS_URL=scripted.url,
    )
    assert scripted.names.count("test.child") == 30


def test_the_thread_that_sends_imports_nothing(scripted: ScriptedServer) -> None:
    """A module that it was loading when the process is copied would stay locked in the child for ever."""
    said = program(
        "import sys, threading, metrics_dash_client\n"
        "imported = []\n"
        "def hear(event, arguments):\n"
        "    if event == 'import' and threading.current_thread() is not threading.main_thread():\n"
        "        imported.append(arguments[0])\n"
        "sys.addaudithook(hear)\n"
        "metrics_dash_client.execute('test.event')\n"
        "assert metrics_dash_client.close()\n"
        "print(imported)",
        METRICS_URL=scripted.url,
    )
    assert said == "[]\n"
    assert scripted.names == ["test.event"]


def test_a_fork_waits_for_a_client_that_another_thread_is_making(scripted: ScriptedServer) -> None:
    program(
        f"{FIRST}import os, threading\n"
        "from metrics_dash_client import default\n"
        "made, begun = default._from_environment, threading.Event()\n"
        "def slowly():\n"
        "    begun.set()\n"
        "    copied.wait(0.5)  # the fork waits for this thread, so nobody says so\n"
        "    return made()\n"
        "copied = threading.Event()\n"
        "default._from_environment = slowly\n"
        "thread = threading.Thread(target=execute, args=('test.parent',))\n"
        "thread.start()\n"
        "begun.wait()\n"
        "child = os.fork()\n"
        "copied.set()\n"
        "if child == 0:\n"
        "    execute('test.child')\n"
        "    os._exit(0 if flush(30) else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "thread.join()",
        METRICS_URL=scripted.url,
    )
    assert names(scripted) == ["test.child", "test.parent"]


def test_a_closed_client_stays_closed_in_the_child(scripted: ScriptedServer) -> None:
    program(
        f"{FIRST}import os\nclient = Client()\nclient.close()\n"
        "if os.fork() == 0: os._exit(client.execute('test.event'))\n"
        "assert os.wait()[1] == 0",
        METRICS_URL=scripted.url,
    )
    assert scripted.requests == []


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_drain_at_their_end(scripted: ScriptedServer, method: str) -> None:
    program(
        f"{FIRST}import multiprocessing\n"
        f"if __name__ == '__main__':\n"
        f"    execute('test.parent')\n"
        f"    context = multiprocessing.get_context('{method}')\n"
        f"    child = context.Process(target=execute, args=('test.child',))\n"
        f"    child.start(); child.join()\n"
        f"    assert child.exitcode == 0",
        METRICS_URL=scripted.url,
    )
    assert names(scripted) == ["test.child", "test.parent"]


def test_a_signal_handler_may_emit_whatever_it_interrupts(scripted: ScriptedServer) -> None:
    said = program(
        f"""{FIRST}
import signal
client = Client(buffer_events=10**6, buffer_bytes=2**30)
seen = []
def handler(number, frame):
    seen.append(client.execute('test.signal'))
    client.execute('Not A Name')
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
number = 0
while len(seen) < 2000:
    number += client.execute('test.event')
signal.setitimer(signal.ITIMER_REAL, 0)
assert all(seen)
assert client.close(60)
stats = client.stats()
assert stats.balanced
assert stats.accepted == number + len(seen), (stats, number, len(seen))
assert dict(stats.refused) == {{'invalid': len(seen)}}
print('ok')
""",
        METRICS_URL=scripted.url,
    )
    assert "ok" in said


def test_sigterm_turned_into_an_exit_drains() -> None:
    with serving() as server:
        code = f"""{FIRST}
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
execute('test.event')
print('ready', flush=True)
while True: signal.pause()
"""
        with running_program(code, server) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == b"ready\n"
            running.send_signal(signal.SIGTERM)
            assert running.wait(PATIENCE_SECONDS) == 0
        assert server.names == ["test.event"]


def running_program(code: str, server: ScriptedServer) -> "subprocess.Popen[bytes]":
    environment = {"PYTHONPATH": str(CLIENT), "METRICS_URL": server.url}
    return subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
