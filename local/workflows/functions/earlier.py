"""
What functions answered in release 0.1.0, where they answer otherwise now.

An execution is computed again from its beginning whenever it is taken up, so what it began under decides to its end.
An execution lasts a year at most; this goes a year after the release that follows 0.1.0.
"""
