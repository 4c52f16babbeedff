"""Report runs on one page that can be sent: what was reached, how, and how to have it again."""
