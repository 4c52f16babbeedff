"""Report runs: on one page that can be sent, and as a model card to be published with weights."""
