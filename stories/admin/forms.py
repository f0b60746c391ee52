"""The forms of a story: one short one to begin with, and one for everything that can still be changed."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminExpandableTextareaWidget, UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from providers.models import AIProviderConfig
from stories.imports.reading import ENDINGS, MOST_BYTES, ScriptUnreadable, read_script
from stories.models import MAX_SCRIPT, Story

if TYPE_CHECKING:
    StoryModelForm = forms.ModelForm[Story]
else:
    StoryModelForm = forms.ModelForm

PROVIDER_FIELDS = ("planner_provider", "image_provider", "clip_provider")


def provider_choices(current: str = "") -> list[tuple[str, str]]:
    """The active providers, and the one that is chosen even if it is no longer active."""
    rows = AIProviderConfig.objects.order_by("name")
    return [(row.provider, row.name) for row in rows if row.is_active or row.provider == current]


class NewStoryForm(StoryModelForm):
    """What a story needs to begin; everything else has a sensible value and can be changed later."""

    script_file = forms.FileField(
        label=_("Or a file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget({"accept": ",".join(ENDINGS)}),
        help_text=_("TXT, MD, DOCX, ODT, HWPX, PDF, FOUNTAIN, FDX, SRT or VTT. Its text takes the place of what is written above."),
    )

    class Meta:
        model = Story
        fields = ("title", "script", "duration_seconds", "aspect_ratio", "language", "style")
        widgets = {"script": UnfoldAdminTextareaWidget({"rows": 14})}
        labels = {"duration_seconds": _("Length (seconds)"), "aspect_ratio": _("Format")}
        help_texts = {"script": _("Paste the text of the film. It is cut into scenes at its sentences.")}

    def clean_script_file(self) -> Any:
        """The text of the file takes the place of the script. Raises ValidationError."""
        file = self.cleaned_data["script_file"]
        if file:
            try:
                script = read_script(file.name, file.read(MOST_BYTES + 1))
            except ScriptUnreadable as error:
                raise forms.ValidationError(str(error)) from error
            if len(script.text) > MAX_SCRIPT:
                raise forms.ValidationError(_("At most %(most)s characters.") % {"most": MAX_SCRIPT})
            self.cleaned_data["script"] = script.text
        return None


class StoryForm(StoryModelForm):
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
                choices = provider_choices(getattr(self.instance, name))
                self.fields[name] = forms.ChoiceField(choices=choices, label=self.fields[name].label, widget=UnfoldAdminSelectWidget())
