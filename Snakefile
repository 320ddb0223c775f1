import os
from pathlib import Path

from snakemake.logging import logger
from snakemake.utils import min_version

min_version("9.19")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/hypernet.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/generators.smk"
include: "workflow/rules/report.smk"


# Whoever asks for more sees what Snakemake says, which its own log has in any case.
if workflow.is_main_process and workflow.modifier.is_main_snakefile():
    asked = workflow.output_settings
    if not (asked.verbose or asked.printshellcmds or asked.debug_dag):
        follow(logger, Path("results"), FILES, lambda: workflow.dryrun)


rule all:
    default_target: True
    input:
        "results/report.html",


onsuccess:
    if os.path.exists("results/report.html"):
        print("The report:", os.path.abspath("results/report.html"))
