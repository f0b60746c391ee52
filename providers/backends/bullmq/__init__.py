"""External workers: a BullMQ queue in Redis, from which any worker in Node or Python takes jobs.

A job is the guide's envelope; a worker returns the guide's answer. See docs/operation/workers.md.
"""
