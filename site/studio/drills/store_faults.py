"""How the file store is broken and mended."""

from collections.abc import Iterator
from contextlib import contextmanager

from . import files
from .house import House

DELAY = 0.4


@contextmanager
def killed(house: House) -> Iterator[None]:
    house.store.kill()
    yield
    house.store.start()


@contextmanager
def restarted(house: House) -> Iterator[None]:
    house.store.stop()
    house.store.start()
    yield


@contextmanager
def frozen(house: House) -> Iterator[None]:
    house.store.freeze()
    try:
        yield
    finally:
        house.store.thaw()


@contextmanager
def slow(house: House) -> Iterator[None]:
    with house.wires["store"].slow(DELAY):
        yield


@contextmanager
def full(house: House) -> Iterator[None]:
    """The bucket takes no writes any more, as it does over its quota: SeaweedFS marks it in the same way."""
    place = f"fs.configure -locationPrefix=/buckets/{house.store.bucket}/"
    house.store.shell(f"{place} -readOnly -apply")
    try:
        yield
    finally:
        house.store.shell(f"{place} -delete -apply")


@contextmanager
def refuses(house: House) -> Iterator[None]:
    """Somebody has changed the key in the store and not in the settings."""
    right = house.store.secret_key
    house.store.kill()
    house.store.secret_key = right[::-1]
    house.store.start()
    yield
    house.store.kill()
    house.store.secret_key = right
    house.store.start()


@contextmanager
def emptied(house: House) -> Iterator[None]:
    """Every file is gone, and comes back from the backup."""
    with files.store(house) as client:
        backup = files.taken(client, house)
        try:
            yield
        finally:
            for name, content in backup.items():
                client.put_object(Bucket=house.env["MINIO_BUCKET"], Key=name, Body=content)
