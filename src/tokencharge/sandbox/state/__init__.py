"""The state of an account: its objects, its events, its rules."""
