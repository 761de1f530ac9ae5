"""Real programs as the launcher's parent: supervisord, a Jupyter client, sshd, a reloader, an MCP host."""
