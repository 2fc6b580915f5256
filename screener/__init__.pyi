from screener.errors import ScreenerError as ScreenerError
from screener.results.reader import Results as Results
from screener.results.reader import results as results
from screener.results.rows import RadiographRow as RadiographRow
from screener.results.rows import StudyRow as StudyRow
from screener.scoring import score as score
from screener.study import ActivationMap as ActivationMap
from screener.study import Band as Band
from screener.study import Outcome as Outcome
from screener.study import RadiographScore as RadiographScore
from screener.study import Refusal as Refusal
from screener.study import Review as Review

__version__: str
