"""The doorbell: it tells sleeping workers that something may be due. It carries no job, and losing a ring loses nothing."""

from .ringing import ring, ring_on_commit

__all__ = ["ring", "ring_on_commit"]
