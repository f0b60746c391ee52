"""The forms of a story: a short one to create it, and one for everything that can be edited."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanSwitchWidget,
)

from core.unicode_normalization import composed_query
from providers.enums import Kind
from providers.models import AIProviderConfig
from providers.preflight import makes
from providers.vision import model_that_sees
from stories.imports.encodings import CHOICES
from stories.imports.reading import ENDINGS, ScriptUnreadable, read_script
from stories.models import MAX_SCRIPT, Story
from stories.services.controls import is_offered
from stories.services.makers import PROVIDERS, Maker, model_field

from . import script_preview

if TYPE_CHECKING:
    StoryModelForm = forms.ModelForm[Story]
else:
    StoryModelForm = forms.ModelForm

FREE = "local"
PROVIDER_FIELDS = ("planner_provider", "image_provider", "clip_provider")
NOBODY = Maker("")
NO_CHECK = _("No check by a model")


def connections() -> list[AIProviderConfig]:
    """All connections with their models, by name. Two queries."""
    return list(AIProviderConfig.objects.order_by("name").prefetch_related("models"))


def maker_choices(
    rows: Iterable[AIProviderConfig], kind: Kind, *current: Maker
) -> list[tuple[str, str]]:
    """Those connections that are in use and make this kind of thing, each with its usual model and
    with each other of its models.

    What is chosen at present is included even if it is none of these.
    """
    found = []
    for row in rows:
        chosen = [maker.model for maker in current if maker.provider == row.provider]
        if not chosen and (row.archived_at is not None or not makes(row, kind)):
            continue
        names = [model.name for model in row.models.all() if is_offered(model, kind)]
        for name in dict.fromkeys(["", *names, *chosen]):
            label = f"{row.name} · {name}" if name else row.name
            found.append((maker_value(Maker(row.provider, name)), label))
    return found


def maker_value(maker: Maker) -> str:
    """As a form sends it."""
    return ":".join(filter(None, maker))


def maker_from(text: str) -> Maker:
    provider, _colon, model = text.partition(":")
    return Maker(provider, model)


class MakersMixin:
    """Of a form whose row has providers with models: one list chooses both."""

    makers: Sequence[str] = ()
    no_maker = ""

    def offer_makers(self, rows: Iterable[AIProviderConfig]) -> None:
        """Put the lists in place of the fields of the providers."""
        form = cast("Any", self)
        for name in self.makers:
            if name in form.fields:
                row = form.instance
                now = Maker(getattr(row, name), getattr(row, model_field(name)))
                empty = [("", self.no_maker)] if self.no_maker else []
                form.fields[name] = forms.ChoiceField(
                    choices=[*empty, *maker_choices(rows, PROVIDERS[name], now)],
                    label=form.fields[name].label,
                    required=not empty,
                    widget=UnfoldAdminSelectWidget(),
                )
                form.initial[name] = maker_value(now)

    def take_makers(self, cleaned: dict[str, Any]) -> None:
        """Write the chosen models to the row, and leave the providers to the form."""
        for name in self.makers:
            if name in cleaned:
                maker = maker_from(cleaned[name])
                cleaned |= {name: maker.provider, model_field(name): maker.model}
                setattr(cast("Any", self).instance, model_field(name), maker.model)


def vision_choices(rows: Iterable[AIProviderConfig], current: str) -> list[tuple[str, str]]:
    """No connection, and those in use that have a model that looks at pictures."""
    return [
        ("", str(NO_CHECK)),
        *(
            (row.provider, row.name)
            for row in rows
            if row.provider == current
            or (row.archived_at is None and model_that_sees(row) and makes(row, Kind.TEXT))
        ),
    ]


def has_free_voices() -> bool:
    """Whether the local provider, which costs nothing, can speak a new story's lines."""
    local = AIProviderConfig.objects.filter(provider=FREE).first()
    return local is not None and makes(local, Kind.SPEECH) and makes(local, Kind.MUSIC)


class ComposedForm(StoryModelForm):
    """A form that normalizes its text (NFC) before its length is checked."""

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            composed_query(data) if isinstance(data, QueryDict) else data, *args, **kwargs
        )


class NewStoryForm(ComposedForm):
    """What a story needs to be created. Everything else has a default and can be changed later."""

    script_file = forms.FileField(
        label=_("Or a file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget({"accept": ",".join(ENDINGS)}),
        help_text=_(
            "TXT, MD, DOCX, ODT, HWPX, PDF, FOUNTAIN, FDX, SRT or VTT. Its text takes the "
            "place of what is written above."
        ),
    )

    sound = forms.BooleanField(
        label=_("With sound"),
        required=False,
        initial=has_free_voices,
        widget=UnfoldBooleanSwitchWidget(),
        help_text=_(
            "The local provider speaks the lines and makes music at no cost; its Korean voice is a "
            "scratch voice. Other voices are chosen on the film page."
        ),
    )

    # The form carries a text file along, so that it can be read again in another encoding.
    encoding = forms.ChoiceField(
        label=_("Encoding of the file"), required=False, widget=UnfoldAdminSelectWidget()
    )
    kept_name = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    kept_file = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    class Meta:
        model = Story
        fields = (
            "title",
            "script",
            "duration_seconds",
            "aspect_ratio",
            "language",
            "style",
            "project",
        )
        widgets = {"script": UnfoldAdminTextareaWidget({"rows": 14})}
        labels = {"duration_seconds": _("Length (seconds)"), "aspect_ratio": _("Format")}
        help_texts = {
            "script": _("Paste the text of the film. It is cut into scenes at its sentences.")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.data.get("kept_file") if self.is_bound else self.initial.get("kept_file")
        if kept:
            cast("forms.ChoiceField", self.fields["encoding"]).choices = [
                ("", _("Detect")),
                *CHOICES.items(),
            ]
        else:
            self.fields["encoding"] = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_script_file(self) -> Any:
        """Report why a file cannot be read.

        Readable files are handled before the form is validated.
        """
        if self.cleaned_data["script_file"]:
            self._read(*script_preview.sent_file_of(self.cleaned_data["script_file"]))
        return None

    def clean(self) -> Any:
        """Report that the preview button was pressed but there is nothing to show."""
        cleaned = super().clean()
        if script_preview.READ in self.data and not self.errors:
            data = script_preview.kept_bytes(self.data.get("kept_file", ""))
            if data:
                try:
                    self._read(self.data.get("kept_name", ""), data, self.data.get("encoding", ""))
                except forms.ValidationError as error:
                    self.add_error("encoding", error)
            elif not self.data.get("script", "").strip():
                self.add_error(
                    "script", _("There is nothing to read yet: paste a text or choose a file.")
                )
        return cleaned

    def _read(self, name: str, data: bytes, encoding: str = "") -> None:
        """Read the file. Raises ValidationError if it cannot be a script."""
        try:
            script = read_script(name, data, encoding)
        except ScriptUnreadable as error:
            raise forms.ValidationError(str(error)) from error
        if len(script.text) > MAX_SCRIPT:
            raise forms.ValidationError(_("At most %(most)s characters.") % {"most": MAX_SCRIPT})


class StoryForm(MakersMixin, ComposedForm):
    makers = PROVIDER_FIELDS

    class Meta:
        model = Story
        fields = (
            "title",
            "script",
            "language",
            "style",
            "duration_seconds",
            "aspect_ratio",
            "resolution",
            "burn_captions",
            *PROVIDER_FIELDS,
            "vision_provider",
            "check_new_takes",
            "light_films",
            "budget",
            "needs_client_approval",
            "project",
        )
        widgets = {"script": UnfoldAdminExpandableTextareaWidget({"rows": 12})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = connections()
        self.offer_makers(rows)
        if (field := self.fields.get("vision_provider")) is not None:
            self.fields["vision_provider"] = forms.ChoiceField(
                choices=vision_choices(rows, self.instance.vision_provider),
                label=field.label,
                help_text=field.help_text,
                required=False,
                widget=UnfoldAdminSelectWidget(),
            )

    def clean(self) -> Any:
        cleaned = super().clean()
        self.take_makers(self.cleaned_data)
        return cleaned
