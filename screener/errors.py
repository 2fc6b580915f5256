"""The errors a caller can meet.

A radiograph that cannot be scored is not an error but a :class:`screener.study.Refusal`.
Every message names the file or setting, the fact and the cure, in one line.

::

    ScreenerError
    ├── ConfigurationError     a setting, argument or recipe is wrong
    │   └── NothingFoundError      there is no file to look at in the folders of a scan
    ├── WeightsError           weights are missing, damaged or not what their card says
    ├── DeviceError            the device asked for cannot be used
    │   └── DeviceLostError        it was there, and stopped answering
    └── StoreError             the results folder cannot be used
        ├── StoreNotFoundError     there are no results in this folder
        ├── StoreBusyError         another scan is writing to it, or the database stays locked
        └── ReviewRefusedError     a review entry can never be stored
"""


class ScreenerError(Exception):
    """Base of every error that has a one-line message for the user."""


class ConfigurationError(ScreenerError):
    """A setting, argument or recipe is wrong."""


class NothingFoundError(ConfigurationError):
    """There is no file to look at in the folders of a scan."""


class WeightsError(ScreenerError):
    """Weights are missing, damaged, or not what their card says."""


class DeviceError(ScreenerError):
    """The device asked for cannot be used on this machine."""


class DeviceLostError(DeviceError):
    """The device was there, and stopped answering while it computed."""


class StoreError(ScreenerError):
    """The results folder cannot be used."""


class StoreNotFoundError(StoreError):
    """There are no results in this folder."""


class StoreBusyError(StoreError):
    """Another scan is writing to the results folder, or its database stays locked."""


class ReviewRefusedError(StoreError):
    """A review entry can never be stored: of a study that is not there, or against itself."""
