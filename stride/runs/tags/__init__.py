"""Keep what a user says of a run beside its records: tags and a note."""
