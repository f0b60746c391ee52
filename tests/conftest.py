"""What every test has: no way out of this machine, folders of its own, and five people with
different rights.
"""

import gc
import gettext
import ipaddress
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as studio
from django.core.cache import cache as studio_cache
from django.db import connection
from django.utils import translation
from django.utils.translation import trans_real
from xdist.scheduler import LoadScopeScheduling

from operations.compile_messages import compile_all
from tests.chromium import CHROMIUM, CHROMIUM_OPTIONS
from tests.lock_order import LockOrder, recorded
from tests.mark_expressions import ONLY_ON_POSTGRESQL, may_hold_chosen_test
from tests.migrated_database import copy_migrated_database
from tests.migrated_rows import MigratedRows, restored_after_tests

# What is made while tests are collected stays. Python's garbage collector would examine it again
# and again, which takes a quarter of the time of collecting.
gc.disable()

session_folder = pytest.StashKey[Path]()

BROWSER_WAIT = 30_000  # ms, as long as Playwright waits for everything else
# Fault tests that take longest. They begin first, so that none is left over at the end.
LONGEST = (
    *(
        "chaos/test_chaos.py",
        "operations/test_whole_story.py",
        "operations/test_demo.py",
        "api/test_walk.py",
        "browser/test_whole_way.py",
    ),
    *(
        "providers/test_film.py",
        "operations/test_walk_through.py",
        "providers/backends/local/test_kills.py",
        "jobs/test_chaos.py",
        "operations/test_serve.py",
    ),
)
TOGETHER = (
    "chaos/test_chaos.py",
    "operations/test_whole_story.py",
)  # their servers are started once for all tests of the file
PAGES = ("accounts", "api", "stories/web")
TRANSACTIONAL = {"transactional_db", "django_db_reset_sequences", "live_server"}

# --- the session: a real database file, quick passwords, English sentences


def pytest_configure(config: pytest.Config) -> None:
    folder = Path(
        tempfile.mkdtemp(prefix="vp-tests-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
    )
    config.stash[session_folder] = folder
    compile_all(Path(folder) for folder in studio.LOCALE_PATHS)
    (folder / "static").mkdir()
    studio.VAR_DIR = folder
    studio.WORK_DIR = folder / "work"
    studio.STATIC_ROOT = folder / "static"
    studio.LOG_FILE = ""
    studio.CHECK_TAKES = False  # most files of tests have one colour, which is a fault
    studio.LANGUAGE_CODE = "en"
    gettext._translations = {}  # what was read before it was compiled
    trans_real._translations = {}
    trans_real._default = None  # other threads must not keep the language of the settings
    studio.SECRET_KEY = "only-for-tests-" * 4
    studio.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    database = studio.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        # A file, as in production: an in-memory database has no WAL and answers "table is locked"
        # to a second thread.
        database.setdefault("TEST", {})["NAME"] = str(folder / "studio.sqlite3")
    elif template := os.environ.get("TEST_DATABASE_TEMPLATE"):
        database.setdefault("TEST", {})["TEMPLATE"] = template


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="Only tests that use the database: for a second run on another one.",
    )


def is_transactional(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    return bool(marker and marker.kwargs.get("transaction")) or bool(
        TRANSACTIONAL & set(getattr(item, "fixturenames", ()))
    )


def uses_database(item: pytest.Item) -> bool:
    return (
        item.get_closest_marker("django_db") is not None
        or is_transactional(item)
        or "db" in getattr(item, "fixturenames", ())
    )


@cache  # several thousand tests share three hundred paths
def is_page_test(path: Path) -> bool:
    return any(path.is_relative_to(Path(__file__).parent / folder) for folder in PAGES)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files whose tests `-m` leaves out are not imported."""
    expression = config.option.markexpr
    if not (expression and collection_path.match("test_*.py")):
        return None
    page = ["page"] if is_page_test(collection_path) else []
    may = may_hold_chosen_test(collection_path, expression, ["database"], given_to_all=page)
    return None if may else True


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    on_sqlite = studio.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    for item in items:
        if uses_database(item):
            item.add_marker(pytest.mark.database)
        only_there = [mark for mark in item.iter_markers() if mark.name in ONLY_ON_POSTGRESQL]
        if only_there and on_sqlite and not all(mark.kwargs.get("sqlite") for mark in only_there):
            item.add_marker(pytest.mark.skip(reason="is about PostgreSQL"))
        if is_page_test(item.path) and not only_there:  # page tests are done on SQLite
            item.add_marker(pytest.mark.page)
    if config.getoption("--database-only"):
        chosen = [
            item for item in items if uses_database(item) and not item.get_closest_marker("browser")
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(chosen)])
        items[:] = chosen
    order_fault_tests(items)
    if CHROMIUM is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(
                    pytest.mark.skip(reason="Chromium is missing: sudo apt-get install chromium")
                )


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def order_fault_tests(items: list[pytest.Item]) -> None:
    """The longest fault tests first."""

    def place(item: pytest.Item) -> int:
        name = item.path.as_posix()
        return (
            next(
                (number for number, ending in enumerate(LONGEST) if name.endswith(ending)),
                len(LONGEST),
            )
            if item.get_closest_marker("fault_injection")
            else 0
        )

    items.sort(key=place)


class Together(LoadScopeScheduling):
    """With --dist loadgroup: each test goes to whichever worker is free, but those that share
    servers go to one.

    The marks of xdist's own loadgroup are lost on the way: it writes them into `_nodeid`, which
    pytest 9 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        path, _, name = nodeid.partition("::")
        alone = not path.endswith(TOGETHER) or "four_groups" in name
        return nodeid if alone else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return Together(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[session_folder], ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None, request: pytest.FixtureRequest) -> bool:
    """On SQLite the tests begin with a copy of a migrated file; `migrate` then finds all done."""
    database = studio.DATABASES["default"]
    if not database["ENGINE"].endswith("sqlite3"):
        return bool(request.config.getvalue("reuse_db"))
    copy_migrated_database(Path(database["TEST"]["NAME"]))
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Ask once for a feature that Django asks the database about within the first query that
    needs it, where a test may be counting. A test that commits leaves the rows of the migrations.
    """
    with django_db_blocker.unblock():
        _ = connection.features.supports_json_field
        rows = MigratedRows()
    with restored_after_tests(rows):
        yield


# --- each test: its own media folder


@pytest.fixture(autouse=True)
def media_folder(settings: Any, tmp_path: Path) -> Path:
    """The folder behind the media storage of this test."""
    folder = tmp_path / "media"
    local = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }
    settings.VAR_DIR = tmp_path
    settings.WORK_DIR = tmp_path / "work"
    settings.MEDIA_ROOT = folder
    settings.STORAGES = {
        "default": local,
        "media": local,
        # Without a manifest: nothing has to be collected before a page can be rendered.
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    return folder


@pytest.fixture(autouse=True)
def small_films(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Films made within a test have a quarter of the width and height, and all their frames.

    Encoding took a fifth of the time of all tests. The mark `full_size` keeps the size.
    """
    if not request.node.get_closest_marker("full_size"):
        from stories.film import cards, segments

        def quarter(story: Any) -> tuple[int, int]:
            width, height = frame_size(story)
            return width // 4, height // 4

        frame_size = segments.frame_size
        for module in (segments, cards):
            monkeypatch.setattr(module, "frame_size", quarter)


@pytest.fixture(scope="session", autouse=True)
def audit_log_may_be_emptied(request: pytest.FixtureRequest) -> None:
    """A test that empties the database deletes the rows of the audit log, too."""
    if not any(uses_database(item) for item in request.session.items):
        return
    request.getfixturevalue("django_db_setup")
    with request.getfixturevalue("django_db_blocker").unblock(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS audit_log_may_be_emptied (x integer)")


@pytest.fixture(scope="session")
def recorded_locks() -> Iterator[LockOrder]:
    with recorded() as order:
        yield order


@pytest.fixture
def lock_order(recorded_locks: LockOrder) -> LockOrder:
    """What the transactions of this test have locked."""
    return recorded_locks


@pytest.fixture(autouse=True)
def locks_in_order(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test fails if one of its transactions locks tables against the documented order."""
    if not uses_database(request.node):
        yield
        return
    recorder: LockOrder = request.getfixturevalue("recorded_locks")
    recorder.inversions.clear()
    yield
    recorder.check()


@pytest.fixture(autouse=True)
def language_of_the_settings() -> None:
    """A request of another test, answered in Korean, leaves its language in the thread."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """What one test counted is not told to the next."""
    studio_cache.clear()


@pytest.fixture
def everything_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """All that the studio and its libraries say at their most talkative."""
    ours = logging.getLogger("ai_video")
    ours.propagate = True
    with caplog.at_level(logging.DEBUG):
        yield caplog
    ours.propagate = False


# --- connections to the loopback only


class OutsideError(RuntimeError):
    """A test tried to talk to another machine."""


def require_loopback(host: Any) -> None:
    """Raises OutsideError unless `host` is this machine."""
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    try:
        inside = ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        inside = name == "localhost" or name.endswith(".localhost")
    if not inside and name not in {"0.0.0.0", "::"}:
        raise OutsideError(f"Tests talk to this machine only, not to {name}.")


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        lookup = socket.getaddrinfo

        def guarded_lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
            require_loopback(host)
            return lookup(host, *args, **kwargs)

        patch.setattr(socket, "getaddrinfo", guarded_lookup)
        yield


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: socket.socket, *args: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            require_loopback(args[-1][0])
        return method(self, *args)

    return call


# --- people


@pytest.fixture
def make_person(db: None) -> Callable[..., Any]:
    """`make_person("name", role="producer")`: an account; with a role it is staff and in the group
    of that name. Password: its name.
    """
    from django.contrib.auth import get_user_model
    from django.contrib.auth.models import Group

    def make(username: str, *, role: str = "") -> Any:
        person = get_user_model().objects.create_user(
            username=username,
            email=f"{username}@example.com",
            password=username,
            is_staff=bool(role),
        )
        if role:
            person.groups.add(Group.objects.get(name=role))
        return person

    return make


@pytest.fixture
def owner(make_person: Callable[..., Any]) -> Any:
    """A producer: makes stories and spends on them."""
    return make_person("owner", role="producer")


@pytest.fixture
def colleague(make_person: Callable[..., Any]) -> Any:
    """Another producer: sees the owner's stories and may not change them."""
    return make_person("colleague", role="producer")


@pytest.fixture
def viewer(make_person: Callable[..., Any]) -> Any:
    """Sees and changes nothing."""
    return make_person("viewer", role="viewer")


@pytest.fixture
def manager(make_person: Callable[..., Any]) -> Any:
    """May change everybody's stories and the providers."""
    return make_person("manager", role="manager")


@pytest.fixture
def stranger(make_person: Callable[..., Any]) -> Any:
    """Has an account and no role."""
    return make_person("stranger")


# --- a browser


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright: `page = chromium.new_page()`. Tests that use it
    carry the mark `browser`.
    """
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=BROWSER_WAIT)
    # Playwright's loop runs in this thread while a test waits for the browser; Django takes that
    # for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(CHROMIUM_OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page of a fresh browser session, 1440 x 900, English."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    yield context.new_page()
    context.close()
