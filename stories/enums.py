"""Enumerations of the domain."""

from typing import Literal

from django.db import models
from django.utils.translation import gettext_lazy as _

# What a plan says of a take that could be made.
PlanState = Literal["missing", "stale", "rejected", "running", "done", "blocked"]


class StoryStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PLANNING = "planning", _("Planning")
    PLANNED = "planned", _("Planned")
    PREVIEWING = "previewing", _("Previewing")
    RENDERING = "rendering", _("Rendering")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    ARCHIVED = "archived", _("Archived")


class Language(models.TextChoices):
    KO = "ko", _("Korean")
    EN = "en", _("English")


class AspectRatio(models.TextChoices):
    WIDE = "16:9", _("Wide 16:9")
    TALL = "9:16", _("Tall 9:16")
    SQUARE = "1:1", _("Square 1:1")


class Resolution(models.TextChoices):
    """Length of the shorter side in pixels. 1080p has 30 frames per second, 720p has 24."""

    HD = "720p", _("720p, 24 fps")
    FULL_HD = "1080p", _("1080p, 30 fps")


class Camera(models.TextChoices):
    PUSH_IN = "push_in", _("Push in")
    PULL_OUT = "pull_out", _("Pull out")
    PAN_LEFT = "pan_left", _("Pan left")
    PAN_RIGHT = "pan_right", _("Pan right")
    TILT_UP = "tilt_up", _("Tilt up")
    TILT_DOWN = "tilt_down", _("Tilt down")
    STILL = "still", _("Still")


class TakeKind(models.TextChoices):
    IMAGE = "image", _("Picture")
    CLIP = "clip", _("Clip")


class EditTask(models.TextChoices):
    """What becomes of a take that exists. The result is another take."""

    CHANGE = "change", _("Change")
    UPSCALE = "upscale", _("Upscale")
    EXTEND = "extend", _("Extend")
    FINISH = "finish", _("Finish the draft")


class Boundary(models.TextChoices):
    """How a scene goes over into the next one.

    Continuous: the clip ends in the picture that the next clip begins with.
    """

    CUT = "cut", _("Cut")
    CONTINUOUS = "continuous", _("Continuous")
    CROSS_FADE = "cross_fade", _("Cross-fade")
    DIP_TO_BLACK = "dip_to_black", _("Dip to black")


class Corner(models.TextChoices):
    """Where a logo stands."""

    TOP_LEFT = "top_left", _("Top left")
    TOP_RIGHT = "top_right", _("Top right")
    BOTTOM_LEFT = "bottom_left", _("Bottom left")
    BOTTOM_RIGHT = "bottom_right", _("Bottom right")


class CastKind(models.TextChoices):
    CHARACTER = "character", _("Character")
    PLACE = "place", _("Place")
    PROP = "prop", _("Prop")
    STYLE = "style", _("Visual style")


class LineKind(models.TextChoices):
    NARRATION = "narration", _("Narration")
    DIALOGUE = "dialogue", _("Dialogue")


class SoundKind(models.TextChoices):
    SPEECH = "speech", _("Speech")
    MUSIC = "music", _("Music")
    SOUND = "sound", _("Sound effect")
    RECORDING = "recording", _("Recording in place of the voices")


class Mood(models.TextChoices):
    """The mood of the music bed. With none the film has no music."""

    NONE = "none", _("No music")
    CALM = "calm", _("Calm")
    TENDER = "tender", _("Tender")
    HOPEFUL = "hopeful", _("Hopeful")
    TENSE = "tense", _("Tense")
    HAPPY = "happy", _("Happy")


class LoudnessPreset(models.TextChoices):
    """Integrated loudness of the film."""

    WEB = "web", _("Web (−14 LUFS)")
    EBU = "ebu", _("Broadcast, Europe (−23 LUFS)")
    ATSC = "atsc", _("Broadcast, Korea and US (−24 LUFS)")


class TakeSource(models.TextChoices):
    GENERATED = "generated", _("Generated")
    UPLOADED = "uploaded", _("Uploaded")


class ReviewStatus(models.TextChoices):
    UNREVIEWED = "unreviewed", _("Not reviewed")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")


class Doubt(models.TextChoices):
    """What the automatic check found in a picture or clip. A person decides what becomes of it."""

    BLACK = "black", _("black")
    BLANK = "blank", _("one even colour")
    FROZEN = "frozen", _("frozen")
    STROBING = "strobing", _("flashes quickly")
    BLURRED = "blurred", _("blurred")
    SIZE = "size", _("wrong size")
    SHORT = "short", _("too short")
    LETTERS = "letters", _("letters in the picture")
    DUPLICATE = "duplicate", _("the same as another scene")
    # Found by a model that looks at takes, if the story has one.
    UNCHECKED = "unchecked", _("not checked by the model yet")
    UNCHECKABLE = "uncheckable", _("the model could not check it")
    UNFIT = "unfit", _("does not fit the prompt")
    OTHER_FACE = "other_face", _("another face than on the reference sheet")


class Decision(models.TextChoices):
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class FilmKind(models.TextChoices):
    PREVIEW = "preview", _("Preview")
    FINAL = "final", _("Final film")


class JobName(models.TextChoices):
    STORY_PLANNING = "story_planning", _("Plan the story")
    SCENE_PREVIEW = "scene_preview", _("Make a scene's picture")
    SCENE_RENDER = "scene_render", _("Make a scene's clip")
    SCENE_ENGLISH = "scene_english", _("Put a scene's prompt into English")
    LINE_SPEECH = "line_speech", _("Speak a line")
    STORY_MUSIC = "story_music", _("Make the music")
    SCENE_SOUND = "scene_sound", _("Make a sound effect")
    SPEECH_LENGTHS = "speech_lengths", _("Ask how long the lines will be")
    SCENE_SEGMENT = "scene_segment", _("Encode a scene for the film")
    STORY_STEMS = "story_stems", _("Prepare the mixer")
    FILM_LIGHT = "film_light", _("Make the film for slow connections")
    LOOK_SHEET = "look_sheet", _("Make a reference sheet")
    TAKE_EDIT = "take_edit", _("Edit a take")
    TAKE_CHECK = "take_check", _("Check a take with a model")
    STORY_PREVIEW = "story_preview", _("Make the preview")
    STORY_RENDER = "story_render", _("Render the final film")
    SEND_MESSAGES = "send_messages", _("Send a person’s messages")
    SEND_WEBHOOK = "send_webhook", _("Send to a webhook")


class ViewPage(models.TextChoices):
    """The page whose filters a saved view holds."""

    BOARD = "board", _("Board")
    STORIES = "stories", _("Stories")


class ClientVerdict(models.TextChoices):
    """What the client says of one version of the film."""

    APPROVED = "approved", _("Approved by the client")
    CHANGES = "changes", _("Changes wanted")


class Visibility(models.TextChoices):
    """Who may read a staff comment.

    A guest's comment is read by staff and through that guest's link.
    """

    INTERNAL = "internal", _("Internal")
    CLIENT = "client", _("Shown to the client")
