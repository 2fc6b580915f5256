"""Batch screening of folders of chest radiographs, for research only.

The package reads radiographs, scores them with COVID-ResNet, ranks the studies and lets a
person review the ranking. It makes no diagnosis and trains nothing: see the package ``trainer``.
"""

__version__ = "0.2.0"
