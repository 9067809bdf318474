"""What a call will take, before it is sent: an estimate for rates, a bound for hard budgets and strict limits."""

from modelscan.accounting.estimates.bounding import bound_of
from modelscan.accounting.estimates.cut import Charge, charge_of_cut
from modelscan.accounting.estimates.estimator import FIRST_OUTPUT_TOKENS, Estimate, Estimator

__all__ = ["FIRST_OUTPUT_TOKENS", "Charge", "Estimate", "Estimator", "bound_of", "charge_of_cut"]
