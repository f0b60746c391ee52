"""What a person has confirmed, and how much of it a story's job may still start by itself."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from core.clock import database_now
from jobs.models import Job
from stories.enums import JobName
from stories.models import Confirmation

from . import job_data
from .plan import Item
from .sound_items import SoundItem


def bind(confirmation: Confirmation, job: Job) -> None:
    """Bind the confirmation to the story's job.

    Its spending cap is added to what the job has already started.
    """
    confirmation.job_id = job.pk
    if confirmation.spending_cap is not None:
        confirmation.spending_cap += _begun(Job.objects.filter(parent=job))
    confirmation.save(update_fields=["job_id", "spending_cap"])


def _begun(children: Iterable[Job]) -> Decimal:
    """The cost in USD of the takes that a story's job has started by itself, with their checks."""
    return sum(
        (
            Decimal(child.data["parameters"].get(name, 0))
            for child in children
            if child.name != JobName.TAKE_CHECK  # counted with its take
            for name in ("price", "check")
        ),
        Decimal(0),
    )


def affordable_items(
    job: Job, items: Iterable[Item | SoundItem], children: Iterable[Job]
) -> dict[str, dict[str, Any]]:
    """The scenes and sounds, by key, that the story's job may make takes for, each with the price
    that binds its child.

    The binding price is the confirmed one. For a scene that was added after the start, a take is
    made if the spending cap covers it, and its cost counts as started by the same person. The
    remaining scenes must be started by a person.
    """
    known = list(Confirmation.objects.filter(job_id=job.pk).order_by("-id"))
    # A job of an earlier version has the cap in its parameters.
    spending_cap = (
        Decimal(job.data["parameters"]["allowance"])
        if "allowance" in job.data["parameters"]
        else None
    )
    if known:
        spending_cap = known[0].spending_cap
    left = None if spending_cap is None else spending_cap - _begun(children)
    found: dict[str, dict[str, Any]] = {}
    added: dict[str, dict[str, str]] = {}
    for item in items:
        key = item.key
        line = next((row.lines[key] for row in known if key in row.lines), None)
        check = getattr(item, "check", Decimal(0))
        price = Decimal(line["price"]) if line else item.price
        check = Decimal(line.get("check", 0)) if line else check
        if left is not None and price + check > left:
            continue
        left = None if left is None else left - price - check
        found[key] = {"price": str(price), **job_data.with_check(check)}
        if line is None and price:
            added[key] = {"price": str(price)}
        if line is None and check:
            kind = job_data.STORY_KIND[JobName(job.name)]
            added[job_data.new_check_key(kind, key)] = {"price": str(check)}
    if added:
        total = sum((Decimal(line["price"]) for line in added.values()), Decimal(0))
        kind = job_data.STORY_KIND[JobName(job.name)]
        Confirmation.objects.create(
            story_id=UUID(job.subject),
            kind=kind,
            lines=added,
            total=total,
            actor=job.owner,
            at=database_now(),
        )
    return found
