"""The set-up finds a Python, works once, and says in one sentence why it cannot."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow

TOOLS = Path(settings.BASE_DIR) / "tools"
BASE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the set-up in a folder without packages: everything but the downloads is real."""
    project = tmp_path / "a project"
    shutil.copytree(TOOLS, project / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "requirements.txt").write_text("")
    (project / "requirements-dev.txt").write_text("")
    return project


def set_up(
    project: Path, *, path: str = "/usr/bin:/bin", **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [project / "tools" / "set-up", "run"],
        capture_output=True,
        text=True,
        env=variables(project, path=path, **env),
        check=False,
    )


def variables(project: Path, *, path: str = "/usr/bin:/bin", **env: str) -> dict[str, str]:
    return {"HOME": str(project / "nobody"), "PATH": path, **env}


def fake(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_second_run_does_nothing(project: Path) -> None:
    first = set_up(project, PYTHON=BASE_PYTHON)
    assert first.returncode == 0, first.stderr
    assert first.stderr.startswith("set-up: making .venv with Python 3.")
    made = (project / ".venv" / "pyvenv.cfg").stat().st_mtime_ns
    second = set_up(project, PYTHON=BASE_PYTHON)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (project / ".venv" / "pyvenv.cfg").stat().st_mtime_ns == made


def test_changed_requirements_are_installed_into_the_same_environment(project: Path) -> None:
    set_up(project, PYTHON=BASE_PYTHON)
    made = (project / ".venv" / "pyvenv.cfg").stat().st_mtime_ns
    (project / "requirements.txt").write_text("# nothing yet\n")
    again = set_up(project)
    assert again.returncode == 0
    assert again.stderr.startswith("set-up: installing 0 packages of requirements.txt (once)\n")
    assert (project / ".venv" / "pyvenv.cfg").stat().st_mtime_ns == made


def test_half_made_environment_is_made_anew(project: Path) -> None:
    set_up(project, PYTHON=BASE_PYTHON)
    (project / ".venv" / "set-up-unfinished").touch()
    (project / ".venv" / "left-over").touch()
    again = set_up(project, PYTHON=BASE_PYTHON)
    assert again.returncode == 0
    assert not (project / ".venv" / "left-over").exists()
    assert not (project / ".venv" / "set-up-unfinished").exists()


def test_broken_environment_is_made_anew(project: Path) -> None:
    set_up(project, PYTHON=BASE_PYTHON)
    (project / ".venv" / "bin" / "python").unlink()
    again = set_up(project, PYTHON=BASE_PYTHON)
    assert again.returncode == 0
    assert (
        subprocess.run(
            [project / ".venv" / "bin" / "python", "-c", "import pip"], check=False
        ).returncode
        == 0
    )


def test_shim_that_fails_is_passed_over(project: Path, tmp_path: Path) -> None:
    shims = tmp_path / "shims"
    fake(shims, "python3.13", "echo 'pyenv: version `3.13` is not installed' >&2; exit 127")
    fake(shims, "python3.14", "exit 127")
    fake(shims, "python3.12", f'exec "{BASE_PYTHON}" "$@"')
    assert set_up(project, path=f"{shims}:/usr/bin:/bin").returncode == 0


def test_version_of_pyenv_is_found(project: Path, tmp_path: Path) -> None:
    fake(
        tmp_path / "py env" / "versions" / "3.12.99" / "bin",
        "python3",
        f'exec "{BASE_PYTHON}" "$@"',
    )
    empty = tmp_path / "empty"
    for tool in ("sh", "dirname", "env"):
        fake(empty, tool, f'exec {shutil.which(tool)} "$@"')
    assert set_up(project, path=str(empty), PYENV_ROOT=str(tmp_path / "py env")).returncode == 0


@pytest.mark.parametrize(
    ("script", "output"),
    [
        (
            "exit 4",
            (
                "which is older than 3.12: name a newer one, or leave PYTHON away and one is "
                "looked for."
            ),
        ),
        (
            "exit 3",
            (
                "which lacks the module venv: install it (on Debian: apt-get install "
                "python3-venv) or name another Python."
            ),
        ),
        (
            "exit 127",
            "which cannot be run: name another one, or leave PYTHON away and one is looked for.",
        ),
    ],
)
def test_named_python_that_does_not_fit(
    project: Path, tmp_path: Path, script: str, output: str
) -> None:
    python = fake(tmp_path, "python", script)
    done = set_up(project, PYTHON=str(python))
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"set-up: PYTHON names {python}, {output}\n",
    )


def test_no_python_at_all(project: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    for tool in ("sh", "dirname"):
        fake(empty, tool, f'exec {shutil.which(tool)} "$@"')
    done = set_up(project, path=str(empty))
    assert done.returncode == 1
    assert done.stderr == (
        "set-up: No Python 3.12 or newer was found: install one (for example: uv python "
        "install 3.13, or: pyenv install 3.13),"
        " or name it, e.g. make demo PYTHON=/path/to/python3.13.\n"
    )


def test_no_network(project: Path) -> None:
    (project / "requirements.txt").write_text(f"idna==3.10 --hash=sha256:{'0' * 64}\n")
    done = set_up(
        project,
        PYTHON=BASE_PYTHON,
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL="http://127.0.0.1:9/simple",
        PIP_RETRIES="0",
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "set-up: The packages could not be downloaded: no network, or no answer from the "
        "package index; run it again when there is one."
    )


def test_no_package_for_this_machine(project: Path, tmp_path: Path) -> None:
    (project / "requirements.txt").write_text(f"idna==3.10 --hash=sha256:{'0' * 64}\n")
    done = set_up(
        project,
        PYTHON=BASE_PYTHON,
        PIP_CONFIG_FILE=os.devnull,
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS=str(tmp_path),
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "set-up: There is no ready-made package idna==3.10 for Python 3."
    )


def test_two_at_once_work_one_after_the_other(project: Path) -> None:
    (project / "var").mkdir()
    with (project / "var" / "set-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(
            [project / "tools" / "set-up", "run"],
            stderr=subprocess.PIPE,
            text=True,
            env=variables(project, PYTHON=BASE_PYTHON),
        ) as second:
            assert second.stderr is not None
            output = second.stderr.readline()
            assert output == "set-up: another set-up runs in this folder; waiting for it\n"
            assert second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            second.communicate()
    assert second.returncode == 0


def test_unknown_kind_is_told_how(project: Path) -> None:
    done = subprocess.run(
        [BASE_PYTHON, project / "tools" / "set_up.py", "everything"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "usage: set_up.py run" in done.stderr
