"""Prepares an installation: migrates the database, compiles translations, collects static files."""

import hashlib
import logging
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext_noop
from django.utils.translation.reloader import translation_file_changed

from core.localized_messages import DomainError, LocalizedMessage

from .compile_messages import compile_all

logger = logging.getLogger("ai_video")


class NotReadyError(DomainError):
    """The installation cannot be prepared."""

    code = "not_ready"


def prepare() -> list[LocalizedMessage]:
    """Prepares the installation and returns descriptions of what was done. Fast if nothing changed.

    Raises NotReadyError with a message if the database cannot be reached or a folder cannot be
    written.
    """
    done: list[LocalizedMessage] = []
    try:
        Path(settings.VAR_DIR).mkdir(parents=True, exist_ok=True)
        if written := compile_all(Path(folder) for folder in settings.LOCALE_PATHS):
            translation_file_changed(
                None, written[0]
            )  # this process has already read the old ones, or found none
            done.append(LocalizedMessage(gettext_noop("Translations compiled.")))
        if waiting := _migrate():
            done.append(
                LocalizedMessage(
                    gettext_noop("Database brought up to date (%(count)s migrations)."),
                    {"count": waiting},
                )
            )
        if _collect_static():
            done.append(LocalizedMessage(gettext_noop("Static files collected.")))
    except OSError as error:
        raise NotReadyError(
            gettext_noop("The studio cannot write to %(path)s: %(reason)s."),
            path=str(error.filename),
            reason=str(error.strerror),
        ) from error
    except DatabaseError as error:
        raise NotReadyError(
            gettext_noop("The database does not answer: %(reason)s"), reason=str(error).strip()
        ) from error
    return done


def _migrate() -> int:
    """Applies missing migrations and returns their number."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
    return len(plan)


def _collect_static() -> bool:
    """Collects the static files if one has changed since the last time."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    now = _fingerprint()
    if stamp.is_file() and stamp.read_text() == now:
        return False
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(now)
    return True


def _fingerprint() -> str:
    """Returns a hash that changes with the name, size or time of a static file, and with the
    storage.
    """
    seen = [settings.STORAGES["staticfiles"]["BACKEND"]]
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            seen.append(f"{name} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(seen)).encode()).hexdigest()
