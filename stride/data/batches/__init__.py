"""Batches on the device, from memory, loaders or streams, resumable within an epoch."""
