"""A network and clips go in; what its answers rest on comes out, and whether to believe that.

Five ways to look, one result: `attend` gives weights over people, moments and joints, and
`mgskel.attention.faithfulness` asks the network itself whether they are true.
"""

from mgskel.attention.attend import METHODS, JointAttention, attend, attend_sequence
from mgskel.attention.faithfulness import Faithfulness, faithfulness, randomised

__all__ = [
    "METHODS",
    "Faithfulness",
    "JointAttention",
    "attend",
    "attend_sequence",
    "faithfulness",
    "randomised",
]
