"""Builds the weights that ``screener`` uses, by the staged recipe of COVID-ResNet.

Depends on ``screener`` for the pixel path, the network and the weights format; ``screener``
never depends on it.
"""
