"""Admin pages for providers: configurations, ledger of calls, bills and organization budget."""

from . import bills, calls, configs, organization_budget

__all__ = ["bills", "calls", "configs", "organization_budget"]
