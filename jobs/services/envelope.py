"""The public representations of a job and its result."""

from typing import Any

from core.localized_messages import LocalizedMessage
from jobs.models import Job
from jobs.outcomes import Done

DATA_KEYS = frozenset({"story_id", "action", "parameters"})


def require_data(data: dict[str, Any]) -> None:
    """Raises ValueError unless `data` is {"story_id": str, "action": str, "parameters": {...}}."""
    if set(data) != DATA_KEYS:
        raise ValueError(
            f"A job's data has exactly the keys {', '.join(sorted(DATA_KEYS))}; these are "
            f"{', '.join(sorted(data)) or 'none'}."
        )
    right = (
        isinstance(data["story_id"], str)
        and isinstance(data["action"], str)
        and isinstance(data["parameters"], dict)
    )
    if not right:
        raise ValueError("story_id and action are strings and parameters is an object.")


def envelope(job: Job) -> dict[str, Any]:
    """Return the job as defined by the worker interface: id, name, data, opts."""
    return {
        "id": job.pk,
        "name": job.name,
        "data": job.data,
        "opts": {"priority": job.priority, "attempts": job.max_attempts, "backoff": job.backoff},
    }


def success(done: Done, *, generation_time: float) -> dict[str, Any]:
    """Return a worker's successful result. `generation_time` is in seconds."""
    result = {
        "preview_url": done.preview_url,
        "metadata": done.metadata,
        "generation_time": round(generation_time, 3),
    }
    return {"success": True, "result": result, "error": None}


def failure(sentence: LocalizedMessage) -> dict[str, Any]:
    """Return a worker's failed result as it is stored, in English. `answer` localizes it."""
    return {"success": False, "result": None, "error": sentence.english}


def answer(job: Job) -> dict[str, Any] | None:
    """Return the worker's result for output, with its error in the active language."""
    sentence = (job.error or {}).get("sentence")
    if not job.result or not job.result.get("error") or not sentence:
        return job.result
    return {**job.result, "error": str(LocalizedMessage.from_json(sentence))}
