"""Print the reference of all configuration keys: ``python -m hyperforget.config``."""

from hyperforget.config import reference

print(reference())
