"""One module a rule: its arguments, its work (load, call, save) and ``main``.

Work functions import what they work with themselves, since a stage whose result the store knows only restores it, and
importing torch would take longer than that.
"""
