"""Bring the gradients of several processes together: flat, ddp or fsdp."""
