"""An installation of version 0.1.0 is migrated with its data.

The dumps in `data/` were written by version 0.1.0 itself, one on SQLite and one on PostgreSQL. They
hold one of everything that a later version has to carry over. The people, passwords and keys in
them were made up for this test.
"""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core import signing

from tests.services import postgresql

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(__file__).parent / "data"
SECRETS = {
    "SECRET_KEY": "first-version-secret-key-for-tests-only-0123456789",
    "VP_SECRET_KEYS": "first-version-secret-for-tests-only",
}
FACTS = Path(__file__).with_name("facts.py")
pytestmark = [pytest.mark.fault_injection, pytest.mark.slow]


def load_sqlite(folder: Path) -> dict[str, str]:
    file = folder / "studio.sqlite3"
    with sqlite3.connect(file) as database:
        database.executescript((DATA / "first_version_sqlite.sql").read_text(encoding="utf-8"))
    database.close()
    return {"DATABASE_URL": f"sqlite:///{file}"}


def load_postgresql(server: Any) -> dict[str, str]:
    with psycopg.connect(server.url) as database:
        dump = (DATA / "first_version_postgresql.sql").read_text(encoding="utf-8")
        database.execute(dump.encode())
    return dict(server.env)


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The variables of an installation whose database holds the data of version 0.1.0."""
    env = os.environ | SECRETS | {"VAR_DIR": str(tmp_path), "PYTHONPATH": f"{ROOT}:{ROOT / 'site'}"}
    env["DJANGO_SETTINGS_MODULE"] = "config.settings"
    if request.param == "sqlite":
        yield env | load_sqlite(tmp_path)
    else:
        with postgresql() as server:
            yield env | load_postgresql(server)


def run(env: dict[str, str], *command: str) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def add_session(environment: dict[str, str]) -> None:
    """An open session of the person with the second factor."""
    data = signing.dumps(
        {"_auth_user_id": "3"},
        key=SECRETS["SECRET_KEY"],
        salt="django.contrib.sessions.SessionStore",
    )
    statement = f"INSERT INTO django_session VALUES ('open', '{data}', '2126-01-01 00:00:00')"
    url = environment["DATABASE_URL"]
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
            database.execute(statement)
        database.close()
    else:
        with psycopg.connect(url) as database:
            database.execute(statement.encode())


def test_migrates_with_its_data(environment: dict[str, str]) -> None:
    add_session(environment)
    run(environment, "manage.py", "migrate", "--no-input", "--verbosity=0")
    run(environment, "manage.py", "makemigrations", "--check", "--dry-run", "--verbosity=0")

    facts = json.loads(run(environment, str(FACTS)).splitlines()[-1])

    assert facts["counts"] == {
        "Approval": 2,
        "Comment": 3,
        "Film": 2,
        "Job": 10,
        "ProviderCall": 11,
        "ReviewLink": 1,
        "Scene": 5,
        "Story": 4,
        "StoryStateTransition": facts["counts"]["StoryStateTransition"],
        "Take": 6,
        "User": 5,
    }
    assert facts["story"] == {
        "title": "Łódź 이야기",
        "status": "previewing",
        "budget": "12.50",
        "owner": "mina",
        "live_scenes": 2,
    }
    assert facts["key"] == "key-made-up-for-a-test"
    assert facts["pause_reason"] == "Stability AI에 크레딧이 없습니다."
    assert facts["money"] == {
        "accepted": "0.0500",
        "refused": "0.0000",
        "settled": "0.1000",
        "unclear": "0.0500",
        "written_off": "0.0500",
    }
    assert (facts["totp"], facts["secret"], facts["recovery_codes"]) == (True, True, 1)
    assert facts["sessions"] == [["boss", "open"]]


# What a person on macOS may have sent to the first version, which stored it decomposed.
DECOMPOSED = {
    "stories_story": ("title", "script", "style"),
    "stories_scene": ("title", "narration"),
    "stories_sceneprompt": ("text", "text_en"),
    "stories_comment": ("text", "guest"),
    "auth_user": ("first_name",),
}
TAKE = "SELECT image_take_id FROM stories_scene WHERE title = '장면 2'"


def decompose(environment: dict[str, str]) -> None:
    """Decomposes all of it in the database, and gives a take the hash of its decomposed inputs."""
    nfd = lambda text: unicodedata.normalize("NFD", text) if isinstance(text, str) else text  # noqa: E731
    values = {
        "aspect": "16:9",
        "kind": "image",
        "negative": "",
        "reference": "",
        "style": "",
        "text": nfd("배가 나갑니다."),
        "text_en": "",
    }
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    statements = [
        (
            f"UPDATE stories_take SET input_hash = "
            f"'{hashlib.sha256(text.encode()).hexdigest()}' WHERE id = ({TAKE})"
        ),
        *(
            f"UPDATE {table} SET {name} = nfd({name})"
            for table, names in DECOMPOSED.items()
            for name in names
        ),
        f"UPDATE auth_user SET username = '{nfd('하늘')}' WHERE username = 'view'",
        f"UPDATE auth_user SET username = '{nfd('미나')}' WHERE username = 'gone'",
        "UPDATE auth_user SET username = '미나' WHERE username = 'demo'",
    ]
    url = environment["DATABASE_URL"]
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as database:
            database.create_function("nfd", 1, nfd)
            for statement in statements:
                database.execute(statement)
        database.close()
    else:
        with psycopg.connect(url) as database:
            database.execute(
                "CREATE FUNCTION nfd(text) RETURNS text LANGUAGE sql AS 'SELECT normalize($1, NFD)'"
            )
            for statement in statements:
                database.execute(statement.encode())
            database.execute("DROP FUNCTION nfd(text)")


@pytest.mark.slow
def test_decomposed_text_is_composed_and_nothing_is_paid_again(environment: dict[str, str]) -> None:
    decompose(environment)

    run(environment, "manage.py", "migrate", "--no-input", "--verbosity=0")

    facts = json.loads(run(environment, str(FACTS)).splitlines()[-1])
    # Two people may not have one name: where the composed one is taken the other stays.
    assert facts["decomposed"] == ["User.username"]
    assert facts["usernames"] == sorted(
        ["boss", "mina", "하늘", "미나", unicodedata.normalize("NFD", "미나")]
    )
    assert facts["story"] == {
        "title": "Łódź 이야기",
        "status": "previewing",
        "budget": "12.50",
        "owner": "mina",
        "live_scenes": 2,
    }
    assert "장면 2" not in facts["stale"]
