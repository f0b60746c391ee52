"""Databases whose migrations have been applied once, to be copied by each test run.

Applying all migrations takes up to half a minute of processor time, and a run of all tests would do
it some forty times. `make test` runs this module first, to make both databases at the same time.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "var" / "migrated"
KEPT_VARIABLES = ("PATH", "HOME", "LANG")


def copy_migrated_database(target: Path) -> None:
    """Write a SQLite database to `target` in which every migration has been applied.

    Signals after `migrate` are sent again by whoever runs that command on the copy, as each
    installation and pytest-django do.
    """
    source = _made_once("sqlite3", _migrate_file)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def migrated_cluster(make: Callable[[Path], None]) -> Path:
    """Return the data folder of a PostgreSQL cluster with a migrated database, to be copied.

    `make` writes it to the given folder, and is called once for these migrations.
    """
    return _made_once("postgresql", make)


def apply_migrations(variables: dict[str, str]) -> None:
    """Apply every migration to the database that these variables of the studio name."""
    own = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            env=own | {"VAR_DIR": folder, "LANGUAGE_CODE": "en"} | variables,
            cwd=ROOT,
            check=True,
        )


def _made_once(kind: str, make: Callable[[Path], None]) -> Path:
    """Return what `make` has written for these migrations. One process makes it, others wait."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = FOLDER / f"{fingerprint()}.{kind}"
    with (FOLDER / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            for old in FOLDER.glob(f"*.{kind}"):
                shutil.rmtree(old) if old.is_dir() else old.unlink()
            with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
                make(Path(folder) / "made")
                (Path(folder) / "made").replace(made)  # whole or not at all
    return made


def _migrate_file(target: Path) -> None:
    apply_migrations({"DATABASE_URL": f"sqlite:///{target}"})


def fingerprint() -> str:
    """Changes with the text of any migration, the locked packages and the version of Django."""
    digest = hashlib.sha256(django.__version__.encode())
    apps = [ROOT / name for name in ("jobs", "providers", "stories", "site")]
    files = [file for app in apps for file in app.glob("**/migrations/*.py")]
    for file in [ROOT / "requirements.txt", *sorted(files)]:
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def main() -> None:
    """Make both databases at the same time unless they exist.

    PostgreSQL is started from the main thread, because the server ends with the thread that started
    it.
    """
    from tests.services.postgresql_server import make_migrated_cluster

    with ThreadPoolExecutor() as pool:
        file = pool.submit(_made_once, "sqlite3", _migrate_file)
        migrated_cluster(make_migrated_cluster)
        file.result()


if __name__ == "__main__":
    main()
