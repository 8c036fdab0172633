"""How networks are trained on synthetic pictures."""
