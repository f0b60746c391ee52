"""Runway: tasks that are created, asked for, cancelled; credits that are charged when the task is
made and given back for some failures.
"""

import base64
import json
import re
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from . import media
from .server import Asked, Fake, Reply

DOC = "https://docs.dev.runwayml.com/api"
SIX = ["1280:720", "720:1280", "1104:832", "832:1104", "960:960", "1584:672"]
TWO = ["1280:720", "720:1280"]
IMAGES = [
    *(
        "1024:1024",
        "1080:1080",
        "1168:880",
        "1360:768",
        "1440:1080",
        "1080:1440",
        "1808:768",
        "1920:1080",
        "1080:1920",
    ),
    *("2112:912", "1280:720", "720:1280", "720:720", "960:720", "720:960", "1680:720"),
]
VEO = ["1280:720", "720:1280", "1920:1080", "1080:1920"]
HAILUO = ["adaptive", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"]
# model: ratios, lengths, credits a second, required
IMAGE_TO_VIDEO: dict[str, tuple[list[str], list[int], int, list[str]]] = {
    "gen4_turbo": (SIX, list(range(2, 11)), 5, ["promptImage", "ratio"]),
    "gen4.5": (SIX, list(range(2, 11)), 12, ["promptImage", "ratio", "promptText", "duration"]),
    "veo3.1": (VEO, [4, 6, 8], 40, ["promptImage", "ratio"]),
    "veo3.1_fast": (VEO, [4, 6, 8], 15, ["promptImage", "ratio"]),
    "hailuo3": (HAILUO, list(range(5, 16)), 10, ["promptImage", "promptText", "resolution"]),
    "wan3": (["auto_720p"], list(range(2, 31)), 10, ["promptImage", "promptText"]),
}
DRAFTS = "seedance2_5"  # the model that makes drafts, in 480p here, and finishes them
DRAFT_RATIOS = ["854:480", "480:854", "640:640"]
DRAFT_CREDITS, FINAL_CREDITS = 6, 45  # a second
DRAFT_SECONDS = 7 * 24 * 60 * 60  # in which a draft can be finished
IMAGE_TO_VIDEO[DRAFTS] = (DRAFT_RATIOS, list(range(4, 16)), DRAFT_CREDITS, ["promptImage", "draft"])
SEEDANCE = ["1280:720", "720:1280", "960:960"]  # those of 720p
TEXT_TO_VIDEO = {
    "seedance2": (SEEDANCE, list(range(4, 16)), 36, ["promptText", "ratio", "duration"]),
    DRAFTS: (DRAFT_RATIOS, list(range(4, 16)), DRAFT_CREDITS, ["promptText", "draft"]),
    "gen4.5": (TWO, list(range(2, 11)), 12, ["promptText", "ratio", "duration"]),
    "veo3.1": (VEO, [4, 6, 8], 40, ["promptText", "ratio"]),
    "veo3.1_fast": (VEO, [4, 6, 8], 15, ["promptText", "ratio"]),
    "hailuo3": (HAILUO, list(range(5, 16)), 10, ["promptText", "ratio", "resolution"]),
    "wan3": (["1280:720", "720:1280", "960:960"], list(range(2, 31)), 10, ["promptText", "ratio"]),
}
# Upscaling and extending: path: model, field with the take, start of its data URI, credits, fields
EDITS: dict[str, tuple[str, str, str, int, set[str]]] = {
    "/v1/image_upscale": (
        "magnific_precision_upscaler_v2",
        "imageUri",
        "data:image/",
        10,
        {"imageUri", "scaleFactor", "sharpen", "smartGrain", "ultraDetail", "flavor", "model"},
    ),
    "/v1/video_upscale": (
        "magnific_video_upscaler_creative",
        "videoUri",
        "data:video/",
        20,
        {
            *("videoUri", "resolution", "creativity", "sharpen", "smartGrain", "flavor"),
            *("fpsBoost", "model"),
        },
    ),
    "/v1/video_to_video": (
        "seedance2_5",
        "promptVideo",
        "data:video/",
        30,
        {"promptVideo", "promptText", "audio", "mode", "duration", "ratio", "model"},
    ),
}
EFFECT_CREDITS = 2
CLIP_SECONDS = 5  # of the clips that are upscaled and extended
SILENT = {
    "veo3.1": 20,
    "veo3.1_fast": 10,
}  # credits a second with `audio: false`; without the field there is sound
NORMAL = [
    ("PENDING", None),
    ("THROTTLED", None),
    ("RUNNING", 0.2),
    ("RUNNING", 0.6),
    ("SUCCEEDED", None),
]


@dataclass
class Task:
    id: str
    credits: int
    output: bytes
    mime: str
    scenario: str
    created: float = field(default_factory=time.time)
    began: float | None = None
    polls: int = 0
    link: str = ""
    deleted: bool = False
    draft_seconds: int = 0  # the length of a draft
    succeeded: bool = False


class Runway(Fake):
    key = "key_" + "0123456789abcdef" * 8
    routes = [
        ("POST", r"/v1/image_to_video", "image_to_video"),
        ("POST", r"/v1/text_to_video", "text_to_video"),
        ("POST", r"/v1/text_to_image", "text_to_image"),
        ("POST", r"/v1/sound_effect", "sound_effect"),
        ("POST", r"/v1/(?:image_upscale|video_upscale|video_to_video)", "edited"),
        ("GET", r"/v1/tasks/([^/]+)", "task"),
        ("DELETE", r"/v1/tasks/([^/]+)", "delete"),
        ("GET", r"/v1/organization", "organization"),
        ("POST", r"/v1/organization/usage", "usage"),
        ("GET", r"/outputs/([^/]+)", "output"),
    ]

    def __init__(
        self, *, seconds: float | None = None, at_once: int = 2, credits_: int = 5000
    ) -> None:
        """With `seconds` each task takes so long and `at_once` of them run; without, each question
        moves a task one state on.
        """
        super().__init__()
        self.seconds, self.at_once, self.start_credits = seconds, at_once, credits_
        self.tasks: dict[str, Task] = {}
        self.turn = threading.Lock()

    def is_paid(self, asked: Asked) -> bool:
        return asked.path.startswith(
            ("/v1/image_to_video", "/v1/text_to", "/v1/sound_effect", *EDITS)
        )

    @property
    def balance(self) -> int:
        return self.start_credits - int(self.charged * 100)

    # --- creating

    def image_to_video(self, asked: Asked) -> Reply:
        return self._create(asked, IMAGE_TO_VIDEO)

    def text_to_video(self, asked: Asked) -> Reply:
        if "draftTaskId" in asked.json:
            return self._finished(asked)
        return self._create(asked, TEXT_TO_VIDEO)

    def put_draft(self, task_id: str, seconds: int = 5) -> None:
        """A draft that has succeeded."""
        self.tasks[task_id] = Task(
            task_id, 0, b"", "video/mp4", "", draft_seconds=seconds, succeeded=True
        )

    def _finished(self, asked: Asked) -> Reply:
        """The final clip of a draft: made by this account, succeeded, and at most 7 days old."""
        body = asked.json
        scenario = self.scenario("")
        if refused := self._unauthorized(asked) or self._trouble(scenario):
            return refused
        draft = self.tasks.get(body["draftTaskId"])
        issues = [
            _issue(name, "Unrecognized key", "unrecognized_keys")
            for name in sorted(set(body) - {"model", "draftTaskId"})
        ]
        if body.get("model") != DRAFTS:
            issues.append(_issue("model", f"Invalid input: expected {DRAFTS}"))
        if draft is None or not draft.draft_seconds or draft.deleted:
            issues.append(_issue("draftTaskId", "No such draft", "custom"))
        elif not draft.succeeded:
            issues.append(_issue("draftTaskId", "The draft has not succeeded", "custom"))
        elif time.time() - draft.created > DRAFT_SECONDS:
            issues.append(_issue("draftTaskId", "The draft has expired", "custom"))
        if issues or draft is None:
            return Reply(
                400, {"error": "Validation of body failed", "issues": issues, "docUrl": DOC}
            )
        length = draft.draft_seconds
        content = media.clip(length, "320x180")
        task = Task(str(uuid.uuid4()), FINAL_CREDITS * length, content, "video/mp4", scenario)
        with self.lock:
            self.tasks[task.id] = task
            self.charge(task.id, DRAFTS, Decimal(task.credits) / 100, asked)
        answer = {"id": task.id, "estimatedCost": {"credits": task.credits}}
        return self.twisted(scenario, Reply(200, answer))

    def text_to_image(self, asked: Asked) -> Reply:
        return self._create(asked, None)

    def sound_effect(self, asked: Asked) -> Reply:
        body = asked.json
        scenario = self.scenario(str(body.get("promptText", "")))
        if refused := self._unauthorized(asked) or self._trouble(scenario):
            return refused
        wrong = sorted(set(body) - {"model", "promptText", "duration", "loop"})
        if body.get("model") != "eleven_text_to_sound_v2":
            wrong.append("model")
        if not 1 <= len(str(body.get("promptText", ""))) <= 3000:
            wrong.append("promptText")
        if not 0.5 <= body.get("duration", 1) <= 30:
            wrong.append("duration")
        if wrong:
            issues = [{"path": [name], "message": "Invalid input"} for name in wrong]
            return Reply(
                400, {"error": "Validation of body failed", "issues": issues, "docUrl": DOC}
            )
        content = media.sound(body.get("duration", 2.0))
        task = Task(str(uuid.uuid4()), EFFECT_CREDITS, content, "audio/mpeg", scenario)
        with self.lock:
            self.tasks[task.id] = task
            self.charge(task.id, body["model"], Decimal(task.credits) / 100, asked)
        answer = {"id": task.id, "estimatedCost": {"credits": task.credits}}
        return self.twisted(scenario, Reply(200, answer))

    def edited(self, asked: Asked) -> Reply:
        body = asked.json
        model, source, start, credits_, known = EDITS[asked.path]
        scenario = self.scenario(str(body.get("promptText", "")))
        if refused := self._unauthorized(asked) or self._trouble(scenario):
            return refused
        wrong = sorted(set(body) - known)
        if not str(body.get(source, "")).startswith(start) or body.get("model") != model:
            wrong.append(source)
        extends = asked.path == "/v1/video_to_video"
        if extends and (
            body.get("mode") != "extend" or "ratio" in body or not body.get("promptText")
        ):
            wrong.append("mode")
        if extends and not 4 <= body.get("duration", 5) <= 30:
            wrong.append("duration")
        if wrong:
            issues = [{"path": [name], "message": "Invalid input"} for name in wrong]
            return Reply(
                400, {"error": "Validation of body failed", "issues": issues, "docUrl": DOC}
            )
        if source == "imageUri":
            task = Task(str(uuid.uuid4()), credits_, media.picture(640, 360), "image/png", scenario)
        else:
            length = body.get("duration", 5) if extends else CLIP_SECONDS
            content = media.clip(length, "320x180")
            task = Task(str(uuid.uuid4()), credits_ * length, content, "video/mp4", scenario)
        with self.lock:
            self.tasks[task.id] = task
            self.charge(task.id, model, Decimal(task.credits) / 100, asked)
        answer = {"id": task.id, "estimatedCost": {"credits": task.credits}}
        return self.twisted(scenario, Reply(200, answer))

    def _create(
        self, asked: Asked, models: dict[str, tuple[list[str], list[int], int, list[str]]] | None
    ) -> Reply:
        body = asked.json
        scenario = self.scenario(str(body.get("promptText", "")))
        if refused := self._unauthorized(asked) or self._trouble(scenario):
            return refused
        if issues := (_video_issues(body, models) if models is not None else _image_issues(body)):
            return Reply(
                400, {"error": "Validation of body failed", "issues": issues, "docUrl": DOC}
            )
        if models is not None:
            seconds = body.get("duration", models[body["model"]][1][-1])
            rate = models[body["model"]][2]
            if body.get("audio") is False:
                rate = SILENT.get(body["model"], rate)
            task = Task(
                str(uuid.uuid4()), rate * seconds, media.clip(seconds), "video/mp4", scenario
            )
            task.draft_seconds = seconds if body.get("draft") else 0
        else:
            width, height = map(int, body["ratio"].split(":"))
            task = Task(
                str(uuid.uuid4()),
                8 if "1080" in body["ratio"] else 5,
                media.picture(width, height, body.get("seed", 0) % 1000),
                "image/png",
                scenario,
            )
        with self.lock:
            self.tasks[task.id] = task
            self.charge(task.id, body["model"], Decimal(task.credits) / 100, asked)
        reply: dict[str, Any] = {"id": task.id, "estimatedCost": {"credits": task.credits}}
        reply |= {
            "quote_text": {"estimatedCost": {"credits": str(task.credits)}},
            "quote_words": {"estimatedCost": "a few"},
            "quote_null": {"estimatedCost": None},
        }.get(scenario, {})
        if scenario == "no_id":
            return Reply(200, {"estimatedCost": {"credits": task.credits}})
        return self.twisted(scenario, Reply(200, reply))

    def _trouble(self, scenario: str) -> Reply | None:
        answers = {
            "no_credits": Reply(
                400, {"error": "You do not have enough credits to run this task.", "docUrl": DOC}
            ),
            "bad_key": Reply(401, {"error": "The API key is invalid."}),
            "limit": Reply(429, {"error": "You have reached the daily limit for this model."}),
            "no_model": Reply(
                403, {"error": "Your organization does not have access to the model gen4_turbo."}
            ),
            "forbidden_key": Reply(403, {"error": "This API key has been disabled."}),
            "asset": Reply(
                400,
                {
                    "error": "Invalid asset aspect ratio. `promptImage` must be between 0.5 and 2.",
                    "docUrl": DOC,
                },
            ),
        }
        return answers.get(scenario) or self.trouble(scenario)

    def _unauthorized(self, asked: Asked) -> Reply | None:
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return Reply(401, {"error": "You did not provide an API key, or it is not valid."})
        if asked.headers.get("x-runway-version") != "2024-11-06":
            return Reply(
                400,
                {
                    "error": (
                        "This version of the API is not available. Send X-Runway-Version: "
                        "2024-11-06."
                    ),
                    "docUrl": DOC,
                },
            )
        return None

    # --- asking

    def task(self, asked: Asked, task_id: str) -> Reply:
        if refused := self._unauthorized(asked):
            return refused
        task = self.tasks.get(task_id)
        if task is None or task.deleted or task.scenario == "deleted":
            return Reply(404, {"error": "Could not find Task"})
        if task.scenario == "busy_polls" and task.polls < 2:
            task.polls += 1
            return Reply(503, {"error": "Service unavailable"})
        if task.scenario == "key_gone":
            return Reply(401, {"error": "The API key is invalid."})
        with self.turn:
            status, progress = self._state(task)
        return _oddly(self._told(task, status, progress), task.scenario)

    def _state(self, task: Task) -> tuple[str, float | None]:
        if self.seconds is None:
            states = [("DREAMING", None), *NORMAL] if task.scenario == "new_state" else NORMAL
            state = states[min(task.polls, len(states) - 1)]
            task.polls += 1
            return state
        for other in sorted(
            self.tasks.values(), key=lambda t: t.created
        ):  # tasks begin in the order in which they came
            if (
                other.began is None
                and sum(self._runs(t) for t in self.tasks.values()) < self.at_once
            ):
                free = sorted(
                    t.began + self.seconds for t in self.tasks.values() if t.began is not None
                )
                other.began = max(
                    other.created, free[-self.at_once] if len(free) >= self.at_once else 0.0
                )
        if task.began is None or task.began > time.time():
            return "THROTTLED", None
        part = (time.time() - task.began) / self.seconds
        return ("SUCCEEDED", None) if part >= 1 else ("RUNNING", round(part, 2))

    def _runs(self, task: Task) -> bool:
        return task.began is not None and task.began + (self.seconds or 0) > time.time()

    def _told(self, task: Task, status: str, progress: float | None) -> dict[str, Any]:
        created = (
            datetime.fromtimestamp(task.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        )
        answer: dict[str, Any] = {"id": task.id, "createdAt": created, "status": status}
        if status == "SUCCEEDED":
            return self._ended(task, answer)
        if progress is not None:
            answer["progress"] = progress
        return {**answer, "estimatedCost": {"credits": task.credits}}

    def _ended(self, task: Task, answer: dict[str, Any]) -> dict[str, Any]:
        failures = {
            "safety_input": (
                "The provided prompt was flagged by content moderation.",
                "SAFETY.INPUT.TEXT",
                0,
            ),
            "safety_output": (
                "The generated content was flagged by content moderation.",
                "SAFETY.OUTPUT.VIDEO",
                task.credits,
            ),
            "bad_output": ("An unexpected error occurred.", "INTERNAL.BAD_OUTPUT.CODE01", 0),
            "bad_asset": ("The picture could not be used.", "ASSET.INVALID", 0),
            "new_failure": ("Nobody knows.", "COSMIC.RAY", 0),
        }
        if task.scenario in failures:
            words, code, cost = failures[task.scenario]
            self.charges[task.id].usd = Decimal(cost) / 100
            return {
                **answer,
                "status": "FAILED",
                "failure": words,
                "failureCode": code,
                "cost": {"credits": cost},
            }
        if task.scenario == "failed_without_cost":
            return {**answer, "status": "FAILED", "failure": "It failed."}
        if task.scenario == "cancelled":
            return {**answer, "status": "CANCELLED", "cost": {"credits": task.credits}}
        if task.scenario == "cheaper":
            self.charges[task.id].usd = Decimal(task.credits - 1) / 100
        task.link = task.link if task.scenario == "expired_for_ever" else uuid.uuid4().hex
        suffix = {"video/mp4": ".mp4", "audio/mpeg": ".mp3"}.get(task.mime, ".png")
        output = f"{self.url}/outputs/{task.id}{suffix}?_jwt={task.link}"
        if task.scenario == "evil_link":
            output = "http://169.254.169.254/latest/meta-data/"
        cost = {"credits": int(self.charges[task.id].usd * 100)}
        task.succeeded = True
        return {**answer, "output": [] if task.scenario == "no_output" else [output], "cost": cost}

    def output(self, asked: Asked, name: str) -> Reply:
        task = self.tasks[re.sub(r"\.\w+$", "", name)]
        scenario, good = task.scenario, Reply(200, task.output, {"Content-Type": task.mime})
        expired = Reply(403, b"<Error>expired</Error>", {"Content-Type": "application/xml"})
        if scenario in {
            "expired_link",
            "html_file",
            "cut_file",
            "slow_file",
            "silently_cut_file",
            "short_file",
            "empty_file",
        }:  # the next link is good
            task.scenario = ""
        if scenario == "expired_link" or asked.query.get("_jwt") != task.link:
            return expired
        return {
            "bad_file": Reply(200, b"This is no clip.", good.headers),
            "html_file": Reply(200, b"<html>busy</html>", {"Content-Type": "text/html"}),
            "slow_file": Reply(200, task.output, good.headers, delay=5.0),
            "cut_file": Reply(200, task.output, good.headers, cut=True),
            "silently_cut_file": Reply(
                200, task.output[: len(task.output) * 4 // 5], good.headers, no_length=True
            ),
            "empty_file": Reply(200, b"", good.headers),
            "short_file": Reply(200, media.clip(2), good.headers),
            "always_short_file": Reply(200, media.clip(2), good.headers),
            "html_as_clip": Reply(200, b"<html>busy</html>", good.headers),
            "odd_type": Reply(200, task.output, {"Content-Type": "application/mp4"}),
            "upper_type": Reply(200, task.output, {"Content-Type": task.mime.upper()}),
            "text_type": Reply(200, task.output, {"Content-Type": "text/plain"}),
            "no_type": Reply(200, task.output),
            "moved_within": good
            if "moved" in asked.query
            else Reply(302, b"", {"Location": f"{asked.path}?_jwt={task.link}&moved=1"}),
            "moved_in_a_circle": Reply(302, b"", {"Location": f"{asked.path}?_jwt={task.link}"}),
            "moved_file": Reply(302, b"", {"Location": "http://169.254.169.254/"}),
        }.get(scenario, good)

    def delete(self, asked: Asked, task_id: str) -> Reply:
        if refused := self._unauthorized(asked):
            return refused
        task = self.tasks.get(task_id)
        if task is None or task.deleted:
            return Reply(404, {"error": "Could not find Task"})
        task.deleted = True
        return Reply(204)

    def organization(self, asked: Asked) -> Reply:
        if refused := self._unauthorized(asked):
            return refused
        names = [name for name in IMAGE_TO_VIDEO if name != "wan3"]  # newer than the specification
        models = {
            name: {"maxConcurrentGenerations": self.at_once, "maxDailyGenerations": 200}
            for name in names
        }
        return Reply(
            200,
            {
                "tier": {"maxMonthlyCreditSpend": 10000, "models": models},
                "creditBalance": self.balance,
                "usage": {"models": {name: {"dailyGenerations": 0} for name in names}},
            },
        )

    def usage(self, asked: Asked) -> Reply:
        """The credits of each model and day (UTC); the last day asked for is not included."""
        if refused := self._unauthorized(asked):
            return refused
        first, before = (date.fromisoformat(asked.json[at]) for at in ("startDate", "beforeDate"))
        if not first < before <= first + timedelta(days=90):
            issues = [_issue("beforeDate", "Must be at most 90 days after the start date")]
            return Reply(
                400, {"error": "Validation of body failed", "issues": issues, "docUrl": DOC}
            )
        credits_: dict[str, Counter[str]] = {}
        for task in self.tasks.values():
            day, charge = datetime.fromtimestamp(task.created, UTC).date(), self.charges[task.id]
            if first <= day < before:
                used = credits_.setdefault(day.isoformat(), Counter())
                used[charge.what] += int(charge.usd * 100)
        results = [
            {
                "date": day,
                "usedCredits": [{"model": name, "amount": n} for name, n in used.items()],
            }
            for day, used in sorted(credits_.items())
        ]
        models = sorted({name for used in credits_.values() for name in used})
        return Reply(
            200, {"results": results, "models": models, "apiKeys": [], "resultsByApiKey": []}
        )


def _oddly(answer: dict[str, Any], scenario: str) -> Reply:
    """The same news of a task in other types and words."""
    done = answer["status"] == "SUCCEEDED"
    output, cost = answer.get("output"), answer.get("cost", {}).get("credits")
    always: dict[str, Any] = {
        "lower_status": {"status": answer["status"].lower()},
        "unreadable": {"status": {"code": 5}},
        "kaputt": {"status": "KAPUTT", "output": None} if done else {},
        "progress_text": {"progress": str(answer["progress"])} if "progress" in answer else {},
        "progress_words": {"progress": "half"} if "progress" in answer else {},
        "nulls": {
            "output": None,
            "failure": None,
            "failureCode": None,
            "progress": None,
            "cost": None,
        }
        if not done
        else {"failure": None, "progress": None},
    }
    at_the_end: dict[str, Any] = {
        "output_text": {"output": output[0] if output else output},
        "output_objects": {"output": [{"url": output[0]}] if output else output},
        "cost_text": {"cost": {"credits": str(cost)}},
        "cost_null": {"cost": None},
        "completed": {"status": "Completed"},
        "new_final_word": {"status": "DELIVERED"},
        "two_outputs": {"output": ["https://elsewhere.example/poster.jpg", *(output or [])]},
    }
    body = answer | always.get(scenario, {}) | (at_the_end.get(scenario, {}) if done else {})
    if scenario == "bom_task":
        return Reply(200, b"\xef\xbb\xbf" + json.dumps(body).encode())
    if scenario == "in_a_list":
        return Reply(200, [body])
    return Reply(200, body)


def _issue(path: str, message: str, code: str = "invalid_value") -> dict[str, Any]:
    return {"code": code, "path": [path], "message": message}


LAST_FRAME = {"veo3.1", "veo3.1_fast", DRAFTS}


def _video_issues(
    body: dict[str, Any], models: dict[str, tuple[list[str], list[int], int, list[str]]]
) -> list[dict[str, Any]]:
    if body.get("model") not in models:
        return [
            _issue("model", f"Invalid input: expected one of {sorted(models)}", "invalid_union")
        ]
    ratios, lengths, _, required = models[body["model"]]
    issues = _sheet_issues(body)
    known = {
        "references",
        "model",
        "promptText",
        "promptImage",
        "ratio",
        "duration",
        "seed",
        "contentModeration",
        "outputFormat",
        "audio",
        "negativePrompt",
        "resolution",
    }
    issues += [
        _issue(name, "Invalid input: expected string, received undefined", "invalid_type")
        for name in required
        if name not in body
    ]
    if body["model"] == DRAFTS:
        known |= {"draft"}
        if body.get("draft") is not True:
            issues.append(_issue("draft", "Invalid input: expected true"))
    issues += [_issue(name, "Unrecognized key", "unrecognized_keys") for name in set(body) - known]
    if "ratio" in body and body["ratio"] not in ratios:
        issues.append(_issue("ratio", f"Invalid option: expected one of {ratios}"))
    if "duration" in body and (
        type(body["duration"]) is not int or body["duration"] not in lengths
    ):
        issues.append(_issue("duration", f"Invalid option: expected one of {lengths}"))
    return [*issues, *_common_issues(body), *_frame_issues(body)]


def _sheet_issues(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Pictures that a clip is made from; one model takes them, and up to nine."""
    given = body.get("references")
    if given is None:
        return []
    good = (
        body["model"] == "seedance2"
        and isinstance(given, list)
        and len(given) <= 9
        and all(set(one) == {"uri"} and str(one["uri"]).startswith("data:image/") for one in given)
    )
    return [] if good else [_issue("references", "Invalid input", "custom")]


def _frame_issues(body: dict[str, Any]) -> list[dict[str, Any]]:
    """One picture, or the first frame and, for some models, the last, each with its position."""
    given = body.get("promptImage")
    if not isinstance(given, list):
        return _picture_issues(body)
    places = [one.get("position") for one in given]
    allowed = [["first"], *([["first", "last"]] if body["model"] in LAST_FRAME else [])]
    issues = [] if places in allowed else [_issue("promptImage", "Invalid positions", "custom")]
    for one in given:
        if set(one) != {"uri", "position"}:
            issues.append(_issue("promptImage", "Unrecognized key", "unrecognized_keys"))
        issues += _picture_issues({"promptImage": one.get("uri", "")})
    return issues


def _image_issues(body: dict[str, Any]) -> list[dict[str, Any]]:
    if body.get("model") not in {"gen4_image", "gen4_image_turbo"}:
        return [_issue("model", "Invalid input: expected gen4_image", "invalid_union")]
    issues = [
        _issue(name, "Unrecognized key", "unrecognized_keys")
        for name in set(body) - {"model", "promptText", "ratio", "seed", "referenceImages"}
    ]
    if body.get("ratio") not in IMAGES:
        issues.append(_issue("ratio", f"Invalid option: expected one of {IMAGES}"))
    if "promptText" not in body:
        issues.append(
            _issue(
                "promptText", "Invalid input: expected string, received undefined", "invalid_type"
            )
        )
    return [*issues, *_common_issues(body), *_reference_issues(body)]


def _reference_issues(body: dict[str, Any]) -> list[dict[str, Any]]:
    given = body.get("referenceImages", [])
    least = 1 if body["model"] == "gen4_image_turbo" else 0
    if not isinstance(given, list) or not least <= len(given) <= 3:
        return [_issue("referenceImages", "Too big: expected array to have <=3 items", "too_big")]
    issues = []
    for one in given:
        if set(one) - {"uri", "tag"}:
            issues.append(_issue("referenceImages", "Unrecognized key", "unrecognized_keys"))
        if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_]{2,15}", one.get("tag", "tag")):
            issues.append(_issue("referenceImages", "Invalid tag", "invalid_format"))
        issues += _picture_issues({"promptImage": one.get("uri", "")})
    tags = [one.get("tag") for one in given if "tag" in one]
    if len(set(tags)) != len(tags):
        issues.append(_issue("referenceImages", "Tags must be unique", "custom"))
    return issues


def _common_issues(body: dict[str, Any]) -> list[dict[str, Any]]:
    issues = []
    text = body.get("promptText", "x")
    if not isinstance(text, str) or not 1 <= len(text.encode("utf-16-le")) // 2 <= 1000:
        issues.append(
            _issue("promptText", "Too big: expected string to have <=1000 characters", "too_big")
        )
    if type(body.get("seed", 0)) is not int or not 0 <= body.get("seed", 0) <= 4294967295:
        issues.append(_issue("seed", "Too big: expected number to be <=4294967295", "too_big"))
    return issues


def _picture_issues(body: dict[str, Any]) -> list[dict[str, Any]]:
    uri = body.get("promptImage")
    if uri is None or (isinstance(uri, str) and uri.startswith("https://")):
        return []
    if (
        isinstance(uri, str)
        and len(uri) <= 5_242_880
        and (match := re.fullmatch(r"data:image/(?:png|jpeg|webp);base64,(.+)", uri))
    ):
        try:
            base64.b64decode(match[1], validate=True)
        except ValueError:
            return [_issue("promptImage", "Invalid data URI")]
        return []
    return [_issue("promptImage", "Invalid input")]
