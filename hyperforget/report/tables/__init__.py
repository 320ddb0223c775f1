"""Every table of the report, for CSV, LaTeX and HTML."""
