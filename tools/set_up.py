"""Makes the environments from the locked requirements, once. Called by `tools/set-up`; needs
nothing but Python >= 3.12.

usage: set_up.py run    .venv with what the studio needs
       set_up.py dev    .venv with what its tests and checks need too, and Chromium
       set_up.py bench  .venv-bench with what it is measured against

A second call finds the stamp of the first and does nothing. Every failure is one sentence and exit
code 1.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VAR = ROOT / "var"
LOG = VAR / "set-up.log"
LOG_NAME = LOG.relative_to(ROOT)
STAMP = "set-up-of-"  # followed by the name of the requirements file; holds its hash
UNFINISHED = "set-up-unfinished"

KINDS = {
    "run": (".venv", ("requirements.txt", "requirements-dev.txt")),
    "dev": (".venv", ("requirements-dev.txt",)),
    "bench": (".venv-bench", ("requirements-bench.txt",)),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class SetUpError(Exception):
    """The set-up cannot continue. The message is written for people."""


def say(text: str) -> None:
    sys.stderr.write(f"set-up: {text}\n")
    sys.stderr.flush()


@contextmanager
def alone() -> Iterator[None]:
    """Waits until no other set-up runs in this folder."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "set-up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up runs in this folder; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fingerprint(requirements: Path) -> str:
    """Returns a hash of the locked packages, the Python, the machine and the folder (an environment
    cannot be moved).
    """
    facts = (requirements.read_text(encoding="utf-8"), sys.version, platform.machine(), str(ROOT))
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()


def is_done(venv: Path, files: tuple[str, ...]) -> bool:
    """Returns whether the environment works and this Python made it from one of these files as they
    are now.
    """
    if (venv / UNFINISHED).exists() or (Path(sys.prefix) != venv and not works(venv)):
        return False
    for name in files:
        stamp = venv / f"{STAMP}{name}"
        if stamp.is_file() and stamp.read_text() == fingerprint(ROOT / name):
            return True
    return False


def base_python() -> str:
    """Returns the base Python: the environment that runs this script may be replaced."""
    return str(getattr(sys, "_base_executable", "") or sys.executable)


def logged(*commands: tuple[str, ...]) -> None:
    """Runs the commands at the same time; their output is logged.

    Raises CalledProcessError, with the output, for the first that fails.
    """
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"}
    }
    failed = None
    with ExitStack() as stack:
        running = []
        for command in commands:
            output = stack.enter_context(tempfile.TemporaryFile())
            process = stack.enter_context(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
            )
            stack.callback(process.kill)  # if this process is told to stop
            running.append((command, process, output))
        for command, process, output in running:
            process.wait()
            output.seek(0)
            text = output.read().decode(errors="replace")
            with LOG.open("a", encoding="utf-8") as log:
                log.write(f"$ {' '.join(command)}\n{text}\n")
            if process.returncode and failed is None:
                failed = subprocess.CalledProcessError(process.returncode, command, text)
    if failed is not None:
        raise failed


def make_venv(venv: Path) -> None:
    """Creates an empty environment of this Python, replacing an incomplete one or one of another
    Python.
    """
    if not (venv / UNFINISHED).exists() and works(venv):
        return
    shutil.rmtree(venv, ignore_errors=True)
    say(f"making {venv.name} with Python {platform.python_version()}")
    venv.mkdir()
    (venv / UNFINISHED).touch()
    try:
        logged((base_python(), "-m", "venv", str(venv)))
    except subprocess.CalledProcessError as error:
        raise SetUpError(
            why(error.output)
            or (
                f"Python could not make {venv.name} (on Debian: apt-get install "
                f"python3-venv); the log is {LOG_NAME}."
            )
        ) from error


def works(venv: Path) -> bool:
    """Returns whether its Python runs, has pip, and is of the same version as this one."""
    code = f"import sys, pip; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        return (
            subprocess.run(
                [venv / "bin" / "python", "-I", "-c", code], capture_output=True, check=False
            ).returncode
            == 0
        )
    except OSError:
        return False


def install(venv: Path, requirements: str) -> None:
    """Installs the locked packages, verified by hash, from wheels only: no compiler is needed.

    Two pips share them, because one keeps one processor busy or waits for the network. Each package
    has its own files, and none is needed to install another. pip itself comes last: replacing it
    would break the other one while it runs.
    """
    text = (ROOT / requirements).read_text(encoding="utf-8")
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]  # 0: the head
    say(f"installing {len(packages)} packages of {requirements} (once)")
    (venv / UNFINISHED).touch()
    options = (
        "--no-input",
        "--disable-pip-version-check",
        "--no-deps",
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-compile",
        "--retries",
        "2",
    )
    pip_itself = [package for package in packages if package.startswith("pip==")]
    others = [package for package in packages if package not in pip_itself]
    shares = (others[::2], others[1::2], pip_itself)
    files = [VAR / f"{requirements}.{number}" for number in range(len(shares))]
    pip = (str(venv / "bin" / "python"), "-I", "-m", "pip", "install", *options, "-r")
    try:
        for file, share in zip(files, shares, strict=True):
            file.write_text("".join(share), encoding="utf-8")
        logged(*((*pip, str(file)) for file in files[:2]))
        if pip_itself:
            logged((*pip, str(files[2])))
        for file in files:
            file.unlink()
    except subprocess.CalledProcessError as error:
        raise SetUpError(
            why(error.output) or f"The packages could not be installed; the log is {LOG_NAME}."
        ) from error
    (venv / f"{STAMP}{requirements}").write_text(fingerprint(ROOT / requirements))
    (venv / UNFINISHED).unlink()


def why(output: str) -> str:
    """Returns an explanation for a known failure of pip or venv, else an empty string."""
    if "No space left on device" in output:
        return "The disk is full: the set-up needs about 2 GB."
    if "Permission denied" in output:
        return f"The set-up may not write here: the folder {ROOT} must belong to you."
    if "DO NOT MATCH THE HASHES" in output:
        return (
            "A downloaded package is not the one that was locked, so nothing was "
            "installed: the package index or something on the way to it changed it."
        )
    if re.search(
        (
            r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|Connection "
            r"(refused|reset|broken|aborted)|name resolution"
        ),
        output,
    ):
        return (
            "The packages could not be downloaded: no network, or no answer from the "
            "package index; run it again when there is one."
        )
    if missing := re.search(r"No matching distribution found for (\S+)", output):
        here = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
        return (
            f"There is no ready-made package {missing[1]} for {here}: use Python 3.13 on "
            f"Linux x86_64 or aarch64, or a package index that has it."
        )
    return ""


def prepare(kind: str) -> None:
    folder, files = KINDS[kind]
    venv = ROOT / folder
    if is_done(venv, files):
        return
    begun = time.monotonic()
    LOG.unlink(missing_ok=True)
    make_venv(venv)
    install(venv, files[0])
    say(f"{folder} is ready after {time.monotonic() - begun:.0f} s")


def fetch_browser() -> None:
    """Installs Chromium for the browser tests. If that fails, prints that they are skipped."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("installing Chromium by apt (once)")
        try:
            logged(("apt-get", "update", "-q"))
            unasked = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-q", "-y")
            logged((*unasked, "--no-install-recommends", "chromium"))
        except subprocess.CalledProcessError:
            say(
                f"Chromium could not be installed, so the tests that drive a browser are "
                f"skipped; the log is {LOG_NAME}."
            )
    else:
        say(
            "Chromium is missing, so the tests that drive a browser are skipped: install "
            "it with `sudo apt-get install chromium`."
        )


def main(kind: str) -> int:
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # an exception, so that pip is also stopped
    try:
        with alone():
            prepare(kind)
            if kind == "dev":
                fetch_browser()
    except SetUpError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(why(str(error)) or f"{error.filename or ROOT}: {error.strerror}.")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    wanted = "".join(sys.argv[1:])
    sys.exit(main(wanted) if wanted in KINDS else __doc__)
