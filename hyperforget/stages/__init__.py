"""The stages of the workflow, one module a stage: what it imports, and one function ``run`` that loads,
calls and saves.
"""
