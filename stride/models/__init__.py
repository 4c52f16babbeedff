"""Networks, criteria, and the Model that gives the loop its steps."""
