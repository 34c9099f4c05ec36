"""What answers requests: the API's routes, the engine, faults, HTTP, webhooks."""
