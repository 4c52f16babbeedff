"""The command that trains models on data sets, and shows the table of all that were."""
