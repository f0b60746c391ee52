"""Operations across all layers: dashboard, monitoring, health, metrics and commands."""
