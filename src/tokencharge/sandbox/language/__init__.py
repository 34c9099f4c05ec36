"""How requests, answers and errors are written."""
