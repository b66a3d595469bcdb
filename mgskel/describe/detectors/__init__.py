"""A person's body goes in, findings come out. A file dropped here adds its kinds of statement."""
