"""Prove on a user's own config and code that a killed training goes on as if never stopped."""
