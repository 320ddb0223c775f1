"""``hyperforget run`` and ``hyperforget init``: the workflow as it came with the package, run or laid out.

All else in the package knows stages alone; what starts the workflow names its engine.
"""

import os
import shutil
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand

from hyperforget.cli.options import Json, print_result
from hyperforget.cli.shipped import shipped_configurations, shipped_files, workflow_root
from hyperforget.errors import UserError, nearest_choice, shown

if TYPE_CHECKING:
    from hyperforget.config import Config

# Options of Snakemake that say, themselves or in a file, how much may run at once.
_CORES = ("-c", "--cores", "-j", "--jobs", "-e", "--executor", "--profile", "--workflow-profile")


class HandsOver(TyperCommand):
    """A command whose ``ctx.args`` are all that follows ``--``, as it stands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        own = args[:end]
        foreign = [each for each in own if each[:1] == "-" and each != "--help"] or own[1:]
        if foreign:
            raise UserError(
                f"{shown(foreign[0])} is nothing that 'run' knows; what is for Snakemake stands after --, as in "
                "'hyperforget run mnist -- -n'"
            )
        rest = super().parse_args(ctx, own)
        ctx.args = [*ctx.args, *args[end + 1 :]]
        return rest


def run(
    ctx: typer.Context,
    config: Annotated[
        str | None,
        typer.Argument(
            help="A configuration, or the name of one that comes with the package, such as mnist.",
            autocompletion=lambda: list(shipped_configurations()),
        ),
    ] = None,
) -> None:
    """Run the workflow, with the results in the folder 'results' of the working folder.

    Without CONFIG the configuration is 'config/config.yaml' here, else the default one. What follows -- goes to
    Snakemake: 'hyperforget run mnist -- -n' tells what would run. All cores are used unless that says otherwise.
    """
    path = None if config is None else configuration_file(config)
    if path is not None:
        from hyperforget.config.reading import read_config

        read_config(path)
    _become(workflow_root(), command_line(path, ctx.args))


def init(
    folder: Annotated[Path, typer.Argument(help="A new folder, or an empty one.")],
    as_json: Json = False,
) -> None:
    """Lay out the workflow, its configurations and its profiles in a folder, to be changed there."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(f"folder {shown(str(folder))} is there already; allowed is a new folder, or an empty one")
    root, partial = workflow_root(), folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.partial")
    files = list(shipped_files(root))
    try:
        for file in files:
            (partial / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / file, partial / file)
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    text = f"laid out {len(files)} files in {folder}; there, 'snakemake --cores all' runs the workflow"
    print_result({"folder": folder.as_posix(), "files": [file.as_posix() for file in files]}, as_json, text)


def configuration_file(name: str) -> Path:
    """The file of a configuration: a path, or the name of one that comes with the package.

    Raises `UserError` if it is neither.
    """
    if Path(name).is_file():
        return Path(name)
    known = shipped_configurations()
    if name in known:
        return known[name]
    allowed = f"allowed is a file, or {', '.join(known)}{nearest_choice(Path(name).stem, known)}"
    raise UserError(f"configuration {shown(name)} is no file, and none that comes with the package; {allowed}")


def default_configuration() -> Path:
    """That of a run without one: ``config/config.yaml`` of the working folder, else the one of the package."""
    local = Path("config") / "config.yaml"
    return local if local.exists() else workflow_root() / local


def configured(name: str | None) -> "Config":
    """The configuration of a file or of a name, as `configuration_file` finds it, else the default one, checked.

    Raises `UserError` for one that cannot be used.
    """
    from hyperforget.config import load_config
    from hyperforget.config.own_code import beside
    from hyperforget.config.reading import read_config

    path = default_configuration() if name is None else configuration_file(name)
    values = read_config(path)
    return load_config(beside(values, [(path, values)]))


def command_line(config: Path | None, options: list[str]) -> list[str]:
    """The arguments of Snakemake."""
    # First, since it takes all that follows up to the next option.
    configured = [] if config is None else ["--configfile", str(config)]
    limited = any(option.split("=")[0] in _CORES or option[:2] in ("-c", "-j") for option in options)
    cores = [] if limited else ["--cores", "all"]
    return [*configured, "--snakefile", str(workflow_root() / "Snakefile"), *cores, *options]


def _become(root: Path, arguments: list[str]) -> NoReturn:
    """Snakemake instead of this process, with this Python, and nothing imported from the working folder."""
    package = Path(__file__).parents[2]
    # A checkout need not be installed.
    searched = [str(package)] * (package == root) + [os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, searched))}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", "snakemake", *arguments], environment)
