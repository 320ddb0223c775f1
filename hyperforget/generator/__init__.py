"""A trained generator as a thing that people use: a folder that needs no store, asked from Python or a shell."""
