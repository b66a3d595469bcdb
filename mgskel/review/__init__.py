"""A study's folder goes in; a local page comes out, in which people correct what was found.

The page is served on this machine only, to whoever knows its secret address (`guard`); clips
dropped there are analysed one after the other in a process of their own (`jobs`); what people
decide lies beside the clips (`mgskel.study.reviews`), from where tables (`export`) and training
(`labelled`) take it.
"""

from mgskel.review.labelled import labelled

__all__ = ["labelled"]
