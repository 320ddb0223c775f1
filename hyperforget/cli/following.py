"""``hyperforget status``: how far the last run is."""

from dataclasses import asdict

from hyperforget.cli.options import RESULTS, Json, Results, print_result


def status(results: Results = RESULTS, as_json: Json = False) -> None:
    """How far the last run is: what is done, running, missing, and what failed."""
    from hyperforget.runs.status import lines
    from hyperforget.runs.status import status as last_status

    found = last_status(results)
    print_result(asdict(found), as_json, "\n".join(lines(found)))
