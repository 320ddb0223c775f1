"""What a trained hypernetwork can do before any forget set: obey prompts, and optimise."""
