"""Builds the weights that ``screener`` uses, by the staged recipe of COVID-ResNet.

Depends on ``screener`` for the pixel path, the network and the weights format; ``screener``
never depends on it.
"""

import warnings

warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
"""fastai says it at every import, and nobody who fits can do anything about it."""
