"""Write pages of HTML that need nothing else: no network, script or file."""
