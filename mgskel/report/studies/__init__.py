"""Tables of a study go in; pages about many recordings come out."""
