"""The durable job engine. A `Job` row is the source of truth; the queue only carries wake-ups.

This package does not depend on stories or providers.
"""
