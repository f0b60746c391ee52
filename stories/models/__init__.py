"""The models of stories, one file each."""

from .approval import Approval
from .cast import CastMember, Look, SceneCast, SheetTake
from .confirmation import Confirmation
from .film import Film
from .line import Line, LineText
from .pronunciation import Pronunciation
from .review import Comment, ReviewLink
from .scene import Scene
from .scene_prompt import ScenePrompt
from .scene_sound import SceneSound
from .sound_take import SoundTake
from .story import MAX_DURATION, MAX_SCRIPT, MIN_DURATION, Story
from .story_sound import StorySound
from .story_state_transition import StoryStateTransition
from .take import Take
from .voice import Voice

__all__ = [
    "MAX_DURATION",
    "MAX_SCRIPT",
    "MIN_DURATION",
    "Approval",
    "CastMember",
    "Comment",
    "Confirmation",
    "Film",
    "Line",
    "LineText",
    "Look",
    "Pronunciation",
    "ReviewLink",
    "Scene",
    "SceneCast",
    "ScenePrompt",
    "SceneSound",
    "SheetTake",
    "SoundTake",
    "Story",
    "StorySound",
    "StoryStateTransition",
    "Take",
    "Voice",
]
