"""What counts as read well enough, in checks and in reports of trainings."""

from __future__ import annotations

#: An error up to this many pixels, or this part of the true sigma, whichever is more, can be lived with.
LIMIT_PIXELS, LIMIT_RELATIVE = 0.15, 0.15
#: Share of the sample that has to stay judged.
LEAST_JUDGED = 0.5
