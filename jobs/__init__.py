"""The durable job engine. A `Job` row says what is to be done; the queue only rings. Knows nothing of stories or providers."""
