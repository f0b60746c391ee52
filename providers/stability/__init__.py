"""Stability AI: pictures. Its answers are the pictures themselves, so an answer that is lost is lost."""
