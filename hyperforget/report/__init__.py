"""Tables, figures and the HTML report, all drawn from the files under ``results/``."""
