"""Who answers: the map of the API, the engine, faults, HTTP, webhooks."""
