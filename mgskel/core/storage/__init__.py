"""Files as every room reads and writes them: bounded on the way in, whole or absent on disk."""
