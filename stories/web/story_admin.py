"""The story admin: list, form, and the URLs of the story's pages."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ActionLocation
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin_site import AdminSite
from core.admin.display import ago, badge, bar, clock, money, quick_html
from core.admin.display import person as person_text
from core.admin.display import scenes as scenes_text
from core.admin.filters import ChoicesFilter, RelatedFilter
from core.admin.model_admin import ModelAdmin
from core.localized_messages import DomainError
from core.numbers import whole_number
from stories.enums import Language, ViewPage
from stories.models import Story
from stories.services import projects, stories
from stories.services.locking import CLOSED
from stories.services.makers import model_field
from stories.services.permissions import is_story_owner, sees_all, stories_for
from stories.services.stories import FIELDS, FREE_WHILE_CLOSED
from stories.web import BoardUrls

from . import (
    actions,
    assign,
    boundaries,
    bulk_transitions,
    cast,
    create_once,
    introduction,
    mixer,
    presence,
    saved_views,
    scene_lengths,
    script_preview,
    sound,
    sound_takes,
    status_colors,
    story_cards,
    story_pages,
    voices,
)
from .filters import TITLES, Due, ProjectFilter, ViewFilter
from .forms import PROVIDER_FIELDS, NewStoryForm, StoryForm
from .list_columns import EstimatingPaginator, Facts, StoryList, due_text, state_words
from .story_state import picture_url

NO_PICTURE = SafeString('<span class="material-symbols-outlined" aria-hidden="true">movie</span>')


@admin.register(Story)
class StoryAdmin(BoardUrls, ModelAdmin):
    list_display = ("film", "state", "length", "person", "due", "cost", "changed")
    list_filter = (
        ViewFilter,
        ("status", ChoicesFilter),
        ("owner", RelatedFilter),
        ("assignee", RelatedFilter),
        Due,
        ("project", ProjectFilter),
        ("language", ChoicesFilter),
        ("aspect_ratio", ChoicesFilter),
    )
    list_filter_submit = True
    list_fullwidth = True
    list_before_template = "studio/story/list_views.html"  # type: ignore[assignment]  # Unfold writes None without a type
    list_per_page = 25
    list_select_related = ("owner", "assignee")
    search_fields = ("title", "owner__username")
    search_help_text = _("Title or owner")
    ordering = ("-created_at", "-id")
    show_full_result_count = False
    paginator = EstimatingPaginator
    actions = bulk_transitions.ACTIONS
    views = TITLES
    change_form_template = "studio/story/form.html"
    warn_unsaved_form = True
    compressed_fields = True
    add_fieldsets: Any = (
        (
            None,
            {
                "fields": (
                    "title",
                    "script",
                    "script_file",
                    "encoding",
                    "kept_name",
                    "kept_file",
                    ("duration_seconds", "aspect_ratio", "language"),
                    ("style", "project"),
                    "sound",
                )
            },
        ),
    )
    fieldsets = (
        (None, {"fields": ("title", "script")}),
        (
            _("Film"),
            {
                "fields": (
                    ("duration_seconds", "aspect_ratio", "resolution"),
                    ("language", "style"),
                    "project",
                    "burn_captions",
                    "needs_client_approval",
                    "light_films",
                )
            },
        ),
        (
            _("Providers and money"),
            {
                "fields": (
                    ("planner_provider", "image_provider", "clip_provider"),
                    ("vision_provider", "budget"),
                    "check_new_takes",
                )
            },
        ),
    )

    # Permissions

    def get_queryset(self, request: HttpRequest) -> QuerySet[Story]:
        return (
            stories_for(request.user).select_related("owner", "assignee").order_by(*self.ordering)
        )

    def has_view_permission(self, request: HttpRequest, obj: Story | None = None) -> bool:
        """The rows themselves are those that `get_queryset` lets through."""
        return obj is None or sees_all(request.user) or obj.owner_id == request.user.pk

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and request.user.is_staff)

    def has_change_permission(self, request: HttpRequest, obj: Story | None = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        return is_story_owner(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Story | None = None) -> bool:
        return False  # paid content is archived, never deleted

    # List

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[StoryList]:
        return StoryList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        values = {"title": gettext("Stories"), "crumbs": [], **(extra_context or {})}
        values["menu"] = saved_views.ViewMenu.of(request, ViewPage.STORIES)
        response: HttpResponse = super().changelist_view(request, values)
        return response

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: list[tuple[str, str]] | None = None,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> list[tuple[str, str]]:
        """Unfold's own does not know the parameter `action_location` of Django 6.1."""
        blank = default_choices or [("", gettext("Select action"))]
        found: list[tuple[str, str]] = admin.ModelAdmin.get_action_choices(
            self, request, blank, action_location
        )
        return found

    @admin.display(description=_("story"), ordering="title")
    def film(self, story: Any) -> SafeString:
        facts: Facts = story.facts
        picture = picture_url(facts.cover, 320)
        image = (
            quick_html('<img src="{}" alt="" loading="lazy" decoding="async">', picture)
            if picture
            else NO_PICTURE
        )
        below = scenes_text(facts.scenes) if facts.scenes else gettext("No scenes yet")
        return quick_html(
            (
                '<span class="vp-film"><span class="vp-thumb">{}</span><span '
                'class="vp-film-text"><b>{}</b><small>{} · {}</small></span></span>'
            ),
            image,
            story.title,
            below,
            story.aspect_ratio,
        )

    @admin.display(description=_("status"), ordering="status")
    def state(self, story: Any) -> SafeString:
        work = story.facts.work
        shown = badge(state_words(story), status_colors.of_story(story.status, work))
        if work is None:
            return shown
        return quick_html(
            (
                '<span class="vp-state">{}<span '
                'class="vp-state-bar">{}<small>{}%</small></span></span>'
            ),
            shown,
            bar(work.progress, status_colors.of_job(work), label=story.title),
            work.progress,
        )

    @admin.display(description=_("length"), ordering="duration_seconds")
    def length(self, story: Story) -> str:
        return clock(story.duration_seconds)

    @admin.display(description=_("owner"), ordering="owner__username")
    def person(self, story: Story) -> SafeString:
        """The owner, and below who it is assigned to."""
        owner = person_text(story.owner)
        if story.assignee is None or story.assignee_id == story.owner_id:
            return quick_html("{}", owner)
        return quick_html(
            '<span class="vp-two"><span>{}</span><small>→ {}</small></span>',
            owner,
            person_text(story.assignee),
        )

    @admin.display(description=_("due"), ordering="due_on")
    def due(self, story: Story) -> SafeString | str:
        return due_text(story)

    @admin.display(description=_("cost"))
    def cost(self, story: Any) -> str:
        return money(story.facts.cost)

    @admin.display(description=_("changed"), ordering="updated_at")
    def changed(self, story: Story) -> SafeString | str:
        return ago(story.updated_at)

    # Form

    def get_form(
        self,
        request: HttpRequest,
        obj: Story | None = None,
        change: bool = False,  # noqa: FBT001, FBT002  Django's signature
        **kwargs: Any,
    ) -> Any:
        return super().get_form(
            request, obj, change=change, form=StoryForm if obj else NewStoryForm, **kwargs
        )

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "project":
            kwargs |= {"queryset": projects.open_projects(request.user), "required": False}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(
        self,
        request: HttpRequest,
        obj: Story | None = None,
    ) -> tuple[str, ...]:
        return (
            tuple(name for name in FIELDS if name not in FREE_WHILE_CLOSED)
            if obj and obj.status in CLOSED
            else ()
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        if change:
            changed = {name: form.cleaned_data[name] for name in form.changed_data}
            chosen = [model_field(name) for name in changed if name in PROVIDER_FIELDS]
            changed |= {name: form.cleaned_data[name] for name in chosen}
            project = changed.pop("project", None)
            with transaction.atomic():
                stories.edit(obj.pk, actor=request.user, **changed)
                if project is not None:
                    projects.move(obj.pk, project, actor=request.user)
        else:
            values = {name: form.cleaned_data[name] for name in NewStoryForm.Meta.fields}
            with_sound = form.cleaned_data["sound"]
            obj.pk = stories.create(owner=request.user, sound=with_sound, **values).pk

    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form of an existing story. The `change` address leads to the workbench."""
        try:
            response: HttpResponse = super().change_view(
                request, object_id, extra_context=self._form_context(request, object_id)
            )
        except DomainError as error:
            messages.error(request, _("Nothing was saved. %(why)s") % {"why": error})
            return HttpResponseRedirect(self._page(object_id))
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if request.method == "POST":
            return self.edit(request, object_id)
        story = story_pages.story_or_404(request, object_id)
        return HttpResponseRedirect(self._page(story.pk))

    def _form_context(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        story = (
            stories_for(request.user)
            .select_related("owner")
            .filter(pk=story_pages.uuid_or_404(object_id))
            .first()
        )
        return (
            story_pages.context(
                request,
                story,
                tab="edit",
                closed=story.status in CLOSED,
                show_save_and_add_another=False,
            )
            if story
            else {}
        )

    def _page(self, object_id: Any) -> str:
        return reverse("admin:stories_story_board", args=[object_id])

    def response_change(self, request: HttpRequest, obj: Story) -> HttpResponse:
        messages.success(request, _("Saved."))
        return HttpResponseRedirect(
            reverse("admin:stories_story_edit", args=[obj.pk])
            if "_continue" in request.POST
            else self._page(obj.pk)
        )

    def response_add(
        self,
        request: HttpRequest,
        obj: Story,
        post_url_continue: str | None = None,
    ) -> HttpResponse:
        create_once.note(request, obj)
        if "_plan" in request.POST:
            question = reverse("admin:stories_story_do", args=[obj.pk, "start_planning"])
            return HttpResponseRedirect(question)
        messages.success(
            request, _("The story is created. Start planning when the script is ready.")
        )
        return HttpResponseRedirect(self._page(obj.pk))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The initial values of the form.

        These are the values read from the script, else those of the project in `?project=`, else
        the settings of the user's last story, else the user's own language.
        """
        found: Any = getattr(request, "reading", None)
        if found is not None:
            return dict(found.initial)
        language = (get_language() or "")[:2]
        own = {"language": language} if language in Language.values else {}
        return {
            **own,
            **script_preview.remembered(request.user),
            **super().get_changeform_initial_data(request),
            **self._of_project(request),
        }

    def _of_project(self, request: HttpRequest) -> dict[str, Any]:
        number = whole_number(request.GET.get("project", ""))
        if number is None:
            return {}
        found = projects.open_projects(request.user).filter(pk=number).first()
        return {"project": found.pk, **projects.usual_values(found)} if found else {"project": None}

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = script_preview.read(request)
        if found is not None:
            # Show the form again, filled with what was read. This request creates nothing.
            request.reading = found  # type: ignore[attr-defined]
            request.method = "GET"
            extra_context = {**(extra_context or {}), "reading": found}
        if (made := create_once.found(request)) is not None:
            messages.info(request, _("This story already exists and is shown here."))
            return HttpResponseRedirect(self._page(made.pk))
        crumbs = [(gettext("Stories"), reverse("admin:stories_story_changelist"))]
        values = {
            "title": gettext("New story"),
            "crumbs": crumbs,
            "show_save_and_add_another": False,
            "show_save_and_continue": False,
            **(extra_context or {}),
        }
        response: HttpResponse = super().add_view(request, form_url, values)
        return response

    # URLs

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("estimate/", wrap(story_pages.estimate_new), name="stories_story_estimate"),
            path("propose/", wrap(script_preview.propose), name="stories_story_propose"),
            path("views/save/", wrap(saved_views.save), name="stories_view_save"),
            path("views/<int:pk>/remove/", wrap(saved_views.remove), name="stories_view_remove"),
            path("<uuid:story_id>/notes/", wrap(introduction.close), name="stories_story_notes"),
            path("<uuid:story_id>/here/", wrap(presence.here), name="stories_story_here"),
            path(
                "<uuid:story_id>/live/<slug:tab>/",
                wrap(story_pages.live),
                name="stories_story_live",
            ),
            path("<uuid:story_id>/film/", wrap(story_pages.film), name="stories_story_film"),
            path("<uuid:story_id>/film/sound/", wrap(sound.change), name="stories_story_sound"),
            path(
                "<uuid:story_id>/film/music/", wrap(sound_takes.music), name="stories_story_music"
            ),
            path(
                "<uuid:story_id>/film/lengths/",
                wrap(scene_lengths.accept),
                name="stories_story_lengths",
            ),
            path(
                "<uuid:story_id>/film/transitions/",
                wrap(boundaries.change),
                name="stories_story_boundaries",
            ),
            path(
                "<uuid:story_id>/film/cards/", wrap(story_cards.change), name="stories_story_cards"
            ),
            path("<uuid:story_id>/film/logo/", wrap(story_cards.logo), name="stories_story_logo"),
            path("<uuid:story_id>/film/mixer/", wrap(mixer.change), name="stories_story_mixer"),
            path(
                "<uuid:story_id>/film/mixer/prepare/",
                wrap(mixer.prepare),
                name="stories_story_mixer_prepare",
            ),
            path(
                "<uuid:story_id>/film/pronunciations/",
                wrap(sound.pronunciations),
                name="stories_story_pronunciations",
            ),
            path("<uuid:story_id>/film/voice/", wrap(sound.voice), name="stories_story_voice"),
            path("<uuid:story_id>/film/voices/", wrap(voices.voices), name="stories_story_voices"),
            path(
                "<uuid:story_id>/film/voices/sample/",
                wrap(voices.sample),
                name="stories_story_voice_sample",
            ),
            path("<uuid:story_id>/cast/", wrap(cast.page), name="stories_story_cast"),
            path("<uuid:story_id>/cast/add/", wrap(cast.add), name="stories_story_cast_add"),
            path(
                "<uuid:story_id>/cast/use/", wrap(cast.use_library), name="stories_story_cast_use"
            ),
            path(
                "<uuid:story_id>/cast/<uuid:member_id>/newer/",
                wrap(cast.newer_page),
                name="stories_story_member_newer",
            ),
            path(
                "<uuid:story_id>/cast/<uuid:member_id>/",
                wrap(cast.member_page),
                name="stories_story_member",
            ),
            path(
                "<uuid:story_id>/cast/<uuid:member_id>/do/<slug:act>/",
                wrap(cast.change_member),
                name="stories_story_member_do",
            ),
            path(
                "<uuid:story_id>/cast/looks/<uuid:look_id>/do/<slug:act>/",
                wrap(cast.change_look),
                name="stories_story_look_do",
            ),
            path(
                "<uuid:story_id>/cast/sheets/<uuid:take_id>/do/<slug:act>/",
                wrap(cast.change_sheet),
                name="stories_story_sheet_do",
            ),
            path("<uuid:story_id>/jobs/", wrap(story_pages.jobs), name="stories_story_jobs"),
            path("<uuid:story_id>/money/", wrap(story_pages.spent), name="stories_story_money"),
            path(
                "<uuid:story_id>/history/", wrap(story_pages.history), name="stories_story_history"
            ),
            path("<str:object_id>/edit/", wrap(self.edit), name="stories_story_edit"),
            path("<uuid:story_id>/do/assign/", wrap(assign.assign), name="stories_story_assign"),
            path(
                "<uuid:story_id>/do/give_up/", wrap(actions.give_up), name="stories_story_give_up"
            ),
            path(
                "<uuid:story_id>/do/make/<slug:kind>/",
                wrap(actions.make),
                name="stories_story_make",
            ),
            path("<uuid:story_id>/do/<slug:name>/", wrap(actions.change), name="stories_story_do"),
        ]
        return [*own, *super().get_urls()]


assert isinstance(admin.site, AdminSite) or hasattr(admin.site, "add_redirect")
admin.site.add_redirect("ai_video/", "admin:stories_story_changelist")
