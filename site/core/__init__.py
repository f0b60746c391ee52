"""Shared utilities for all packages. This package depends on none of them."""
