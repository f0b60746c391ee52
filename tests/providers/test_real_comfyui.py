"""ComfyUI's own server, where one runs: `COMFYUI_URL=http://127.0.0.1:8188 pytest …`.

Its workflows need no weights, so a server without a GPU is enough. The fake is judged by it.
"""

import json
import os
import time
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from providers.calls import Ready, advance
from providers.errors import Refused
from providers.models import AIProviderConfig, ProviderCall
from providers.registry import adapter_for
from providers.requests import ClipRequest, ImageRequest, Request
from providers.services import connections, workflows
from providers.services.workflows import Upload
from tests.providers.real import put_picture, stored

URL = os.environ.get("COMFYUI_URL", "")
pytestmark = [
    pytest.mark.skipif(not URL, reason="COMFYUI_URL names no server"),
    pytest.mark.django_db(transaction=True),
]
PROMPT = {"class_type": "PrimitiveString", "inputs": {"value": "a cat"}}
SHOWN = {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
PICTURE: dict[str, Any] = {
    "1": PROMPT,
    "2": SHOWN,
    "3": {
        "class_type": "EmptyImage",
        "inputs": {"width": 512, "height": 512, "batch_size": 1, "color": 1},
    },
    "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "studio"}},
}
PICTURE_MAP = {
    "prompt": ["1.value"],
    "seed": ["3.color"],
    "width": ["3.width"],
    "height": ["3.height"],
}
CLIP: dict[str, Any] = {
    "1": PROMPT,
    "2": SHOWN,
    "3": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "4": {"class_type": "RepeatImageBatch", "inputs": {"image": ["3", 0], "amount": 1}},
    "5": {"class_type": "CreateVideo", "inputs": {"images": ["4", 0], "fps": 16.0}},
    "6": {
        "class_type": "SaveVideo",
        "inputs": {
            "video": ["5", 0],
            "filename_prefix": "studio",
            "format": "mp4",
            "codec": "h264",
        },
    },
}
CLIP_MAP = {
    "prompt": ["1.value"],
    "image": ["3.image"],
    "frames": ["4.amount"],
    "fps": ["5.fps"],
}


@pytest.fixture
def server(settings: Any, admin_user: User) -> AIProviderConfig:
    settings.LOOPBACK_PROVIDERS = True
    config = connections.add(
        AIProviderConfig(
            kind="comfyui", provider="real", name="Real", base_url=URL, is_active=True
        ),
        actor=admin_user,
    )
    AIProviderConfig.objects.filter(pk=config.pk).update(settings={"poll_seconds": 0.2})
    put_picture()
    return AIProviderConfig.objects.get(pk=config.pk)


def upload(config: AIProviderConfig, graph: Any, mapping: Any, kind: Any, output: str) -> None:
    asked = Upload(
        name=f"real {kind}",
        kind=kind,
        content=json.dumps(graph).encode(),
        output=output,
        mapping=mapping,
        fps=16 if kind == "clip" else 0,
    )
    workflows.add(config, asked, actor=User.objects.get(username="admin"))


def finish(request: Request, key: str) -> ProviderCall:
    while True:
        answer = advance(request, provider="real", key=key, subject="story", item=key)
        if isinstance(answer, Ready):
            return answer.call
        time.sleep(0.2)


def test_picture(server: AIProviderConfig) -> None:
    upload(server, PICTURE, PICTURE_MAP, "image", "4")
    request = ImageRequest(prompt="a lighthouse", seed=65280, width=320, height=576)
    call = finish(request, "picture")
    assert (call.state, call.cost) == ("settled", Decimal(0))
    assert call.result is not None
    assert (call.result["width"], call.result["height"]) == (320, 576)
    assert stored(call)


def test_clip_from_a_picture(server: AIProviderConfig) -> None:
    upload(server, CLIP, CLIP_MAP, "clip", "6")
    request = ClipRequest(prompt="a lighthouse", duration_ms=2000, image_file="scene.png")
    call = finish(request, "clip")
    assert (call.state, call.result and call.result["duration_ms"]) == ("settled", 2000)


def test_two_jobs_at_once_and_their_order(server: AIProviderConfig) -> None:
    upload(server, PICTURE, PICTURE_MAP, "image", "4")
    requests = [ImageRequest(prompt="a lighthouse", seed=seed) for seed in (1, 2)]
    for seed, request in enumerate(requests):
        advance(request, provider="real", key=f"k{seed}", subject="story", item=f"k{seed}")
    calls = [finish(request, f"k{seed}") for seed, request in enumerate(requests)]
    assert [call.state for call in calls] == ["settled", "settled"]
    assert calls[0].task_id != calls[1].task_id


def test_check_names_what_is_missing(server: AIProviderConfig) -> None:
    upload(server, PICTURE, PICTURE_MAP, "image", "4")
    assert adapter_for(server).check().ok is True
    odd = PICTURE | {
        "7": {"class_type": "NodeOfNobody", "inputs": {}},
        "8": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "none.safetensors"}},
    }
    upload(server, odd, PICTURE_MAP, "image", "4")
    facts = json.dumps(adapter_for(server).check().facts, ensure_ascii=False)
    assert "NodeOfNobody" in facts
    assert "none.safetensors" in facts


def test_workflow_that_the_server_runs_without_its_output(server: AIProviderConfig) -> None:
    graph = PICTURE | {"3": {"class_type": "EmptyImage", "inputs": {"width": 512, "height": 512}}}
    mapping = {"prompt": ["1.value"], "width": ["3.width"]}
    upload(server, graph, mapping, "image", "4")
    with pytest.raises(Refused, match=r"Required input is missing: .* \(EmptyImage 3\)"):
        finish(ImageRequest(prompt="a lighthouse"), "refused")
    assert ProviderCall.objects.get().refusal == "invalid"


def test_lost_answer_is_found_by_the_id_of_the_call(server: AIProviderConfig) -> None:
    """The server takes the id that the studio gives the job."""
    upload(server, PICTURE, PICTURE_MAP, "image", "4")
    call = finish(ImageRequest(prompt="a lighthouse", seed=9), "known")
    assert call.task_id == str(call.pk)
