"""One package per provider backend. `providers.registry` names them."""
