"""The catalogue of models: what is known of them and their prices, each with date and source.

A newer catalogue changes nothing by itself. It shows what would change, and a person accepts.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import AuditAction
from core.localized_messages import LocalizedMessage
from providers import edits
from providers.enums import Kind, Unit
from providers.errors import Forbidden, Invalid
from providers.models import AIProviderConfig, ProviderModel

from . import money_changes

FOLDER = Path(__file__).resolve().parents[1] / "catalogue"
MOST_BYTES = 1024 * 1024
MOST_MODELS = 2000
MOST_PRICE = Decimal(1000)
OF_CATALOGUE = "catalogue"  # in a row's capabilities: the day of the catalogue it is from

type What = Literal["new", "lowered", "raised", "priced", "unpriced", "vanished", "changed"]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model of the providers of one kind of connection. Without a price it is not called."""

    connection: str
    name: str
    kind: Kind
    unit: Unit
    price: Decimal | None
    priced_on: date | None
    source: str
    note: str = ""
    endpoint: str = ""
    ratios: dict[str, str] = {}
    durations: list[int] = []
    options: dict[str, Any] = {}
    capabilities: dict[str, Any] = {}


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    read_on: date
    models: list[Entry]


@dataclass(frozen=True, slots=True)
class Change:
    """What accepting would do to one model. `key` names it in a form."""

    what: What
    name: str
    kind: str
    entry: Entry | None
    row: ProviderModel | None

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def before(self) -> Decimal | None:
        return self.row.price if self.row else None

    @property
    def after(self) -> Decimal | None:
        return self.entry.price if self.entry else None


def shipped() -> Catalogue:
    """Return the newest catalogue that came with this version."""
    return read(max(FOLDER.glob("*.json")).read_bytes())


def read(content: bytes) -> Catalogue:
    """Return the catalogue in a file. Raises `Invalid`."""
    if len(content) > MOST_BYTES:
        raise Invalid(gettext_noop("The catalogue is larger than 1 MB."), field="file")
    try:
        found = msgspec.json.decode(content, type=Catalogue)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Invalid(
            gettext_noop("This is not a catalogue of models: %(why)s"),
            field="file",
            why=str(error)[:200],
        ) from error
    keys = [(one.connection, one.kind, one.name) for one in found.models]
    if len(keys) > MOST_MODELS or len(set(keys)) != len(keys):
        raise Invalid(gettext_noop("The catalogue names a model twice, or too many."), field="file")
    for one in found.models:
        _check(one)
    return found


def _check(entry: Entry) -> None:
    wrong = (
        not 0 < len(entry.name) <= 80  # noqa: PLR2004  the column's length
        or len(entry.note) > 300  # noqa: PLR2004
        or len(entry.endpoint) > 120  # noqa: PLR2004
        or (entry.price is None) != (entry.priced_on is None)
        or (entry.price is not None and not _is_price(entry.price))
        or not all(0 < seconds <= 600 for seconds in entry.durations)  # noqa: PLR2004
    )
    if wrong:
        raise Invalid(
            gettext_noop("The catalogue's entry “%(name)s” cannot be used."),
            field="file",
            name=entry.name[:80],
        )


def _is_price(price: Decimal) -> bool:
    return price.is_finite() and 0 <= price <= MOST_PRICE


def changes(config: AIProviderConfig, catalogue: Catalogue) -> list[Change]:
    """Return what accepting the catalogue would change for this connection. One query."""
    rows = {(row.kind, row.name): row for row in config.models.all()}
    known = {
        (entry.kind.value, entry.name): entry
        for entry in catalogue.models
        if entry.connection == config.kind
    }
    return sorted(_changes(rows, known), key=lambda change: (change.kind, change.name))


def _changes(
    rows: dict[tuple[str, str], ProviderModel], known: dict[tuple[str, str], Entry]
) -> Iterator[Change]:
    for (kind, name), entry in known.items():
        row = rows.get((kind, name))
        what = "new" if row is None else _difference(row, entry)
        if what is not None:
            yield Change(what, name, kind, entry, row)
    for (kind, name), row in rows.items():
        is_from_catalogue = OF_CATALOGUE in _capabilities(row)
        if (kind, name) not in known and is_from_catalogue and row.is_active:
            yield Change("vanished", name, kind, None, row)


def _difference(row: ProviderModel, entry: Entry) -> What | None:
    if row.price != entry.price:
        if row.price is None:
            return "priced"
        if entry.price is None:
            return "unpriced"
        return "lowered" if entry.price < row.price else "raised"
    stored = {key: _capabilities(row).get(key) for key in entry.capabilities}
    same = (
        stored == entry.capabilities
        and row.ratios == entry.ratios
        and list(row.durations) == entry.durations
        and row.endpoint == entry.endpoint
        and all(row.options.get(key) == value for key, value in entry.options.items())
    )
    return None if same else "changed"


def _capabilities(row: ProviderModel) -> dict[str, Any]:
    return row.capabilities if isinstance(row.capabilities, dict) else {}


def accept(
    config: AIProviderConfig, catalogue: Catalogue, chosen: Collection[str], *, actor: Any
) -> list[Change]:
    """Make the chosen changes, and return them.

    A model that has vanished is switched off, never deleted. Changed prices are recorded like those
    that a person enters, so that nobody passes by a second person's approval. Raises `Forbidden`.
    """
    if not actor.is_active or not actor.has_perm("providers.change_aiproviderconfig"):
        raise Forbidden(gettext_noop("You may not change this about a provider."))
    with money_changes.of_prices(config.provider, actor=actor):
        config = AIProviderConfig.objects.get(pk=config.pk)
        made = [change for change in changes(config, catalogue) if change.key in chosen]
        for change in made:
            _apply(config, change, catalogue.read_on)
        names = ", ".join(change.name for change in made)
        if made:
            detail = LocalizedMessage(
                gettext_noop("Catalogue of %(day)s: %(names)s."),
                {"day": catalogue.read_on.isoformat(), "names": names},
            )
            audit.record(AuditAction.CHANGED, actor=actor, target=config, detail=detail)
    return made


def _apply(config: AIProviderConfig, change: Change, read_on: date) -> None:
    entry, row = change.entry, change.row
    if entry is None:
        assert row is not None
        row.is_active = row.is_default = False
        row.save(update_fields=("is_active", "is_default"))
        return
    row = row or ProviderModel(provider=config, kind=entry.kind, name=entry.name)
    # Without a price of its own a model would be called at the connection's price.
    row.is_active = entry.price is not None if change.before is None else row.is_active
    if entry.price is None:
        row.is_active = row.is_default = False
    row.unit, row.price, row.priced_on = entry.unit, entry.price, entry.priced_on
    row.note, row.endpoint = entry.note, entry.endpoint
    row.ratios, row.durations = entry.ratios, entry.durations
    row.options = {**(row.options or {}), **entry.options}
    row.capabilities = {
        **_capabilities(row),
        **entry.capabilities,
        "source": entry.source,
        OF_CATALOGUE: read_on.isoformat(),
    }
    row.save()


def add_all(config: AIProviderConfig, catalogue: Catalogue) -> None:
    """Give a new connection the models of its kind.

    Of each kind of work, the first in the catalogue that makes something from words alone is used.
    """
    for change in changes(config, catalogue):
        _apply(config, change, catalogue.read_on)
    defaults: set[str] = set()
    for entry in catalogue.models:
        if (
            entry.connection == config.kind
            and entry.kind not in defaults
            and entry.price is not None
            and edits.MAKE in edits.tasks_of(entry.capabilities)
            and not entry.options.get("needs_reference")
        ):
            config.models.filter(kind=entry.kind, name=entry.name).update(is_default=True)
            defaults.add(entry.kind)
