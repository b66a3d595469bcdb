"""A clip or a camera goes in; a `PoseSequence` with its quality report comes out.

Decoding, estimating, tracking, cleaning, judging.

`extract` does one clip, `extract_batch` a thousand. Nothing heavy is imported until used.
"""

from mgskel.pose.batches.batch import extract_batch
from mgskel.pose.extract import Extraction, ExtractSettings, extract, refine
from mgskel.pose.quality import QualityReport, quality_report

__all__ = [
    "ExtractSettings",
    "Extraction",
    "QualityReport",
    "extract",
    "extract_batch",
    "quality_report",
    "refine",
]
