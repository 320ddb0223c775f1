"""How the log of a stage says that its result was known."""

RESTORED = "known result"
