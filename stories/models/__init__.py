"""The models of stories, one file each."""

from .approval import Approval
from .cast import CastMember, Look, SceneCast, SheetTake
from .confirmation import Confirmation
from .effect import Effect
from .film import Film
from .introduction import Introduction
from .library import LibraryLook, LibraryMember, LibraryVersion
from .line import Line, LineText
from .presence import Presence
from .project import Project, ProjectMember, ProjectRole
from .pronunciation import Pronunciation
from .review import Comment, FilmVerdict, ReviewLink, ReviewOpening
from .saved_view import SavedView
from .scene import Scene
from .scene_prompt import ScenePrompt
from .scene_sound import SceneSound
from .seconds import SecondsField, in_frames, tenths
from .sound_take import SoundTake
from .speech_prediction import SpeechPrediction
from .stored_take import StoredTake
from .story import MAX_DURATION, MAX_SCRIPT, MIN_DURATION, Story
from .story_sound import StorySound
from .story_state_transition import StoryStateTransition
from .take import Take, TakeCheck, VisionCheck, doubt_words
from .voice import Voice

__all__ = [
    "MAX_DURATION",
    "MAX_SCRIPT",
    "MIN_DURATION",
    "Approval",
    "CastMember",
    "Comment",
    "Confirmation",
    "Effect",
    "Film",
    "FilmVerdict",
    "Introduction",
    "LibraryLook",
    "LibraryMember",
    "LibraryVersion",
    "Line",
    "LineText",
    "Look",
    "Presence",
    "Project",
    "ProjectMember",
    "ProjectRole",
    "Pronunciation",
    "ReviewLink",
    "ReviewOpening",
    "SavedView",
    "Scene",
    "SceneCast",
    "ScenePrompt",
    "SceneSound",
    "SecondsField",
    "SheetTake",
    "SoundTake",
    "SpeechPrediction",
    "StoredTake",
    "Story",
    "StorySound",
    "StoryStateTransition",
    "Take",
    "TakeCheck",
    "VisionCheck",
    "Voice",
    "doubt_words",
    "in_frames",
    "tenths",
]
