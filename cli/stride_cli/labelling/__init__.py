"""The command by which a person gives labels, at the terminal or in a page of the browser."""
