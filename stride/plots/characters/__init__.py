"""Draw curves with characters, and lay out what is around them."""
