"""Every deployed function runs this file and serves the one that FUNCTION names, as ``area.name``."""

from shared.edge.entry import serving

serve = serving()
