"""What an installation needs before it can serve: database up to date, translations compiled, static files collected."""

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

from ground.sentence import SaidError, Sentence

from .catalogs import compile_catalogs

logger = logging.getLogger("ai_video")


class NotReadyError(SaidError):
    """The installation cannot be made ready."""

    code = "not_ready"


def prepare() -> list[Sentence]:
    """Makes the installation ready and returns what had to be done, in words. Quick when there is nothing to do.

    Raises NotReadyError with a sentence: database out of reach, folder that cannot be written.
    """
    done: list[Sentence] = []
    try:
        Path(settings.VAR_DIR).mkdir(parents=True, exist_ok=True)
        if written := compile_catalogs(Path(folder) for folder in settings.LOCALE_PATHS):
            translation_file_changed(None, written[0])  # this process has read the old ones, or that there were none
            done.append(Sentence(gettext_noop("Translations compiled.")))
        if waiting := _migrate():
            done.append(Sentence(gettext_noop("Database brought up to date (%(count)s migrations)."), {"count": waiting}))
        if _collect_static():
            done.append(Sentence(gettext_noop("Static files collected.")))
    except OSError as error:
        raise NotReadyError(gettext_noop("The studio cannot write to %(path)s: %(reason)s."), path=str(error.filename), reason=str(error.strerror)) from error
    except DatabaseError as error:
        raise NotReadyError(gettext_noop("The database does not answer: %(reason)s"), reason=str(error).strip()) from error
    return done


def _migrate() -> int:
    """Applies what is missing; the number of migrations."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
    return len(plan)


def _collect_static() -> bool:
    """Collects the static files if one of them has changed since the last time."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    now = _fingerprint()
    if stamp.is_file() and stamp.read_text() == now:
        return False
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    stamp.write_text(now)
    return True


def _fingerprint() -> str:
    """Changes with the name, size or time of any static file, and with the way in which they are stored."""
    seen = [settings.STORAGES["staticfiles"]["BACKEND"]]
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = Path(storage.path(name)).stat()
            seen.append(f"{name} {stat.st_size} {stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(seen)).encode()).hexdigest()
