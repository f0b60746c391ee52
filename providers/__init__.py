"""AI providers, the call service that calls them, and the ledger of calls.

This package does not depend on `stories` or `jobs`.
"""
