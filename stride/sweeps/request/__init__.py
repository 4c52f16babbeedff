"""What is asked of a sweep: checked, compared with what there is, written as its trials."""
