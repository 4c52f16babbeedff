"""What a person sees of a training: a live view, plain lines, or nothing."""
