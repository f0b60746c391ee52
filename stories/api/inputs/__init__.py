"""Bodies and query parameters of requests, with the limits of the models."""
