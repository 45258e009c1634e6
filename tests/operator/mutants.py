"""Programs that break one promise each. The judge must find harm in every one, within a bounded number of histories."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from batch_credits import protocol, settings
from batch_credits.cli import values
from batch_credits.ledger import Ledger
