"""Template tags: `{% load tokencharge %}`."""
