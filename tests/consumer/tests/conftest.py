pytest_plugins = ["tokencharge.pytest_plugin"]
