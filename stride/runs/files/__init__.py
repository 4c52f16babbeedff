"""Read and write files so that no crash tears them: whole ones at once, streams line by line."""
