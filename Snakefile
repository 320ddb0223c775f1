import os

from snakemake.utils import min_version

min_version("9.19")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/hypernet.smk"
include: "workflow/rules/networks.smk"
include: "workflow/rules/generators.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "results/report.html",


onsuccess:
    if os.path.exists("results/report.html"):
        print("The report:", os.path.abspath("results/report.html"))
