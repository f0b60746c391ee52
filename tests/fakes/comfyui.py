"""ComfyUI's server: a queue and a history in memory, which a restart forgets, and files."""

import re
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from . import media
from .server import Asked, Fake, Reply, multipart

# USD that the machine's owner reckons for a picture, and for a second of a clip
COST, COST_PER_SECOND = Decimal("0.10"), Decimal("0.02")
CHECKPOINTS = ["sd_xl_base_1.0.safetensors", "flux1-schnell.safetensors"]
TEXT = {"required": {"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}}
LATENT = {
    "required": {
        name: ["INT", {"default": 512, "min": 16, "max": 16384, "step": 8}]
        for name in ("width", "height")
    }
    | {"batch_size": ["INT", {"default": 1, "min": 1, "max": 4096}]}
}
# Inputs as `/object_info` states them: the older form of a choice, and the newer one.
NODES: dict[str, dict[str, Any]] = {
    "CheckpointLoaderSimple": {"required": {"ckpt_name": [CHECKPOINTS, {"tooltip": "model"}]}},
    "CLIPTextEncode": TEXT,
    "EmptyLatentImage": LATENT,
    "EmptyHunyuanLatentVideo": {
        "required": LATENT["required"] | {"length": ["INT", {"default": 25, "min": 1, "step": 4}]}
    },
    "KSampler": {
        "required": {
            "model": ["MODEL"],
            "seed": ["INT", {"default": 0, "min": 0, "max": 0xFFFFFFFFFFFFFFFF}],
            "steps": ["INT", {"default": 20, "min": 1, "max": 10000}],
            "sampler_name": ["COMBO", {"options": ["euler", "dpmpp_2m"]}],
            "positive": ["CONDITIONING"],
            "negative": ["CONDITIONING"],
            "latent_image": ["LATENT"],
        }
    },
    "VAEDecode": {"required": {"samples": ["LATENT"], "vae": ["VAE"]}},
    "LoadImage": {"required": {"image": [["example.png"], {"image_upload": True}]}},
    "WanImageToVideo": {
        "required": LATENT["required"]
        | {"length": ["INT", {"min": 1}], "positive": ["CONDITIONING"], "start_image": ["IMAGE"]}
    },
    "CreateVideo": {"required": {"images": ["IMAGE"], "fps": ["FLOAT", {"default": 30.0}]}},
    "SaveImage": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}},
    "SaveVideo": {"required": {"video": ["VIDEO"], "filename_prefix": ["STRING", {}]}},
}
OUTPUTS = {"SaveImage", "SaveVideo"}
PICTURE: dict[str, Any] = {
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINTS[0]}},
    "5": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": 512, "height": 512, "batch_size": 1},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["4", 0],
            "seed": 1,
            "steps": 20,
            "sampler_name": "euler",
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0], "filename_prefix": "ComfyUI"}},
}
CLIP: dict[str, Any] = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINTS[1]}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat walks", "clip": ["1", 1]}},
    "3": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "4": {
        "class_type": "WanImageToVideo",
        "inputs": {
            "width": 832,
            "height": 480,
            "batch_size": 1,
            "length": 81,
            "positive": ["2", 0],
            "start_image": ["3", 0],
        },
    },
    "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
    "6": {"class_type": "CreateVideo", "inputs": {"images": ["5", 0], "fps": 16}},
    "7": {"class_type": "SaveVideo", "inputs": {"video": ["6", 0], "filename_prefix": "clip"}},
}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Job:
    id: str
    number: int
    graph: dict[str, Any]
    extra: dict[str, Any]
    asked: Asked
    scenario: str = ""
    steps: int = 0
    ended: dict[str, Any] | None = None
    outputs: list[str] = field(default_factory=list)

    @property
    def entry(self) -> list[Any]:
        return [self.number, self.id, self.graph, self.extra, self.outputs]


class ComfyUI(Fake):
    key = ""
    routes = [
        ("POST", r"/prompt", "prompt"),
        ("GET", r"/queue", "queue"),
        ("POST", r"/queue", "delete"),
        ("GET", r"/history/([^/]+)", "history"),
        ("GET", r"/history", "whole_history"),
        ("POST", r"/api/jobs/([^/]+)/cancel", "cancel"),
        ("POST", r"/interrupt", "interrupt"),
        ("POST", r"/upload/image", "upload"),
        ("GET", r"/view", "view"),
        ("GET", r"/object_info/([^/]+)", "object_info"),
        ("GET", r"/system_stats", "system_stats"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Job] = {}  # everything that was ever queued
        self.waiting: list[Job] = []
        self.running: Job | None = None
        self.done: dict[str, Job] = {}
        self.files: dict[str, bytes] = {}
        self.inputs: dict[str, bytes] = {"example.png": b""}
        self.polls = 2  # questions about a job until it ends
        self.older = False  # a server before jobs could be cancelled by their id
        self.nodes = dict(NODES)

    def is_paid(self, asked: Asked) -> bool:
        return asked.path == "/prompt"

    def restart(self) -> None:
        """The machine comes back: queue and history were in its memory, files on its disk."""
        with self.lock:
            self.waiting, self.running, self.done = [], None, {}

    # --- the queue

    def prompt(self, asked: Asked) -> Reply:
        body = asked.json
        graph = body.get("prompt")
        words = " ".join(
            value
            for node in (graph or {}).values()
            for value in node.get("inputs", {}).values()
            if isinstance(value, str)
        )
        scenario = self.scenario(words)
        if trouble := self.trouble(scenario):
            return trouble
        task = body.get("prompt_id") or str(uuid.uuid4())
        if not UUID.fullmatch(task):
            return _error("invalid_prompt_id", "prompt_id must be a valid UUID", "")
        if (wrong := self._wrong(graph)) is not None:
            return wrong
        with self.lock:
            assert task not in self.jobs, "a job was sent twice"
            job = Job(task, len(self.jobs), graph, dict(body.get("extra_data") or {}), asked)
            job.scenario = scenario
            job.outputs = [n for n, node in graph.items() if node["class_type"] in OUTPUTS]
            self.jobs[task] = job
            self.waiting.append(job)
        answer: dict[str, Any] = {"prompt_id": task, "number": job.number, "node_errors": {}}
        if scenario == "partly":  # another output of the workflow is made
            job.outputs = []
            error = {
                "type": "required_input_missing",
                "message": "Required input is missing",
                "details": "height",
                "extra_info": {"input_name": "height"},
            }
            answer["node_errors"] = {
                "5": {
                    "errors": [error],
                    "dependent_outputs": ["9"],
                    "class_type": "EmptyLatentImage",
                }
            }
        return self.twisted(scenario, Reply(200, answer))

    def _wrong(self, graph: Any) -> Reply | None:  # noqa: C901  one branch for each mistake
        if not isinstance(graph, dict):
            return _error("no_prompt", "No prompt provided", "No prompt provided")
        for number, node in graph.items():
            if node.get("class_type") not in self.nodes:
                return _error(
                    "missing_node_type",
                    f"Node '{node.get('class_type')}' not found. The custom node may not be "
                    "installed.",
                    f"Node ID '#{number}'",
                )
        for number, node in graph.items():
            stated = self.nodes[node["class_type"]]["required"]
            for name, value in node["inputs"].items():
                kind = stated.get(name)
                options = kind[0] if kind and isinstance(kind[0], list) else None
                if kind and kind[0] == "COMBO":
                    options = kind[1]["options"]
                if node["class_type"] == "LoadImage":
                    options = list(self.inputs)
                if options is not None and value not in options:
                    return _error(
                        "prompt_outputs_failed_validation",
                        "Prompt outputs failed validation",
                        f"Value not in list: {name}: '{value}' not in {options}",
                        {number: {"errors": [], "class_type": node["class_type"]}},
                    )
                if kind and kind[0] == "INT":
                    int(value)
        if not any(node["class_type"] in OUTPUTS for node in graph.values()):
            return _error("prompt_no_outputs", "Prompt has no outputs", "")
        return None

    def _advance(self) -> None:
        """One step of the machine: it works on one job at a time."""
        if self.running is None and self.waiting:
            self.running = self.waiting.pop(0)
        job = self.running
        if job is None or job.scenario == "stuck":
            return
        job.steps += 1
        if job.steps >= self.polls:
            self._end(job, job.scenario)

    def _end(self, job: Job, scenario: str) -> None:
        events: list[Any] = [["execution_start", {"prompt_id": job.id, "timestamp": 1}]]
        outputs: dict[str, Any] = {}
        if scenario in {"oom", "failed"}:
            events.append(["execution_error", _exception(scenario, job.id)])
        elif scenario == "interrupted":
            events.append(["execution_interrupted", {"prompt_id": job.id, "node_id": "3"}])
        else:
            events.append(["execution_success", {"prompt_id": job.id, "timestamp": 2}])
            outputs = {} if scenario == "no_output" else self._made(job)
            self.charge(job.id, "job", _cost(job), job.asked)
        failed = scenario in {"oom", "failed", "interrupted"}
        status = {
            "status_str": "error" if failed else "success",
            "completed": not failed,
            "messages": events,
        }
        job.ended = {"prompt": job.entry, "outputs": outputs, "status": status, "meta": {}}
        self.done[job.id] = job
        self.running = None

    def _made(self, job: Job) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for number in job.outputs:
            is_clip = job.graph[number]["class_type"] == "SaveVideo"
            name = f"{job.graph[number]['inputs']['filename_prefix']}_{job.number:05}_"
            name += ".mp4" if is_clip else ".png"
            # The bytes depend on the job: two jobs never make one file.
            self.files[name] = (
                media.clip(_seconds(job.graph)) if is_clip else media.picture(160, 90, job.number)
            )
            if job.scenario == "bad_file":
                self.files[name] = b"\x00no picture"
            made[number] = {"images": [{"filename": name, "subfolder": "", "type": "output"}]}
            if is_clip:
                made[number]["animated"] = [True]
        return made

    def queue(self, _asked: Asked) -> Reply:
        with self.lock:
            running = [self.running.entry] if self.running else []
            return Reply(
                200,
                {"queue_running": running, "queue_pending": [job.entry for job in self.waiting]},
            )

    def history(self, asked: Asked, task: str) -> Reply:
        if self.scenario(f"[[{self.jobs[task].scenario}]]" if task in self.jobs else "") == "html":
            return Reply(200, b"<html>gateway</html>", {"Content-Type": "text/html"})
        with self.lock:
            self._advance()
            found = self.done.get(task)
            return Reply(200, {task: found.ended} if found else {})

    def whole_history(self, _asked: Asked) -> Reply:
        with self.lock:
            return Reply(200, {task: job.ended for task, job in self.done.items()})

    def cancel(self, asked: Asked, task: str) -> Reply:
        if self.older:
            return Reply(405, b"405: Method Not Allowed", {"Content-Type": "text/plain"})
        with self.lock:
            return Reply(200, {"cancelled": self._stop(task)})

    def _stop(self, task: str) -> bool:
        if self.running and self.running.id == task:
            self._end(self.running, "interrupted")
            return True
        found = [job for job in self.waiting if job.id == task]
        self.waiting = [job for job in self.waiting if job.id != task]
        return bool(found)

    def delete(self, asked: Asked) -> Reply:
        with self.lock:
            gone = set(asked.json.get("delete", []))
            self.waiting = [job for job in self.waiting if job.id not in gone]
        return Reply(200)

    def interrupt(self, asked: Asked) -> Reply:
        """An older server stops whatever runs, whatever it is asked to."""
        with self.lock:
            if self.running and (self.older or self.running.id == asked.json.get("prompt_id")):
                self._end(self.running, "interrupted")
        return Reply(200)

    # --- files and facts

    def upload(self, asked: Asked) -> Reply:
        found = multipart(asked)
        name = re.search(rb'filename="([^"]+)"', asked.body)
        if "image" not in found or name is None:
            return Reply(400)
        if self.scenario() == "no_upload":
            return Reply(500, b"500 Internal Server Error", {"Content-Type": "text/plain"})
        with self.lock:
            self.inputs[name[1].decode()] = found["image"]
        return Reply(200, {"name": name[1].decode(), "subfolder": "", "type": "input"})

    def view(self, asked: Asked) -> Reply:
        content = self.files.get(asked.query.get("filename", ""))
        if content is None or asked.query.get("type") != "output":
            return Reply(404)
        return Reply(200, content, {"Content-Type": "application/octet-stream"})

    def object_info(self, _asked: Asked, name: str) -> Reply:
        node = self.nodes.get(name)
        if node is None:
            return Reply(200, {})
        return Reply(
            200,
            {name: {"input": node, "output": [], "name": name, "output_node": name in OUTPUTS}},
        )

    def system_stats(self, _asked: Asked) -> Reply:
        return Reply(
            200,
            {
                "system": {"os": "linux", "comfyui_version": "0.3.75", "argv": ["main.py"]},
                "devices": [
                    {
                        "name": "cuda:0 NVIDIA L40S",
                        "type": "cuda",
                        "index": 0,
                        "vram_total": 48 * 2**30,
                        "vram_free": 40 * 2**30,
                    }
                ],
            },
        )


def _cost(job: Job) -> Decimal:
    is_clip = any(job.graph[number]["class_type"] == "SaveVideo" for number in job.outputs)
    return COST_PER_SECOND * _seconds(job.graph) if is_clip else COST


def _seconds(graph: dict[str, Any]) -> int:
    """How long the clip becomes: the frames that were asked for, at their speed."""
    inputs = [node["inputs"] for node in graph.values()]
    frames = next(found["length"] for found in inputs if "length" in found)
    return int(frames // next(found["fps"] for found in inputs if "fps" in found))


def _error(kind: str, message: str, details: str, nodes: Any = None) -> Reply:
    error = {"type": kind, "message": message, "details": details, "extra_info": {}}
    return Reply(400, {"error": error, "node_errors": nodes or {}})


def _exception(scenario: str, task: str) -> dict[str, Any]:
    oom = scenario == "oom"
    return {
        "prompt_id": task,
        "node_id": "3",
        "node_type": "KSampler",
        "executed": ["4"],
        "exception_message": (
            "Allocation on device 0 would exceed allowed memory. (out of memory)"
            if oom
            else "mat1 and mat2 shapes cannot be multiplied"
        ),
        "exception_type": "torch.OutOfMemoryError" if oom else "RuntimeError",
        "traceback": ["Traceback"],
        "current_inputs": {},
        "current_outputs": [],
    }
