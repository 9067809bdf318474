"""What responses tell of limits: reading headers and refusals, and the memory of what was learned from them."""

from modelscan.limits.learning.dialects import read_limits
from modelscan.limits.learning.learned import Change, Learned, LearnedLimit
from modelscan.limits.learning.refusals import Refusal, read_refusal
from modelscan.limits.learning.reports import LimitReport
from modelscan.limits.learning.tables import DIALECTS

__all__ = ["DIALECTS", "Change", "Learned", "LearnedLimit", "LimitReport", "Refusal", "read_limits", "read_refusal"]
