"""A clip or a camera goes in; a `PoseSequence` with its quality report comes out.

Decoding, estimating, tracking, cleaning, judging.

`mgskel.pose.extract.extract` does one clip, `mgskel.pose.batches.batch.extract_batch` a thousand.
Nothing is imported here: whoever only asks which estimators there are does not wait for the rest.
"""
