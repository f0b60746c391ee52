"""A SQLite file whose migrations have been applied once, to be copied by each test run.

Applying all migrations to an empty file takes about 10 seconds of processor time, and a run of the
fault-injection tests would do it some thirty times.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "var" / "migrated"
KEPT_VARIABLES = ("PATH", "HOME", "LANG")


def copy_migrated_database(target: Path) -> None:
    """Writes a database to `target` in which every migration has been applied.

    Signals after `migrate` are sent again by whoever runs that command on the copy, as each
    installation and pytest-django do.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    source = FOLDER / f"{fingerprint()}.sqlite3"
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not source.exists():
            for old in FOLDER.glob("*.sqlite3"):
                old.unlink()
            apply_migrations(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def fingerprint() -> str:
    """Changes with the text of any migration, the locked packages and the version of Django."""
    digest = hashlib.sha256(django.__version__.encode())
    apps = [ROOT / name for name in ("jobs", "providers", "stories", "site")]
    files = [file for app in apps for file in app.glob("**/migrations/*.py")]
    for file in [ROOT / "requirements.txt", *sorted(files)]:
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def apply_migrations(target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        own = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            env=own | {"VAR_DIR": folder, "LANGUAGE_CODE": "en"},
            cwd=ROOT,
            check=True,
        )
        (Path(folder) / "studio.sqlite3").replace(target)
