"""A clip becomes a `PoseSequence`: decoding, estimating, tracking, cleaning, judging.

`extract` does one clip, `extract_batch` a thousand. Nothing heavy is imported until used.
"""
