"""Every CSV file of the results: a data class is a row, its fields are the columns, a file for each
kind of result.
"""
