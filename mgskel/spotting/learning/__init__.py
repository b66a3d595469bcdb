"""Annotated or synthetic recordings go in; recognizers come out."""
