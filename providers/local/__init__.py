"""The local provider: draws, films and plans with no key and no network."""
