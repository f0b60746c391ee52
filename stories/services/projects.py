"""Projects: their people, their money, and moving a story into another one."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import AuditAction
from core.localized_messages import LocalizedMessage
from jobs.enums import WaitFor
from jobs.services import queue
from providers import ledger
from providers.models import AIProviderConfig
from providers.prices import configs_of
from providers.registry import makes
from stories.errors import Conflict, Forbidden, GuardRefused, Invalid
from stories.models import Project, ProjectMember, Story
from stories.models.project import DEFAULT_CODE, ProjectRole

from .check_offers import require_checker
from .makers import PROVIDERS, Maker, model_field, require_model
from .permissions import require_story_owner, sees_every_project, visible_projects

CHECKER = "vision_provider"  # a model of it checks takes
SWITCHES = ("check_new_takes", "light_films")
ALERTS = (100, 80, 50)  # percent of the budget
NOT_CHOSEN = gettext_noop("The provider “%(provider)s” cannot be chosen for this.")


@dataclass(frozen=True, slots=True)
class Money:
    """What budgets count of a project. `alert` is the highest of 50, 80 and 100 percent that is
    reached; 0 without a budget.
    """

    counted: Decimal
    budget: Decimal | None
    percent: int | None
    alert: int


def open_projects(user: Any) -> QuerySet[Project]:
    """The projects in which this person may begin stories."""
    return visible_projects(user).filter(archived_at=None)


def project_by_code(user: Any, code: str) -> Project:
    """Raises Invalid for a project that is not there, not for this person, or archived."""
    found = open_projects(user).filter(code=code).first()
    if found is None:
        raise Invalid(
            gettext_noop("There is no project “%(code)s”."), code=code[:20], field="project"
        )
    return found


def require_open(user: Any, project_id: Any) -> None:
    """Raises Forbidden unless this person may begin stories in this project."""
    if not open_projects(user).filter(pk=project_id).exists():
        raise Forbidden(gettext_noop("You may not create stories in this project."))


def move(story_id: UUID | str, project: Project, *, actor: Any) -> Story:
    """Put a story into another project, with all it cost.

    Raises Story.DoesNotExist, Forbidden, or GuardRefused where its owner would not see it any more.
    """
    with transaction.atomic():
        story = Story.objects.select_related("owner").get(pk=story_id)
        require_story_owner(actor, story)
        require_open(actor, project.pk)
        if story.project_id == project.pk:
            return story
        if not visible_projects(story.owner).filter(pk=project.pk).exists():
            raise GuardRefused(
                gettext_noop("The owner of the story is not among the people of “%(name)s”."),
                name=project.name,
            )
        Story.objects.filter(pk=story.pk).update(project=project, updated_at=timezone.now())
        story.project = project
        audit.record(
            AuditAction.CHANGED,
            actor=actor,
            target=story,
            detail=LocalizedMessage(
                gettext_noop("Moved to %(project)s."), {"project": project.code}
            ),
        )
    return story


def save_project(project: Project, *, actor: Any, archived: bool | None = None) -> Project:
    """Save a new or changed project. `archived`: put it into the archive, or take it out.

    Who adds a project is its first lead, unless they see every project anyway. Raises Forbidden,
    Invalid with the field, or Conflict.
    """
    is_new = project._state.adding  # noqa: SLF001  Django's documented model API
    if not actor.has_perm("stories.add_project" if is_new else "stories.change_project"):
        raise Forbidden(gettext_noop("You may not change projects."))
    if archived and project.code == DEFAULT_CODE:
        raise Invalid(
            gettext_noop(
                "The default project cannot be archived, because new stories are added to it."
            ),
            field="archived",
        )
    if archived is not None and archived != (project.archived_at is not None):
        project.archived_at = timezone.now() if archived else None
    require_usual_providers(project)
    try:
        project.full_clean()
    except ValidationError as error:
        name, messages = next(iter(error.message_dict.items()))
        field = "name" if name == NON_FIELD_ERRORS else name
        raise Invalid("%(message)s", message=" ".join(messages), field=field) from error
    try:
        with transaction.atomic():
            project.save()
            if is_new and not sees_every_project(actor):
                ProjectMember.objects.create(project=project, user=actor, role=ProjectRole.LEAD)
            action = AuditAction.ADDED if is_new else AuditAction.CHANGED
            audit.record(action, actor=actor, target=project)
            wake_the_waiting()
    except IntegrityError as error:  # saved by somebody else since it was looked at
        raise Conflict(gettext_noop("There is another project of this name or code.")) from error
    return project


def wake_the_waiting() -> None:
    """Wake the jobs that wait for a budget, when this is committed."""
    transaction.on_commit(lambda: queue.wake(wait_for=WaitFor.BUDGET))


def set_member(project: Project, user_id: int, *, role: str, actor: Any) -> ProjectMember:
    """Add a person to the project, or change the role in it. Raises Forbidden or Invalid."""
    if not actor.has_perm("stories.change_project"):
        raise Forbidden(gettext_noop("You may not change projects."))
    person = get_user_model().objects.filter(pk=user_id, is_active=True, is_staff=True).first()
    if person is None:
        raise Invalid(gettext_noop("There is no such person."), field="user_id")
    with transaction.atomic():
        member, _made = ProjectMember.objects.update_or_create(
            project=project, user=person, defaults={"role": role}
        )
        detail = LocalizedMessage(
            gettext_noop("%(person)s: %(role)s."),
            {"person": person.get_username(), "role": ProjectRole(role).label},
        )
        audit.record(AuditAction.CHANGED, actor=actor, target=project, detail=detail)
    return member


def remove_member(project: Project, user_id: int, *, actor: Any) -> None:
    """Remove a person from the project. Raises Forbidden or ProjectMember.DoesNotExist."""
    if not actor.has_perm("stories.change_project"):
        raise Forbidden(gettext_noop("You may not change projects."))
    with transaction.atomic():
        member = ProjectMember.objects.select_related("user").get(project=project, user=user_id)
        detail = LocalizedMessage(
            gettext_noop("%(person)s: removed."), {"person": member.user.get_username()}
        )
        member.delete()
        audit.record(AuditAction.CHANGED, actor=actor, target=project, detail=detail)


def subjects_of(projects: Collection[Any]) -> dict[str, Any]:
    """Return the project of each of their stories, by the story's id as the ledger has it."""
    rows = Story.objects.filter(project__in=projects).values_list("pk", "project_id")
    return {str(pk): project for pk, project in rows}


def money_of(projects: Collection[Project]) -> dict[Any, Money]:
    """Return the money of these projects. Two queries, for any number of projects."""
    owner = subjects_of(projects)
    sums: dict[Any, Decimal] = {}
    for subject, totals in ledger.breakdown("subject", subjects=list(owner)).items():
        sums[owner[subject]] = sums.get(owner[subject], Decimal(0)) + totals.counted
    return {row.pk: money(sums.get(row.pk, Decimal(0)), row.budget) for row in projects}


def money(counted: Decimal, budget: Decimal | None) -> Money:
    if budget is None:
        return Money(counted, None, None, 0)
    percent = int(counted * 100 / budget) if budget else 100
    alert = next((level for level in ALERTS if percent >= level), 0)
    return Money(counted, budget, percent, alert)


def require_budget(story: Story, amount: Decimal) -> None:
    """Raises GuardRefused if the project's budget does not allow this amount more.

    The caller holds the story's lock.
    """
    if not amount:
        return
    project: Project = Project.objects.get(stories=story)
    if project.budget is None:
        return
    counted = money_of([project])[project.pk].counted
    if counted + amount > project.budget:
        raise GuardRefused(
            gettext_noop(
                "The budget of the project “%(name)s” is %(cap)s USD, of which %(counted)s are "
                "spent or reserved; %(amount)s more do not fit."
            ),
            name=project.name,
            cap=f"{project.budget:.2f}",
            counted=f"{counted:.2f}",
            amount=f"{amount:.2f}",
        )


def cap_of(story_id: Any) -> Decimal | None:
    """Return what all calls of this story may cost: its budget, or what the others of its project
    leave of the project's, whichever is less. None without either.

    Called under the lock of all reservations, so that two stories cannot take the same rest.
    """
    story = Story.objects.select_related("project").get(pk=story_id)
    if story.project.budget is None:
        return story.budget
    others = [subject for subject in subjects_of([story.project_id]) if subject != str(story.pk)]
    left = max(Decimal(0), story.project.budget - ledger.counted(subjects=others))
    return left if story.budget is None else min(story.budget, left)


def usual_values(project: Project) -> dict[str, Any]:
    """What a new story of this project begins with.

    A provider that is archived by now is left out, and a model that is not offered any more, so
    that stories can still begin. Two queries if the project has usual providers.
    """
    names = ("language", "aspect_ratio", "resolution", "style", *SWITCHES)
    found = {name: value for name in names if (value := getattr(project, name))}
    asked = {name: value for name in PROVIDERS if (value := getattr(project, name))}
    checker = project.vision_provider
    known = _offered({*asked.values(), checker} - {""})
    if checker in known:
        found[CHECKER] = checker
    for name, provider in asked.items():
        if provider in known:
            found[name] = provider
            model = getattr(project, model_field(name))
            with suppress(Invalid):
                require_model(known[provider], name, model)
                found[model_field(name)] = model
    return found


def _offered(providers: Collection[str]) -> dict[str, AIProviderConfig]:
    """Those among these connections that are not archived, with their models."""
    known = configs_of(set(providers)) if providers else {}
    return {name: config for name, config in known.items() if config.archived_at is None}


def require_usual_providers(project: Project) -> None:
    """Raise Invalid, with the field, unless each newly chosen usual provider makes what it is
    chosen for, and has the model.
    """
    names = (*PROVIDERS, CHECKER, *map(model_field, PROVIDERS))
    before = Project.objects.filter(pk=project.pk).values(*names).first() or {}
    checker = project.vision_provider
    if checker and checker != before.get(CHECKER):
        config = AIProviderConfig.objects.filter(provider=checker, archived_at=None).first()
        if config is None:
            raise Invalid(NOT_CHOSEN, provider=checker, field=CHECKER)
        require_checker(config, field=CHECKER)
    asked = {
        name: Maker(getattr(project, name), getattr(project, model_field(name)))
        for name in PROVIDERS
    }
    changed = {
        name: maker
        for name, maker in asked.items()
        if maker != Maker(before.get(name, ""), before.get(model_field(name), ""))
    }
    known = _offered({maker.provider for maker in changed.values()} - {""})
    for name, maker in changed.items():
        if maker.model and not maker.provider:
            raise Invalid(gettext_noop("Choose the provider of this model, too."), field=name)
        if maker.provider not in {"", before.get(name)} and not (
            maker.provider in known and makes(known[maker.provider].kind, PROVIDERS[name])
        ):
            raise Invalid(NOT_CHOSEN, provider=maker.provider, field=name)
        if maker.provider in known:
            require_model(known[maker.provider], name, maker.model)
