"""A worker for the studio's queue, in Python: `pip install bullmq`, then `python worker.py`.

It makes a plain picture or clip with ffmpeg; put your own model where `make` is.
"""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

from bullmq import Worker

FOLDER = Path(os.environ.get("OUTPUT_DIR", "made"))  # served at PUBLIC_URL by a web server
PUBLIC_URL = os.environ.get("PUBLIC_URL", "https://files.example.com")
FFMPEG = os.environ.get("FFMPEG", "ffmpeg")
LOCK_MS = int(os.environ.get("LOCK_MS", "30000"))  # then another worker gets a dead worker's job
ENDINGS = {"generate_image": "png", "generate_clip": "mp4"}


async def make(job: Any, file: Path) -> None:
    given = job.data["parameters"]
    size = f"{given.get('width', 1280)}x{given.get('height', 720)}"
    color = f"color=c=0x{job.id[-6:]}:size={size}:rate={given.get('fps', 24)}"
    length = ["-frames:v", "1"]
    if job.data["action"] == "generate_clip":
        length = ["-t", str(given.get("seconds", 1)), "-pix_fmt", "yuv420p"]
    command = (FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", color, *length, str(file))
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError("ffmpeg failed")  # an exception is tried again, with back-off


async def work(job: Any, _token: str) -> dict[str, Any]:
    ending = ENDINGS.get(job.data["action"])
    if ending is None:
        # Final: the studio shows the reason and does not try again.
        reason = f"This worker does no {job.data['action']}."
        return {"success": False, "result": None, "error": reason}
    began = time.monotonic()
    name = f"{job.id}.{ending}"  # the same name again if the job is tried again
    await job.updateProgress(10)
    await make(job, FOLDER / name)
    await job.updateProgress(90)
    result = {
        "preview_url": f"{PUBLIC_URL}/{name}",
        "metadata": {"worker": "python"},
        "generation_time": time.monotonic() - began,
    }
    return {"success": True, "result": result, "error": None}


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    redis = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
    options = {"connection": redis, "lockDuration": LOCK_MS, "stalledInterval": LOCK_MS}
    worker = Worker(os.environ.get("QUEUE", "ai_video"), work, options)
    print("ready", flush=True)
    await stop.wait()
    await worker.close()


asyncio.run(main())
