"""Parse the cells of tables: numbers, classes, categories and missing values."""
