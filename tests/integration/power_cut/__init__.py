"""What a power cut leaves of a run: record what changes a disk, and rebuild what was synced."""
