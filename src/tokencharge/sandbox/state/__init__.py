"""What the account keeps, and what it remembers of what happened."""
