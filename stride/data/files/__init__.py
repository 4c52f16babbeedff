"""Open the files that built-in datasets read, arrays and tables, once in a process."""
