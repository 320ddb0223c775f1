"""Make a folder of a hypernetwork that needs neither store nor data, for whoever has a network."""

from hyperforget.config.specs import GeneratorSpec
from hyperforget.generator.exporting import Made, export
from hyperforget.generator.folder import write_generator
from hyperforget.records.files import read_rows
from hyperforget.records.methods import MetricRow
from hyperforget.runtime.stage import Job


def run(job: Job[GeneratorSpec]) -> None:
    """Load, call, save."""
    made = Made(job.names["task"], job.names["model"], job.input("dataset"), job.input("corpus"), job.input("hypernet"))
    metrics = [row for path in job.inputs["metrics"] for row in read_rows(path, MetricRow)]
    write_generator(job.output("description").parent, export(job.store, made, job.spec, metrics))
