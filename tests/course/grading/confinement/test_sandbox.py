"""The jail and the kernels in it: what they promise, that the probe would see it broken, and refusals in words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.grading.confinement import jail, probe, sandbox, zygote
from armod.course.grading.confinement.jail import Jail, JailError, Zygote
from armod.course.grading.confinement.limits import MIB, Limits
from armod.course.grading.confinement.visible import FIRST_UID, HOME, PACKAGE, masked
from tests.course.grading.arena import IN_A_JAIL, left_behind
from tests.harness.patience import wait_until


@pytest.fixture(autouse=True)
def bubblewrap(require_program) -> None:
    require_program("bubblewrap")


SLEEP = "import time; time.sleep(1000)"


def jailed(program: str = SLEEP, limits: Limits | None = None, **options) -> Jail:
    return Zygote.of_this_process().jail(limits or Limits(), program=program, **options)


def said(program: str, **options) -> str:
    locked = jailed(f"{program}\n{SLEEP}", output=True, **options)
    try:
        return locked.first_line(300)
    finally:
        locked.kill()


def test_the_first_line_is_one_although_several_processes_printed_meanwhile() -> None:
    assert said("import os; os.write(1, b'first\\nsecond\\n')") == "first\n"


def test_every_promise_holds_and_the_command_says_so() -> None:
    outcome = CliRunner().invoke(main, ["doctor", "--sandbox"])
    assert outcome.exit_code == 0, outcome.output
    assert [line.split()[:2] for line in outcome.output.splitlines()[:-2]] == [
        ["ok", name] for name in probe.promises()
    ]
    assert outcome.output.splitlines()[-1] == "All that the sandbox promises holds here."


# What would be wrong with a zygote that lacks a line, by the promise that it breaks.
BROKEN = {
    "network": ('    "network": 0x40000000,\n', ""),
    "files": ("", ""),
    "rights, calls": ("    _refuse_calls()\n", ""),
    "rights, capabilities": ('    _call("capset"', '    (lambda *_: 0)("capset"'),
    "disk": ("size={order['disk']}", "size=1000000000"),
    "sockets": (
        "0, (socket.AF_UNIX, socket.AF_INET)),",
        "0, (socket.AF_UNIX, socket.AF_INET, socket.AF_NETLINK)),",
    ),
    "shared, locks": ('"flock": (73, 32), ', ""),
    "shared, memory": (
        '    "preadv2": ((327, 286), 5, (0,)),',
        '    "preadv2": ((327, 286), 5, (0, os.RWF_NOWAIT)),',
    ),
    "shared, hints": ("(0, 1, 2, 3, 4, 1030, 1032)", "(0, 1, 2, 3, 4, 1030, 1032, 1035)"),
    "memory, semaphores": ('"semget": (64, 190), ', ""),
    "descriptors": ('"NOFILE": order["descriptors"], ', ""),
    "memory": (', "DATA": order["memory"] + _data()', ""),
    "memory, sockets": ("(socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33)", "(socket.SO_RCVBUF,)"),
    "memory, pipes": (' "vmsplice": (278, 75),', ""),
    "forks": ('"NPROC": order["processes"], ', ""),
}


if os.uname().machine == "x86_64":  # others have no second door
    BROKEN["rights, calls of 32 bits"] = ("_MACHINES[name]), refuse]", "_MACHINES[name]), allow]")
THAT_END = probe.attacks(end=True)
MORE = {"files": ["--ro-bind", "/etc", "/etc"], "network": ["--share-net"]}


@pytest.mark.parametrize("name", BROKEN)
def test_the_probe_sees_a_broken_promise(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    broken(monkeypatch, BROKEN[name], more=MORE.get(name, []))
    assert not {promise.name: promise.holds for promise in probe.probe()}[name.split(",")[0]]


def test_the_probe_sees_that_mappings_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jail, "A_MAPPING", 0)
    monkeypatch.setattr(jail, "A_LINK", 0)
    monkeypatch.setattr(probe, "attacks", lambda end=False: THAT_END if end else {})
    with probe.bait() as outside:
        assert probe.found(outside) == {"mappings": ["many mappings of a family of processes"]}


def test_the_attacks_are_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the filter, and with the rights that making a jail takes, they succeed; some need a module that a kernel may lack."""
    assert sum(map(len, probe.attacks().values())) >= 130
    broken(monkeypatch, BROKEN["rights, calls"], BROKEN["rights, capabilities"])
    with probe.bait() as outside:
        got = {promise: len(names) for promise, names in probe.found(outside).items()}
    for promise, least in {"sockets": 2, "shared": 17, "rights": 14, "memory": 8}.items():
        assert got[promise] >= least, got


def broken(monkeypatch: pytest.MonkeyPatch, *edits: tuple[str, str], more: Sequence[str] = ()) -> None:
    """From now on a zygote in whose source something was replaced, and more arguments of bubblewrap's."""
    source = Path(zygote.__file__).read_text()
    for right, wrong in edits:
        assert right in source
        source = source.replace(right, wrong)
    hidden = {folder: {**texts} for folder, texts in masked().items()}
    hidden[PACKAGE / "course" / "grading"]["confinement/zygote.py"] = source
    whole, tried = jail.bubblewrap, probe.attacks()
    monkeypatch.setattr(probe, "attacks", lambda end=False: {} if end else tried)  # no zygote's affair
    monkeypatch.setattr(jail, "masked", lambda: hidden)
    monkeypatch.setattr(jail, "bubblewrap", lambda sources, also: whole(sources, [*more, *also]))


def test_texts_become_files_of_a_user_without_rights() -> None:
    program = "import os; print(open('/run/x').read(), os.getcwd(), os.getuid(), flush=True)"
    assert said(program, texts={"/run/x": "hello"}) == f"hello {HOME} 65534\n"


def test_of_armod_a_jail_sees_the_library_and_what_answers_questions() -> None:
    program = f"""
import json
from pathlib import Path
package = Path({str(PACKAGE)!r})
files = [path.relative_to(package).as_posix() for path in package.rglob("*.py")]
print(json.dumps([files, (package.parent / "notebooks").exists()]), flush=True)
"""
    seen, has_notebooks = json.loads(said(program))
    kept_from_it = ("course/exercises/", "course/grading/")
    found = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    assert {path for path in seen if path.startswith(kept_from_it)} == IN_A_JAIL
    assert {path for path in seen if not path.startswith(kept_from_it)} == {
        path for path in found if not path.startswith(kept_from_it)
    }
    assert {path for path in found if path.startswith(kept_from_it)} > IN_A_JAIL and not has_notebooks


def test_of_the_system_only_programs_and_libraries_are_there() -> None:
    found = said("import os; print(*os.listdir('/usr'), *os.listdir('/usr/local'), flush=True)").split()
    assert "lib" in found and {"src", "games", "include", "sbin", "etc"}.isdisjoint(found)


@pytest.mark.parametrize("place", [Path(sys.prefix), PACKAGE, Path("/usr/share")])
@pytest.mark.parametrize("what", ["submissions", "out", "hidden"])
def test_nobody_marks_where_students_code_can_read(what: str, place: Path, tmp_path: Path) -> None:
    paths = {name: tmp_path / name for name in ("submissions", "out", "hidden")}
    paths[what] = place / "no such folder"
    options = ["--out", paths["out"], "--hidden", paths["hidden"]]
    result = CliRunner().invoke(main, ["grade", *map(str, [paths["submissions"], *options])])
    assert result.exit_code == 2
    assert f"Students' code can read {paths[what]}" in result.stderr
    assert not paths["out"].exists()


def test_jails_of_one_zygote_share_nothing() -> None:
    said("open('/tmp/left', 'w').write('x'); print(flush=True)")
    first = jailed()
    text = said(
        "import os; print(os.path.exists('/tmp/left'), sum(n.isdigit() for n in os.listdir('/proc')), flush=True)"
    )
    first.kill()
    assert text == "False 2\n"


def test_a_jail_keeps_to_the_cores_of_its_process() -> None:
    program = """
import os
try:
    os.sched_setaffinity(0, range(64))
except PermissionError:
    print("refused", flush=True)
"""
    assert said(program) == "refused\n"


def test_a_zygote_that_ends_is_replaced() -> None:
    Zygote.of_this_process()._process.kill()
    with suppress(JailError):
        jailed().kill()
    assert said("print('in', flush=True)") == "in\n"


def test_what_fails_to_start_says_why() -> None:
    with pytest.raises(JailError, match=r"/nowhere|/mnt/0"):
        Zygote(folders=[Path("/nowhere")])
    with pytest.raises(JailError, match="ModuleNotFoundError"):
        Zygote(preloaded=["armod no such module"])


def test_nothing_stays_open_and_nothing_lives_on() -> None:
    jailed().kill()
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        locked = jailed()
        assert locked.is_alive
        locked.kill()
        locked.kill()
        assert not locked.is_alive
    assert len(os.listdir("/proc/self/fd")) == before
    assert left_behind() == []


def test_whoever_kills_the_grader_kills_the_jail() -> None:
    program = (
        "import time; from armod.course.grading.confinement.jail import *; zygote = Zygote(preloaded=()); "
        "jail = zygote.jail(Limits(), program='import time; time.sleep(1000)'); "
        "print(open(f'/proc/self/fdinfo/{jail._first}').read().split('Pid:')[1].split()[0], flush=True); time.sleep(1000)"
    )
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert grader.stdout is not None
    inside = int(grader.stdout.readline())
    assert Path(f"/proc/{inside}").exists()
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    wait_until(lambda: not Path(f"/proc/{inside}").exists())  # the jail does not outlive its grader


def test_root_is_left_behind() -> None:
    locked = jailed()
    try:
        uid = os.geteuid() or FIRST_UID + os.getpid()
        fact = Path(f"/proc/self/fdinfo/{locked._first}").read_text()
        first = fact.split("\nPid:")[1].split()[0]
        assert f"Uid:\t{uid}\t" in Path(f"/proc/{first}/status").read_text()
    finally:
        locked.kill()


def test_no_bubblewrap_is_refused_with_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        CourseError, match="not run without a sandbox, and here bubblewrap is not installed"
    ) as caught:
        sandbox.require()
    assert "apt-get install bubblewrap" in str(caught.value)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_are_told_where_to_go(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sandbox.sys, "platform", platform)
    with pytest.raises(CourseError, match="Linux only; mend it: grade in a Linux machine, in WSL"):
        sandbox.require()


@pytest.mark.parametrize(("switch", "words"), [("1", "Ubuntu's AppArmor"), ("0", "No permissions")])
def test_forbidden_namespaces_have_their_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, switch: str, words: str
) -> None:
    def forbidden(*arguments, **options):
        raise JailError("bwrap: No permissions to create new namespace.")

    (tmp_path / "switch").write_text(f"{switch}\n")
    monkeypatch.setattr(sandbox, "APPARMOR_SWITCH", tmp_path / "switch")
    monkeypatch.setattr(sandbox, "Zygote", forbidden)
    with pytest.raises(CourseError, match=words):
        sandbox.require()


# Six processes that fill sockets: pairs, what clients that are gone left in a queue, packets of senders that are gone.
FLOOD = """
import os, socket, sys, time
kept = []
def pairs(number):
    for end in socket.socketpair(): kept.append(end); yield end
def backlog(number):
    if not kept: kept.append(socket.socket(socket.AF_UNIX)); kept[0].bind(f"/tmp/{number}"); kept[0].listen(4096)
    with socket.socket(socket.AF_UNIX) as end: end.connect(f"/tmp/{number}"); yield end
def packets(number):
    name = f"/tmp/{number}-{len(kept)}"
    kept.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)); kept[-1].bind(name)
    for _ in range(11):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end: end.connect(name); yield end
number = sum(os.fork() == 0 for _ in range(2)) * 3 + (os.fork() == 0)
try:
    while True:
        for end in globals()[sys.argv[1]](number):
            end.setblocking(False)
            try:
                while True: end.send(bytes(60_000))
            except BlockingIOError: pass
except OSError: pass
"""


@pytest.mark.parametrize("how", ["pairs", "backlog", "packets"])
def test_what_sockets_hold_is_memory(how: str) -> None:
    locked = jailed(f"{FLOOD}\n{SLEEP}", Limits(memory=256 * MIB), arguments=[how])
    try:
        wait_until(lambda: not locked.is_alive)
        assert locked.ended_by == "memory"
    finally:
        locked.kill()


def test_what_tables_of_pages_hold_is_memory() -> None:
    """A terabyte of addresses that are only read takes no page; the tables that say so take two gigabytes."""
    program = "import mmap; m = mmap.mmap(-1, 1 << 40, flags=0x4002, prot=1)\nfor n in range(0, 1 << 40, 1 << 21): m[n]"
    locked = jailed(f"{program}\n{SLEEP}", Limits(memory=256 * MIB))
    try:
        assert locked._ends_within(300) and locked.ended_by == "memory"
    finally:
        locked.kill()


def test_no_socket_holds_more_than_is_counted() -> None:
    """The system says what each sender has sent that nobody has read, with all that this takes."""
    program = """
import array, fcntl, socket
ends = [end for _ in range(9) for kind in (1, 5) for end in socket.socketpair(socket.AF_UNIX, kind)]
box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
box.bind("/tmp/box")
packets = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(12)]
for end in packets: end.connect("/tmp/box")
held = []
for number, end in enumerate(ends + packets):
    end.setblocking(False)
    try:
        while True: end.send(bytes(1 if number % 2 else 120_000))
    except BlockingIOError: pass
    size = array.array("i", [0])
    fcntl.ioctl(end, 0x5411, size)
    held.append(size[0])
print(sum(held[:len(ends)]), sum(held[len(ends):]), flush=True)
"""
    locked = jailed(f"{program}\n{SLEEP}", output=True)
    try:
        streams, packets = map(int, locked.first_line(300).split())
        # those of the packets' senders count as queues of their own
        assert 36 * jail._buffer() <= streams <= jail.IN_ALL * 36 * jail._buffer()
        assert 0 < packets <= jail.IN_A_QUEUE * jail._buffer()
        assert locked._sockets() == (jail.IN_ALL * 36 + jail.IN_A_QUEUE * 13) * jail._buffer()
    finally:
        locked.kill()


def test_an_honest_kernel_is_far_from_the_limits_of_sockets_and_descriptors() -> None:
    connection = {f"{name}_port": number for name, number in sandbox.CHANNELS.items()}
    connection |= {"transport": "ipc", "key": "k", "signature_scheme": "hmac-sha256"}
    locked = jail.locked_in(Limits(), connection)
    try:
        wait_until(lambda: all(os.path.exists(f"{locked.sockets}-{number}") for number in range(1, 6)))
        opened = max(len(list(Path(f"{locked.root}/proc").glob(f"{number}/fd/*"))) for number in (1, 2))
        assert opened < Limits().descriptors / 2
        assert locked._sockets() < 32 * MIB
    finally:
        locked.kill()


def test_files_are_limited_by_number() -> None:
    program = textwrap.dedent(
        """
        import os
        try:
            for number in range(10**6):
                os.close(os.open(f"/tmp/{number}", os.O_CREAT))
        except OSError as problem:
            print(number, problem.strerror, flush=True)
        """
    )
    number, _, problem = said(program, limits=Limits(files=500)).partition(" ")
    assert 450 < int(number) < 500 and problem == "No space left on device\n"
