"""What pyproject.toml cannot say: wheels carry the workflow, which lies beside the package in the repository."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SHIPPED = runpy.run_path("hyperforget/cli/shipped.py")


class BuildWithWorkflow(build_py):
    """Copies the workflow into the package that is built; an editable one finds it around itself."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for source in SHIPPED["shipped_files"](Path()):
            target = Path(self.build_lib, "hyperforget", SHIPPED["FOLDER"], source)
            self.mkpath(str(target.parent))
            self.copy_file(str(source), str(target))

    def get_source_files(self) -> list[str]:
        """Those of the package, and what a source distribution needs besides."""
        return [*super().get_source_files(), *map(str, SHIPPED["shipped_files"](Path()))]


setup(cmdclass={"build_py": BuildWithWorkflow})
