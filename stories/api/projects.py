"""Project endpoints: the work for a client, its people and its money."""

from typing import Annotated, Any

import msgspec
from django.db.models import Prefetch, QuerySet
from msgspec import UNSET, Meta, UnsetType

from api.components import Body, Query
from api.controllers import ApiController, Call, operation
from api.inputs import Strict, text
from api.paging import Keyset, Page, Paging, page
from api.problems import not_found
from api.responses import Created, NoContent
from stories.api.inputs.parts import (
    Budget,
    MakerModel,
    ProjectCode,
    Provider,
    Style,
    VisionProvider,
    sent_values,
)
from stories.enums import AspectRatio, Language, Resolution
from stories.models import Project, ProjectMember
from stories.models.project import ProjectRole
from stories.services import projects as domain
from stories.services.makers import PROVIDERS, with_models
from stories.services.permissions import visible_projects

from .base import PROJECTS, api
from .outputs.parts import Moment, Money, money

BY_NAME = Keyset("name", "id", descending=False)
MOST_PEOPLE = 200

Name = Annotated[str, Meta(description="Its name."), text(least=1, most=120)]
Client = Annotated[str, Meta(description="Whom the work is for."), text(most=120)]
IsOpen = Annotated[bool, Meta(description="All staff see its stories, not only its people.")]
ProjectBudget = Annotated[
    Budget, Meta(description="USD of all its stories together; null: no limit.")
]
UsualStyle = Annotated[Style, Meta(description="The usual style of new stories.")]
UsualLanguage = Annotated[Language, Meta(description="The usual language of new stories.")]
UsualFormat = Annotated[AspectRatio, Meta(description="The usual format of new stories.")]
UsualResolution = Annotated[Resolution, Meta(description="The usual resolution of new stories.")]


Planner = Annotated[Provider, Meta(description="The usual provider that plans.")]
Pictures = Annotated[Provider, Meta(description="The usual provider of pictures.")]
Clips = Annotated[Provider, Meta(description="The usual provider of clips.")]
Speech = Annotated[Provider, Meta(description="The usual provider of the narrator.")]
Music = Annotated[Provider, Meta(description="The usual provider of music.")]
Model = Annotated[MakerModel, Meta(description="A model of that provider; empty: its usual one.")]
Checker = Annotated[
    VisionProvider, Meta(description="The usual connection whose model checks takes.")
]
ChecksNewTakes = Annotated[
    bool, Meta(description="New stories have new takes checked as soon as they arrive.")
]
LightFilms = Annotated[
    bool, Meta(description="Final films of new stories get a copy for slow connections.")
]


class ProjectIn(Strict):
    name: Name
    code: ProjectCode
    client: Client = ""
    is_open: IsOpen = False
    budget: ProjectBudget | None = None
    language: UsualLanguage | UnsetType = UNSET
    aspect_ratio: UsualFormat | UnsetType = UNSET
    resolution: UsualResolution | UnsetType = UNSET
    style: UsualStyle = ""
    planner_provider: Planner | UnsetType = UNSET
    planner_model: Model | UnsetType = UNSET
    image_provider: Pictures | UnsetType = UNSET
    image_model: Model | UnsetType = UNSET
    clip_provider: Clips | UnsetType = UNSET
    clip_model: Model | UnsetType = UNSET
    speech_provider: Speech | UnsetType = UNSET
    speech_model: Model | UnsetType = UNSET
    music_provider: Music | UnsetType = UNSET
    music_model: Model | UnsetType = UNSET
    vision_provider: Checker = ""
    check_new_takes: ChecksNewTakes = False
    light_films: LightFilms = False


class ProjectPatch(Strict):
    """Only what is sent is changed. Null: stories have no such usual value. Another provider
    without a model is asked with its usual one.
    """

    name: Name | UnsetType = UNSET
    code: ProjectCode | UnsetType = UNSET
    client: Client | UnsetType = UNSET
    is_open: IsOpen | UnsetType = UNSET
    budget: ProjectBudget | UnsetType | None = UNSET
    language: UsualLanguage | UnsetType | None = UNSET
    aspect_ratio: UsualFormat | UnsetType | None = UNSET
    resolution: UsualResolution | UnsetType | None = UNSET
    style: UsualStyle | UnsetType = UNSET
    planner_provider: Planner | UnsetType | None = UNSET
    planner_model: Model | UnsetType = UNSET
    image_provider: Pictures | UnsetType | None = UNSET
    image_model: Model | UnsetType = UNSET
    clip_provider: Clips | UnsetType | None = UNSET
    clip_model: Model | UnsetType = UNSET
    speech_provider: Speech | UnsetType | None = UNSET
    speech_model: Model | UnsetType = UNSET
    music_provider: Music | UnsetType | None = UNSET
    music_model: Model | UnsetType = UNSET
    vision_provider: Checker | UnsetType | None = UNSET
    check_new_takes: ChecksNewTakes | UnsetType = UNSET
    light_films: LightFilms | UnsetType = UNSET
    archived: (
        Annotated[bool, Meta(description="No story begins in an archived project.")] | UnsetType
    ) = UNSET


class MemberRoleIn(Strict):
    role: Annotated[ProjectRole, Meta(description="A lead may change all its stories.")] = (
        ProjectRole.MEMBER
    )


class ProjectFilter(Paging):
    """By name."""

    archived: Annotated[bool, Meta(description="Those in the archive.")] = False


class ProjectMemberOut(msgspec.Struct):
    user_id: Annotated[int, Meta(description="The person.")]
    username: Annotated[str, Meta(description="The person's user name.")]
    role: Annotated[ProjectRole, Meta(description="A lead may change all its stories.")]


class ProjectOut(msgspec.Struct):
    """The work for one client. Its people see its stories."""

    id: Annotated[int, Meta(description="The project.")]
    name: Annotated[str, Meta(description="Its name.")]
    code: Annotated[str, Meta(description="Identifies it in stories and exports.")]
    client: Annotated[str, Meta(description="Whom the work is for.")]
    is_open: IsOpen
    budget: Annotated[Money | None, Meta(description="Of all its stories; null: no limit.")]
    spent: Annotated[
        str, Meta(description="USD that count against the budget: paid, reserved or unconfirmed.")
    ]
    percent: Annotated[int | None, Meta(description="Of the budget; null: no limit.")]
    alert: Annotated[
        int, Meta(description="The highest of 50, 80 and 100 percent that is reached, or 0.")
    ]
    language: Annotated[Language | None, Meta(description="The usual language of new stories.")]
    aspect_ratio: Annotated[AspectRatio | None, Meta(description="The usual format.")]
    resolution: Annotated[Resolution | None, Meta(description="The usual resolution.")]
    style: Annotated[str, Meta(description="The usual style of new stories.")]
    planner_provider: Annotated[str | None, Meta(description="The usual provider that plans.")]
    planner_model: Model
    image_provider: Annotated[str | None, Meta(description="The usual provider of pictures.")]
    image_model: Model
    clip_provider: Annotated[str | None, Meta(description="The usual provider of clips.")]
    clip_model: Model
    speech_provider: Annotated[str | None, Meta(description="The usual provider of the narrator.")]
    speech_model: Model
    music_provider: Annotated[str | None, Meta(description="The usual provider of music.")]
    music_model: Model
    vision_provider: Annotated[
        str | None, Meta(description="The usual connection whose model checks takes.")
    ]
    check_new_takes: ChecksNewTakes
    light_films: LightFilms
    members: Annotated[list[ProjectMemberOut], Meta(description="Its people, by user name.")]
    archived_at: Annotated[Moment | None, Meta(description="When it was archived.")]
    created_at: Annotated[Moment, Meta(description="When it was made.")]


def _rows(call: Call) -> QuerySet[Project]:
    if not call.user.has_perm("stories.view_project"):
        return Project.objects.none()
    people = ProjectMember.objects.select_related("user").order_by("user__username")
    return visible_projects(call.user).prefetch_related(Prefetch("members", queryset=people))


def _project(call: Call, project_id: int) -> Project:
    row = _rows(call).filter(pk=project_id).first()
    if row is None:
        raise not_found()
    return row


def _out(rows: list[Project]) -> list[ProjectOut]:
    found = domain.money_of(rows)
    return [_one(row, found[row.pk]) for row in rows]


def _one(row: Project, spent: domain.Money) -> ProjectOut:
    return ProjectOut(
        id=row.pk,
        name=row.name,
        code=row.code,
        client=row.client,
        is_open=row.is_open,
        budget=None if row.budget is None else money(row.budget),
        spent=money(spent.counted),
        percent=spent.percent,
        alert=spent.alert,
        language=Language(row.language) if row.language else None,
        aspect_ratio=AspectRatio(row.aspect_ratio) if row.aspect_ratio else None,
        resolution=Resolution(row.resolution) if row.resolution else None,
        style=row.style,
        planner_provider=row.planner_provider or None,
        planner_model=row.planner_model,
        image_provider=row.image_provider or None,
        image_model=row.image_model,
        clip_provider=row.clip_provider or None,
        clip_model=row.clip_model,
        speech_provider=row.speech_provider or None,
        speech_model=row.speech_model,
        music_provider=row.music_provider or None,
        music_model=row.music_model,
        vision_provider=row.vision_provider or None,
        check_new_takes=row.check_new_takes,
        light_films=row.light_films,
        members=[
            ProjectMemberOut(one.user_id, one.user.get_username(), ProjectRole(one.role))
            for one in list(row.members.all())[:MOST_PEOPLE]
        ],
        archived_at=row.archived_at,
        created_at=row.created_at,
    )


def _shown(call: Call, project_id: int) -> ProjectOut:
    return _out([_project(call, project_id)])[0]


@api.at("projects/")
class ProjectsController(ApiController):
    tags = (PROJECTS,)

    @operation("list_projects", summary="List projects")
    def get(self, query: Query[ProjectFilter]) -> Page[ProjectOut]:
        """Those that you see, by name, with what is spent."""
        return page(
            _rows(self).filter(archived_at__isnull=not query.archived),
            query,
            out=lambda found: _out(list(found)),
            key=lambda row: (row.name, row.pk),
            keyset=BY_NAME,
        )

    @operation("create_project", summary="Add a project")
    def post(self, body: Body[ProjectIn]) -> Created[ProjectOut]:
        """Who adds it is its first lead, unless they see every project anyway."""
        made = domain.save_project(Project(**_values(body)), actor=self.user)
        return Created(_shown(self, made.pk), Location=f"{self.request.path}{made.pk}/")


@api.at("projects/<int:project_id>/")
class ProjectController(ApiController):
    tags = (PROJECTS,)

    def locked(self) -> QuerySet[Project]:
        return Project.objects.filter(pk=self.kwargs["project_id"])

    @operation("get_project", summary="Show a project")
    def get(self, project_id: int) -> ProjectOut:
        """Its people, its budget, and what was spent of it."""
        return _shown(self, project_id)

    @operation("patch_project", summary="Change a project", problems=(409,))
    def patch(self, project_id: int, body: Body[ProjectPatch]) -> ProjectOut:
        """Projects are archived, not deleted: their stories and costs stay."""
        row = _project(self, project_id)
        values = _values(body)
        archived = values.pop("archived", None)
        for name, value in with_models(row, values).items():
            setattr(row, name, value)
        domain.save_project(row, actor=self.user, archived=archived)
        return _shown(self, project_id)


@api.at("projects/<int:project_id>/members/<int:user_id>/")
class ProjectMemberController(ApiController):
    tags = (PROJECTS,)

    @operation("set_project_member", summary="Add a person to a project")
    def put(self, project_id: int, user_id: int, body: Body[MemberRoleIn]) -> ProjectOut:
        """Or change the person's role in it."""
        row = _project(self, project_id)
        domain.set_member(row, user_id, role=body.role, actor=self.user)
        return _shown(self, project_id)

    @operation("remove_project_member", summary="Remove a person from a project")
    def delete(self, project_id: int, user_id: int) -> NoContent:
        """Stories of this person stay in the project."""
        row = _project(self, project_id)
        try:
            domain.remove_member(row, user_id, actor=self.user)
        except ProjectMember.DoesNotExist:
            raise not_found() from None
        return NoContent()


EMPTY = (
    "language",
    "aspect_ratio",
    "resolution",
    *PROVIDERS,
)  # texts of the model, empty for none


def _values(body: msgspec.Struct) -> dict[str, Any]:
    sent = sent_values(body)
    return {name: "" if value is None and name in EMPTY else value for name, value in sent.items()}
