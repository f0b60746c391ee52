"""The forms of a story: one short one to begin with, and one for everything that can still be changed."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminExpandableTextareaWidget, UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from ground.composed import composed_query
from providers.enums import Kind
from providers.models import AIProviderConfig
from providers.preflight import makes
from stories.imports.encodings import CHOICES
from stories.imports.reading import ENDINGS, ScriptUnreadable, read_script
from stories.models import MAX_SCRIPT, Story

from . import reading

if TYPE_CHECKING:
    StoryModelForm = forms.ModelForm[Story]
else:
    StoryModelForm = forms.ModelForm

PROVIDER_FIELDS = ("planner_provider", "image_provider", "clip_provider")


MAKES = {"planner_provider": Kind.TEXT, "image_provider": Kind.IMAGE, "clip_provider": Kind.CLIP}


def provider_choices(name: str, current: str = "") -> list[tuple[str, str]]:
    """For this field the providers that are set up, in use and make its kind, and the one that is chosen even if it is none of them."""
    rows = AIProviderConfig.objects.order_by("name")
    return [(row.provider, row.name) for row in rows if row.provider == current or makes(row, MAKES[name])]


class ComposedForm(StoryModelForm):
    """What is typed is composed (NFC) before its length is counted."""

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(composed_query(data) if isinstance(data, QueryDict) else data, *args, **kwargs)


class NewStoryForm(ComposedForm):
    """What a story needs to begin; everything else has a sensible value and can be changed later."""

    script_file = forms.FileField(
        label=_("Or a file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget({"accept": ",".join(ENDINGS)}),
        help_text=_("TXT, MD, DOCX, ODT, HWPX, PDF, FOUNTAIN, FDX, SRT or VTT. Its text takes the place of what is written above."),
    )

    # A text file is carried along, so that it can be read again in another encoding.
    encoding = forms.ChoiceField(label=_("Encoding of the file"), required=False, widget=UnfoldAdminSelectWidget())
    kept_name = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)
    kept_file = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    class Meta:
        model = Story
        fields = ("title", "script", "duration_seconds", "aspect_ratio", "language", "style")
        widgets = {"script": UnfoldAdminTextareaWidget({"rows": 14})}
        labels = {"duration_seconds": _("Length (seconds)"), "aspect_ratio": _("Format")}
        help_texts = {"script": _("Paste the text of the film. It is cut into scenes at its sentences.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.data.get("kept_file") if self.is_bound else self.initial.get("kept_file")
        if kept:
            cast("forms.ChoiceField", self.fields["encoding"]).choices = [("", _("Detect")), *CHOICES.items()]
        else:
            self.fields["encoding"] = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_script_file(self) -> Any:
        """A file that can be read has been read before the form is looked at; here it is told why one cannot."""
        if self.cleaned_data["script_file"]:
            self._read(*reading.sent_file_of(self.cleaned_data["script_file"]))
        return None

    def clean(self) -> Any:
        """The button that only reads was pressed, and there was nothing to show."""
        cleaned = super().clean()
        if reading.READ in self.data and not self.errors:
            data = reading.kept_bytes(self.data.get("kept_file", ""))
            if data:
                try:
                    self._read(self.data.get("kept_name", ""), data, self.data.get("encoding", ""))
                except forms.ValidationError as error:
                    self.add_error("encoding", error)
            elif not self.data.get("script", "").strip():
                self.add_error("script", _("There is nothing to read yet: paste a text or choose a file."))
        return cleaned

    def _read(self, name: str, data: bytes, encoding: str = "") -> None:
        """Raises ValidationError if the file cannot be a script."""
        try:
            script = read_script(name, data, encoding)
        except ScriptUnreadable as error:
            raise forms.ValidationError(str(error)) from error
        if len(script.text) > MAX_SCRIPT:
            raise forms.ValidationError(_("At most %(most)s characters.") % {"most": MAX_SCRIPT})


class StoryForm(ComposedForm):
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
            "budget",
        )
        widgets = {"script": UnfoldAdminExpandableTextareaWidget({"rows": 12})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in PROVIDER_FIELDS:
            if name in self.fields:
                choices = provider_choices(name, getattr(self.instance, name))
                self.fields[name] = forms.ChoiceField(choices=choices, label=self.fields[name].label, widget=UnfoldAdminSelectWidget())
