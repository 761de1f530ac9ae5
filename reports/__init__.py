"""What is made of results and cases for others to read: one module per format, from plain data."""
