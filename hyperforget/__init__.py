"""Learning to forget with diffusion hypernetworks."""

__version__ = "0.1.0"
