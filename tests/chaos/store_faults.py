"""How the file store is broken and repaired."""

from collections.abc import Iterator
from contextlib import contextmanager

from . import files
from .installation import Installation

DELAY = 0.4


@contextmanager
def killed(installation: Installation) -> Iterator[None]:
    installation.store.kill()
    yield
    installation.store.start()


@contextmanager
def restarted(installation: Installation) -> Iterator[None]:
    installation.store.stop()
    installation.store.start()
    yield


@contextmanager
def frozen(installation: Installation) -> Iterator[None]:
    installation.store.freeze()
    try:
        yield
    finally:
        installation.store.thaw()


@contextmanager
def slow(installation: Installation) -> Iterator[None]:
    with installation.wires["store"].slow(DELAY):
        yield


@contextmanager
def full(installation: Installation) -> Iterator[None]:
    """The bucket takes no writes any more, as it does over its quota: SeaweedFS marks it in the
    same way.
    """
    place = f"fs.configure -locationPrefix=/buckets/{installation.store.bucket}/"
    installation.store.shell(f"{place} -readOnly -apply")
    try:
        yield
    finally:
        installation.store.shell(f"{place} -delete -apply")


@contextmanager
def refuses(installation: Installation) -> Iterator[None]:
    """Somebody has changed the key in the store and not in the settings."""
    right = installation.store.secret_key
    installation.store.kill()
    installation.store.secret_key = right[::-1]
    installation.store.start()
    yield
    installation.store.kill()
    installation.store.secret_key = right
    installation.store.start()


@contextmanager
def emptied(installation: Installation) -> Iterator[None]:
    """Every file is gone, and comes back from the backup."""
    with files.store(installation) as client:
        backup = files.taken(client, installation)
        try:
            yield
        finally:
            for name, content in backup.items():
                client.put_object(Bucket=installation.env["MINIO_BUCKET"], Key=name, Body=content)
