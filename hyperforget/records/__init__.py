"""Every CSV file of the results: a data class declares its rows, whose fields are the columns."""
