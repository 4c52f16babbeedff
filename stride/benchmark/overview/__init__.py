"""Give an overview of reconstruction runs: pictures, and one page of each run and of a work_dir."""
