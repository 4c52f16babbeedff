"""Give batches on the device: from memory, from loaders, from streams; any position of an epoch."""
