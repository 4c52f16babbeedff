"""Say what the cells of tables mean: numbers, classes, categories, or nothing."""
