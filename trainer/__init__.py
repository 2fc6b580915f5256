"""Builds the weights that ``screener`` uses, by the staged recipe of COVID-ResNet.

Depends on ``screener`` for the pixel path, the network and the weights format; ``screener``
never depends on it.
"""

import warnings

# What fastai causes whenever it is imported, and nobody who fits can do anything about
warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
warnings.filterwarnings("ignore", "The 'mode.chained_assignment' option is deprecated")
