"""What can be asked of the account, a resource a file."""
