"""Admin pages of provider configurations: keys, usage, and actions to pause, resume and test."""

from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from unfold.admin import TabularInline
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldBooleanSwitchWidget,
)

from core.admin.confirm_dialog import Failed, ask, back_from
from core.admin.display import Tone, badge, money
from core.admin.fields import BoundedJsonField
from core.admin.lookups import VisibleNames
from core.admin.model_admin import ModelAdmin
from core.localized_messages import DomainError
from core.numbers import whole_number
from providers import addresses, keys, ledger, registry, usage
from providers.enums import CallState, Refusal
from providers.errors import Invalid
from providers.models import AIProviderConfig, ProviderCall, ProviderModel
from providers.services import configs, connections, money_changes, provider_models, test_runs
from providers.services.workflows import COMFYUI

from . import catalogue, workflows

MOST_VOICE = 100  # characters of the name of a voice


class ConfigForm(forms.ModelForm):  # type: ignore[type-arg]  # the class takes no arguments at run time
    """Configuration form. The key is write-only; an empty field leaves the stored key unchanged."""

    new_key = forms.CharField(
        label=gettext_lazy("New key"),
        required=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget({"autocomplete": "off"}),
        help_text=gettext_lazy(
            "Leave empty to keep the key. It is stored encrypted and never shown again."
        ),
    )
    remove_key = forms.BooleanField(
        label=gettext_lazy("Remove the key"), required=False, widget=UnfoldBooleanSwitchWidget()
    )

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of connection"),
        choices=lambda: list(registry.NAMES.items()),
        widget=UnfoldAdminSelectWidget(),
    )

    class Meta:
        model = AIProviderConfig
        fields = "__all__"  # noqa: DJ007  the admin's fieldsets name the fields
        field_classes = {"settings": BoundedJsonField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.fields["provider"].help_text = _(
                "A short name for addresses and tables, such as gpu-2. It stays as it is."
            )
            self.fields["base_url"].help_text = _("Empty: the provider's own address.")
        else:
            del self.fields["kind"]  # the ledger's calls were made by a backend of this kind

    def clean_new_key(self) -> str:
        key: str = self.cleaned_data["new_key"]
        try:
            configs.check_key(key)
        except Invalid as error:
            raise ValidationError(str(error)) from error
        return key

    def clean(self) -> dict[str, Any]:
        """Require the key again when the address changes to another host.

        A key is bound to the host for which it was entered.
        """
        values = super().clean() or self.cleaned_data
        if self.instance.pk is None:
            self.instance.kind = values.get("kind", "")
            values["base_url"] = values.get("base_url") or keys.home_address_of(self.instance)
            return values
        here = addresses.origin(values.get("base_url", self.instance.base_url))
        new, remove = values.get("new_key", ""), values.get("remove_key", False)
        if (
            self.instance.api_key_enc
            and here != addresses.origin(self.instance.base_url)
            and not (new or remove)
        ):
            self.add_error(
                "new_key",
                _("The address leads to another host: enter the key for it, or remove the key."),
            )
        return values


TITLES = {
    "pause": gettext_lazy("Pause"),
    "resume": gettext_lazy("Resume"),
    "check": gettext_lazy("Test the connection"),
    "balance": gettext_lazy("Ask for the balance"),
    "archive": gettext_lazy("Archive"),
    "restore": gettext_lazy("Restore"),
}
# What a new connection needs. Its prices, limits and settings are entered on its own page.
NEW = (
    (None, {"fields": ("kind", ("name", "provider"), "base_url")}),
    (gettext_lazy("Key"), {"fields": ("new_key",)}),
)


class ModelInline(VisibleNames, TabularInline):  # type: ignore[misc]  # Unfold's bases differ among themselves
    model = ProviderModel
    extra = 0
    tab = True
    fields = ("name", "kind", "is_active", "is_default", "unit", "price", "priced_on", "note")
    verbose_name_plural = gettext_lazy("Models and prices")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("providers.change_aiproviderconfig")

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("providers.view_aiproviderconfig")


@admin.register(AIProviderConfig)
class AIProviderConfigAdmin(ModelAdmin):
    form = ConfigForm
    inlines = (ModelInline,)
    list_display = ("named", "state", "key", "price_image", "price_second", "limits", "spent")
    search_fields = ("name", "provider")
    show_full_result_count = False
    actions = None
    compressed_fields = True
    change_form_outer_before_template = "studio/provider_head.html"  # type: ignore[assignment]  # Unfold writes None without a type
    readonly_fields = ("key_now",)
    fieldsets = (
        (None, {"fields": (("name", "provider"), "kind_name", "is_active", "base_url")}),
        (gettext_lazy("Key"), {"fields": ("key_now", ("new_key", "remove_key"))}),
        (
            gettext_lazy("Prices"),
            {
                "fields": (
                    ("cost_per_image", "cost_per_second_video", "cost_per_text_call"),
                    "monthly_budget",
                )
            },
        ),
        (
            gettext_lazy("Limits"),
            {"fields": (("rate_limit_per_minute", "rate_limit_per_hour", "max_concurrent"),)},
        ),
        (gettext_lazy("Settings"), {"fields": ("settings",), "classes": ("collapse",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may add a connection: with it comes where a key is sent."""
        return super().has_add_permission(request) and request.user.has_perm(
            "providers.set_provider_key"
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the ledger refers to it

    def get_queryset(self, request: HttpRequest) -> QuerySet[AIProviderConfig]:
        """The archived ones come last."""
        rows: QuerySet[AIProviderConfig] = super().get_queryset(request)
        return rows.order_by(F("archived_at").asc(nulls_first=True), "name")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An archived connection is only looked at."""
        return super().has_change_permission(request, obj) and (
            obj is None or obj.archived_at is None
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Make the address and the settings read-only for users who may not set the key.

        Both determine where the key is sent: the address, and the result hosts in the settings.
        """
        where = (
            () if request.user.has_perm("providers.set_provider_key") else ("base_url", "settings")
        )
        return ("key_now", "provider", "kind_name", *where) if obj else ("key_now",)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Return the models only once there is a connection: it begins with those of its kind."""
        return self.inlines if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return NEW
        if request.user.has_perm("providers.set_provider_key"):
            return super().get_fieldsets(request, obj)
        return [
            (
                name,
                {**options, "fields": ("key_now",)} if "key_now" in options["fields"] else options,
            )
            for name, options in self.fieldsets
        ]

    # The list

    @admin.display(description=gettext_lazy("provider"), ordering="name")
    def named(self, config: AIProviderConfig) -> SafeString:
        return format_html(
            '<span class="vp-two"><b>{}</b><small>{}</small></span>', config.name, config.provider
        )

    @admin.display(description=gettext_lazy("state"))
    def state(self, config: AIProviderConfig) -> SafeString:
        return badge(*state_of(config))

    @admin.display(description=gettext_lazy("key"))
    def key(self, config: AIProviderConfig) -> str:
        return key_text(config)

    @admin.display(description=gettext_lazy("picture"))
    def price_image(self, config: AIProviderConfig) -> str:
        return money(config.cost_per_image)

    @admin.display(description=gettext_lazy("second of video"))
    def price_second(self, config: AIProviderConfig) -> str:
        return money(config.cost_per_second_video)

    @admin.display(description=gettext_lazy("limits"))
    def limits(self, config: AIProviderConfig) -> str:
        given = [
            (config.rate_limit_per_minute, _("%(n)s a minute")),
            (config.rate_limit_per_hour, _("%(n)s an hour")),
        ]
        return " · ".join(text % {"n": count} for count, text in given if count) or "–"

    @admin.display(description=gettext_lazy("this month"))
    def spent(self, config: Any) -> str:
        paid = money(config.month)
        return (
            f"{paid} / {money(config.monthly_budget)}"
            if config.monthly_budget is not None
            else paid
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        response: HttpResponse = super().changelist_view(
            request, {"title": _("AI providers"), "crumbs": [], **(extra_context or {})}
        )
        rows = getattr(response, "context_data", None) or {}
        if (cl := rows.get("cl")) is not None:
            month = ledger.breakdown("provider", since=ledger.month_start())
            cl.result_list = list(cl.result_list)
            for config in cl.result_list:
                config.month = month[config.provider].counted if config.provider in month else 0
        return response

    # The form

    @admin.display(description=gettext_lazy("Kind of connection"))
    def kind_name(self, config: AIProviderConfig) -> str:
        return str(registry.NAMES.get(config.kind, config.kind))

    @admin.display(description=gettext_lazy("Key now"))
    def key_now(self, config: AIProviderConfig) -> str:
        return key_text(config)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        new, remove = (
            form.cleaned_data.get("new_key", ""),
            form.cleaned_data.get("remove_key", False),
        )
        if not change:
            connections.add(obj, actor=request.user, key=new)
            return
        values = {
            name: form.cleaned_data[name]
            for name in form.changed_data
            if name not in {"new_key", "remove_key"}
        }
        key = new if new or remove else None
        connections.change(obj, actor=request.user, key=key, **values)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001  Django's signature
        """Save the models, and record which were changed."""
        with money_changes.of_prices(form.instance.provider, actor=request.user):
            super().save_formset(request, form, formset, change)
        names = [
            str(row)
            for row in (
                *formset.new_objects,
                *(row for row, _fields in formset.changed_objects),
                *formset.deleted_objects,
            )
        ]
        if names:
            provider_models.note(form.instance, names, actor=request.user)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        config = (
            AIProviderConfig.objects.filter(pk=number).first()
            if (number := whole_number(object_id)) is not None
            else None
        )
        if config is None:
            raise Http404
        crumbs = [(_("AI providers"), reverse("admin:providers_aiproviderconfig_changelist"))]
        values = {
            "title": config.name,
            "crumbs": crumbs,
            "config": config,
            "state": state_of(config),
            **page_of(config, request.user),
            "show_save_and_add_another": False,
            **(extra_context or {}),
        }
        response: HttpResponse = super().change_view(request, object_id, form_url, values)
        return response

    # Actions

    def steer(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Pause, resume, test, archive or restore the connection, or request the balance.

        GET shows the confirmation, POST executes the action.
        """
        if name not in TITLES:
            raise Http404
        config = get_object_or_404(AIProviderConfig, pk=pk)
        page = reverse("admin:providers_aiproviderconfig_change", args=[pk])
        back = back_from(request, page)

        def act() -> str:
            if name == "pause":
                configs.pause(config, actor=request.user, reason=request.POST.get("reason", ""))
                return _("%(provider)s is paused. Jobs wait for it.") % {"provider": config.name}
            if name == "resume":
                configs.resume(config, actor=request.user)
                return _("%(provider)s is used again.") % {"provider": config.name}
            if name in {"archive", "restore"}:
                return _archive(config, request.user, name)
            return (_balance if name == "balance" else _test)(config, request.user)

        def context() -> dict[str, Any]:
            site: Any = self.admin_site
            crumbs = [
                (_("AI providers"), reverse("admin:providers_aiproviderconfig_changelist")),
                (config.name, page),
            ]
            frame: dict[str, Any] = site.page_context(
                request, title=str(TITLES[name]), crumbs=crumbs, config=config, name=name
            )
            return frame

        return ask(request, template="studio/provider_do.html", context=context, act=act, back=back)

    def test_run(self, request: HttpRequest, pk: int, model: int) -> HttpResponse:
        """Make one call with a model. GET shows its price, POST makes it for that price."""
        row = get_object_or_404(
            ProviderModel.objects.select_related("provider"), pk=model, provider__id=pk
        )
        if not may_run(request.user):
            raise PermissionDenied
        page = reverse("admin:providers_aiproviderconfig_change", args=[pk])
        made: list[ProviderCall] = []

        def act() -> str:
            confirmed = decimal_of(request.POST.get("price", ""))
            made.append(
                test_runs.start(
                    row,
                    actor=request.user,
                    confirmed=confirmed,
                    voice=request.POST.get("voice", "")[:MOST_VOICE],
                    language=_spoken(),
                )
            )
            return _("The test run is under way; its result appears on this page.")

        def context() -> dict[str, Any]:
            site: Any = self.admin_site
            crumbs = [
                (_("AI providers"), reverse("admin:providers_aiproviderconfig_changelist")),
                (row.provider.name, page),
            ]
            values: dict[str, Any] = {"config": row.provider, "row": row, "name": "run"}
            try:
                values["price"] = test_runs.price_of(row, language=_spoken())
            except DomainError as problem:
                values["problem"] = str(problem)
            frame: dict[str, Any] = site.page_context(
                request, title=_("Test run"), crumbs=crumbs, **values
            )
            return frame

        answer = ask(
            request, template="studio/provider_do.html", context=context, act=act, back=page
        )
        if made:
            there = reverse("admin:providers_providercall_change", args=[made[0].pk])
            answer["HX-Redirect" if "HX-Redirect" in answer else "Location"] = there
        return answer

    def get_urls(self) -> list[URLPattern]:
        view = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.steer))
        workflow = require_http_methods(["GET", "POST"])(
            self.admin_site.admin_view(partial(workflows.page, site=self.admin_site))
        )
        models = require_http_methods(["GET", "POST"])(
            self.admin_site.admin_view(partial(catalogue.page, site=self.admin_site))
        )
        run = require_http_methods(["GET", "POST"])(self.admin_site.admin_view(self.test_run))
        return [
            path("<int:pk>/do/<slug:name>/", view, name="providers_do"),
            path("<int:pk>/workflow/", workflow, name="providers_workflow"),
            path("<int:pk>/catalogue/", models, name="providers_catalogue"),
            path("<int:pk>/test-run/<int:model>/", run, name="providers_test_run"),
            *super().get_urls(),
        ]


def _archive(config: AIProviderConfig, actor: Any, name: str) -> str:
    if name == "restore":
        connections.restore(config, actor=actor)
        return _("%(provider)s is restored. It is off and has no key.") % {"provider": config.name}
    connections.archive(config, actor=actor)
    return _("%(provider)s is archived. Its calls and costs stay.") % {"provider": config.name}


def _balance(config: AIProviderConfig, actor: Any) -> str:
    left = connections.ask_balance(config, actor=actor)
    if left is None:
        return Failed(_("The provider does not report its balance at the moment."))
    return _("The balance at the provider is %(amount)s.") % {"amount": money(left)}


def _test(config: AIProviderConfig, actor: Any) -> str:
    health = connections.test(config, actor=actor)
    if not health.ok:
        return Failed(str(config.test_note))
    facts = ", ".join(f"{key}: {value}" for key, value in health.facts.items())
    return _("The connection works. %(facts)s") % {"facts": facts}


def _setup(config: AIProviderConfig, prices: list[usage.Priced]) -> list[tuple[str, bool, str]]:
    """Return the three steps of setting up a connection, which are done, and where to do them.

    Empty: all are done, or it is in use.
    """
    missing = usage.missing_of(config, prices)
    links = {
        "key": (_("Key"), "#id_new_key"),
        "test": (_("Test"), reverse("admin:providers_do", args=[config.pk, "check"])),
        "price": (
            _("Model with a price"),
            reverse("admin:providers_catalogue", args=[config.pk]),
        ),
    }
    steps = [(word, step not in missing, link) for step, (word, link) in links.items()]
    return steps if missing and not config.is_active else []


def _spoken() -> test_runs.Language:
    """Return the language of a spoken test run: that of the page, if there is a sentence in it."""
    return "ko" if (get_language() or "").startswith("ko") else "en"


def may_run(user: Any) -> bool:
    """Return whether the user may make a test run, which may cost money."""
    return bool(
        user.has_perms(("providers.change_aiproviderconfig", "providers.view_providercall"))
    )


def decimal_of(text: str) -> Decimal:
    """Return the price that was confirmed. Raises `Invalid`."""
    try:
        found = Decimal(text[:20])
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise Invalid(gettext_noop("Confirm the price first."), field="price")
    return found


def page_of(config: AIProviderConfig, user: Any) -> dict[str, Any]:
    """Return the context shown above the form.

    Amounts and errors are included only for users who may view the ledger.
    """
    found = {
        "limits": usage.limits_of(config),
        "prices": usage.prices_of(config),
        "unpriced": usage.unpriced_of(config),
        "may_pause": user.has_perm("providers.pause_provider"),
        "may_test": config.archived_at is None
        and user.has_perm("providers.change_aiproviderconfig"),
        "may_archive": config.kind in registry.NAMES
        and user.has_perms(("providers.change_aiproviderconfig", "providers.set_provider_key")),
        "may_run": may_run(user),
        "takes_workflows": config.kind == COMFYUI,
        "sees_money": user.has_perm("providers.view_providercall"),
        "tells_balance": registry.adapter_for(config).tells_balance,
    }
    found["setup"] = _setup(config, found["prices"])
    if found["sees_money"]:
        found |= {
            "budgets": usage.budgets_of(config),
            "month": ledger.totals(provider=config.provider, since=ledger.month_start()),
            "last_errors": [(call, *call_state(call)) for call in usage.last_errors(config)],
        }
    return found


def call_state(call: ProviderCall) -> tuple[str, Tone]:
    """Return a short reason why the call did not succeed, and its color."""
    if call.state == CallState.UNCLEAR:
        return str(CallState.UNCLEAR.label), "ask"
    return str(Refusal(call.refusal).label if call.refusal else CallState.REFUSED.label), "bad"


def state_of(config: AIProviderConfig) -> tuple[str, Tone]:
    """Return the state as text, and its color."""
    if config.archived_at is not None:
        return _("Archived"), "quiet"
    if config.is_paused:
        return _("Paused"), "ask"
    if config.not_before and config.not_before > timezone.now():
        return _("Has asked us to wait"), "ask"
    if config.is_active and config.test_works is False:
        return _("Connection test failed"), "bad"
    if config.is_active:
        return _("In use"), "good"
    return _("Off"), "quiet"


def key_text(config: AIProviderConfig) -> str:
    """Return where the key comes from and its last characters; never more of it."""
    if keys.environment_key(config):
        return _("From the environment, ends with %(end)s") % {"end": keys.hint_of(config) or "…"}
    if config.api_key_enc and not keys.is_bound_here(config):
        return _("Entered for another address; enter it again")
    if config.api_key_enc:
        return _("Ends with %(end)s") % {"end": config.api_key_hint or "…"}
    return _("None")
