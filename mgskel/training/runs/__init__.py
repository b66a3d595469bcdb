"""What a training leaves, and what it is worth: its folder, its answers, several as one."""
