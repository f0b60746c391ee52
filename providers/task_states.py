"""Maps the words that providers use for task states to our states."""

from typing import Literal

type State = Literal["waiting", "running", "done", "failed", "cancelled", "unknown"]

WORDS: dict[State, frozenset[str]] = {
    "waiting": frozenset(
        {
            "pending",
            "throttled",
            "queued",
            "in_queue",
            "waiting",
            "starting",
            "scheduled",
            "created",
            "submitted",
            "accepted",
            "booting",
        }
    ),
    "running": frozenset(
        {"running", "processing", "in_progress", "started", "generating", "working", "active"}
    ),
    "done": frozenset(
        {
            "succeeded",
            "success",
            "successful",
            "completed",
            "complete",
            "done",
            "finished",
            "ready",
            "ok",
        }
    ),
    "failed": frozenset(
        {
            "failed",
            "failure",
            "error",
            "errored",
            "rejected",
            "timeout",
            "timed_out",
            "expired",
            "crashed",
        }
    ),
    "cancelled": frozenset(
        {"cancelled", "canceled", "aborted", "deleted", "terminated", "stopped"}
    ),
}
STATES: dict[str, State] = {word: state for state, words in WORDS.items() for word in words}


def state_of(status: str) -> State:
    """Return the state for a provider's word, ignoring case; `unknown` for an unrecognized word."""
    return STATES.get(status.strip().lower().replace("-", "_").replace(" ", "_"), "unknown")
