"""Tables for people: one shape of columns and rows, as text, Markdown, LaTeX and HTML."""
