"""What the doctor says about one thing."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How serious a finding is. Only a bad one makes ``doctor`` fail."""

    GOOD = "good"
    WORTH_A_LOOK = "worth a look"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it (empty where nothing needs doing)."""

    subject: str
    verdict: Verdict
    text: str
    remedy: str = ""
