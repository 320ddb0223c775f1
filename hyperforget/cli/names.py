"""Names that a shell completes, of what the configuration and the results of the working folder hold."""

from hyperforget.errors import UserError


def task_names(incomplete: str) -> list[str]:
    """Tasks of the results and of the configuration."""
    from hyperforget.cli.options import RESULTS

    # As `hyperforget.scores.from_results.tasks_in`, without what that imports.
    there = {path.parent.name for path in RESULTS.glob("*/dataset.json")}
    return _fitting([*sorted(there), *_of_configuration("tasks")], incomplete)


def metric_names(incomplete: str) -> list[str]:
    """Metrics of the results, own ones last."""
    from hyperforget.metrics.audit_registry import AUDIT
    from hyperforget.metrics.registry import METRICS

    return _fitting([*METRICS, *AUDIT, *_of_configuration("metrics")], incomplete)


def _of_configuration(section: str) -> list[str]:
    """The names in a section; none where the configuration cannot be used, since a shell has no place for messages."""
    from hyperforget.cli.running import configured

    try:
        return list(getattr(configured(None), section))
    except (UserError, OSError):
        return []


def _fitting(names: list[str], incomplete: str) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]
