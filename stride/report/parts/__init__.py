"""The parts of a report, each what one of its headings has below it."""
