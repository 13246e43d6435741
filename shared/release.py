"""Which release of the platform this is, as its health, its description and its golden documents say."""

VERSION = "0.2.0"
