"""The command line: what it says, where, and with which exit code."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result

from armod import data
from armod.course.commands.main import main
from armod.plugins import plugins
from tests.checkout import CHECKOUT
from tests.course.lessons.tiny import make_course
from tests.guests import Install
from tests.harness.patience import FACTOR


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_course(
        tmp_path / "co{u}rse",  # papermill would format this path
        good="assert (seed, quick) == (3, True)\nprint('well')",
        bad="raise ValueError('first line\\nlast line')",
        leaves="import sys\n\nsys.exit(0)\n\n# %%\nprint('never')",
        hangs="import time\n\ntime.sleep(60)",
    )
    monkeypatch.setenv("ARMOD_COURSE", str(folder))
    return folder


def armod(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="armod")


def test_run_leaves_results_and_a_table_and_fails_if_any_lesson_failed(course: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    result = armod(
        "run", "--out", out, "-p", "seed", "3", "-p", "quick", "true", "--jobs", "2", "--timeout", "3"
    )
    assert result.exit_code == 1, result.output
    rows = {line.split()[1]: line for line in result.stdout.splitlines() if line.startswith("│")}
    assert set(rows) == {"index", "good", "bad", "leaves", "hangs"}
    assert " ok " in rows["good"] and " ok " in rows["index"]
    assert "[3] ValueError: last line" in rows["bad"]
    assert "ended early by sys.exit()" in rows["leaves"]
    assert "longer than 3 s" in rows["hangs"]
    assert "lesson" in result.stderr and "cell" in result.stderr, "a bar over lessons and one over cells"
    assert {path.name for path in out.iterdir()} == {
        f"{name}.{suffix}" for name in rows for suffix in ("ipynb", "html")
    }
    good = nbformat.read(out / "good.ipynb", as_version=4)
    assert good.cells[-1].outputs[0].text == "well\n"
    assert str(course) not in (out / "good.ipynb").read_text()
    assert "<title>1.1 Coins: one number</title>" in (out / "good.html").read_text()
    assert "ValueError" in (out / "bad.html").read_text()


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("run", "goot"), "There is no lesson 'goot'; the nearest names are good"),
        (
            ("run", "good", "-p", "depth", "3"),
            "does not declare a parameter 'depth'; it declares seed, quick.",
        ),
        (
            ("run", "good", "-p", "quick", "maybe"),
            "Parameter 'quick' of lesson good is true or false; got 'maybe'.",
        ),
        (("run", "good", "-p", "quick", "1"), "Parameter 'quick' of lesson good is true or false; got '1'."),
        (
            ("run", "good", "-p", "seed", "abc"),
            "Parameter 'seed' of lesson good is a whole number; got 'abc'.",
        ),
        (("run", "good", "-p", "seed", "true"), "is a whole number; got 'True'."),
        (("run", "good", "-p", "seed", "0.5"), "is a whole number; got '0.5'."),
        (("run", "good", "--jobs", "0"), "0 is not in the range"),
        (("sync", "goot"), "There is no lesson 'goot'"),
        (("sync", "--check", "--force"), "give one of them"),
        (("doctor", "--only"), "--only takes one of packages, torch, kernel"),
        (("doctor", "--only", "the weather"), "knows nothing of 'the weather'"),
        (("train", "made-digits28", "--out", "."), "--out . is a folder; name the file of the weights"),
        (
            ("train", "made-digits28", "--out", f"{os.devnull}/x.safetensors"),
            "can't be written to the folder",
        ),
        (("dance",), "No such command"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_nothing_written(
    course: Path, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    out = tmp_path / "out"
    result = armod(*arguments, *(("--out", out) if arguments[0] == "run" else ()))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr
    assert not out.exists()
    assert not list((course / "notebooks").glob("*.ipynb"))


def test_a_folder_that_cannot_be_written_is_refused(course: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = armod("run", "good", "--out", tmp_path / "file" / "out")
    assert result.exit_code == 2
    assert "choose another folder for --out" in result.stderr
    result = armod("run", "good", "--out", course / "notebooks" / "out")
    assert result.exit_code == 2
    assert "the course's own notebooks" in result.stderr


def test_sync_check_tells_drift_by_its_exit_code(course: Path) -> None:
    assert armod("sync", "--check", "index").exit_code == 1
    assert armod("sync", "index").exit_code == 0
    result = armod("sync", "--check", "index")
    assert (result.exit_code, result.stdout) == (0, "Every notebook is in step with its source.\n")


def test_a_missing_course_tool_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    monkeypatch.setitem(sys.modules, "armod.course.lessons.headless", None)
    result = armod("run", "--out", tmp_path)
    assert result.exit_code == 1
    assert "pip install 'armod[course]'" in result.stderr


def test_a_broken_package_of_others_is_one_sentence(
    install: Install, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install("guest", "raise OSError('no disk')", {"armod.datasets": {"moons": "guest:load"}})
    monkeypatch.setattr(data, "_GUESTS", plugins("armod.datasets"))
    recipe = tmp_path / "moons.toml"
    recipe.write_text(
        (CHECKOUT / "armod/pretrained/names/histogram-names.toml").read_text().replace('"names"', '"moons"')
    )
    result = armod("train", recipe)
    assert (result.exit_code, result.stderr) == (
        1,
        "armod: The package guest 1.0 adds 'moons' to armod.datasets, but guest:load can't be loaded "
        "(OSError: no disk): mend or uninstall that package.\n",
    )


def test_help_teaches_by_examples() -> None:
    assert "armod run 4_5_1_made --out results -p seed 3 -p quick true" in armod("run", "--help").stdout
    assert "armod sync --check" in armod("sync", "--help").stdout
    assert armod("--version").stdout.startswith("armod, version ")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_kills_kernels_and_leaves_no_part_of_a_file(course: Path, tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    lesson = course / "notebooks" / "hangs.py"
    lesson.write_text(
        lesson.read_text().replace(
            "time.sleep", f"import os\nopen({str(marker)!r}, 'w').write(f'{{os.getpid()}}\\n')\ntime.sleep"
        )
    )
    program = "from armod.course.commands.main import main; main()"
    command = [sys.executable, "-c", program, "run", "hangs", "good", "--out", str(tmp_path / "out")]
    # a shell that starts jobs in the background lets them ignore Ctrl-C, and so would our children
    heeding = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heeding)
    try:
        deadline = time.monotonic() + 300 * FACTOR
        while not (marker.is_file() and marker.read_text().endswith("\n")):
            assert time.monotonic() < deadline, "the lesson never began"
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.communicate()
    finally:
        process.kill()
    assert process.returncode == 1
    assert list((tmp_path / "out").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text()), 0)
