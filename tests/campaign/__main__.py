"""``python -m tests.campaign``: see :mod:`tests.campaign.whole`."""

from tests.campaign.whole import main

if __name__ == "__main__":
    main()
