"""What a network answers at every moment goes in; gesture events come out, by one fitted rule."""
