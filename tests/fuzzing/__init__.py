"""What the fuzz tests are made of: files as a stranger may write them, a process that reads them, what has to hold."""
