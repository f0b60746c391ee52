"""Prometheus metrics at /metrics, counted per process in shared files or computed from rows."""
