"""What Prometheus reads at /metrics: counted per process in shared files, or computed from the rows of the database."""
