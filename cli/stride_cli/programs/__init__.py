"""What programs need: the shapes of all JSON that is printed, and one page on how to go about."""
