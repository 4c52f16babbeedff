"""Draw curves from plain numbers: in a terminal, as SVG, and as PNG."""
