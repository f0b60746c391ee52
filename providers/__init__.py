"""AI providers, the one gate to them, and the ledger. Knows nothing of stories or jobs."""
