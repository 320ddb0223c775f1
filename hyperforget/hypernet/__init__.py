"""Hypernetworks: diffusion models over the parameters of main networks, conditioned on class losses."""
