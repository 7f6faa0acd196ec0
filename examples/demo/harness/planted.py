"""The five secrets that the demo plants. Every run makes its own, so that none can be allowed for by name.

Each has a `core` of at least sixteen bytes, random in every run: what a leak is recognised by, whole or in part.
"""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass

_LETTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Secret:
    """A value that must not leave the process that it is planted in, and the name it is reported by."""

    name: str
    value: str
    core: str


@dataclass(frozen=True)
class Planted:
    """The secrets of one run."""

    email: Secret
    password: Secret
    token: Secret
    card: Secret
    customer: Secret

    def all(self) -> tuple[Secret, ...]:
        """All of them, in the order in which they are reported."""
        return (self.email, self.password, self.token, self.card, self.customer)


def plant() -> Planted:
    """A fresh set."""
    email, customer = (_letters(18) for _ in range(2))
    password, token = _letters(20), _letters(40)
    card = card_number()
    return Planted(
        email=Secret("e-mail in a query parameter", f"{email}@example.com", email),
        password=Secret("password in a JSON field", f"Pw-{password}!", password),
        token=Secret("bearer token in a captured header", f"Bearer {token}", token),
        card=Secret("card number in an exception message", card, card),
        customer=Secret("customer e-mail in baggage", f"{customer}@example.org", customer),
    )


def card_number(random_digit: Callable[[], int] = lambda: secrets.randbelow(10)) -> str:
    """A number of sixteen digits that could be a payment card's: network prefix 4, valid Luhn checksum."""
    digits = [4, *(random_digit() for _ in range(14))]
    total = sum(_doubled(digit) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return "".join(map(str, [*digits, -total % 10]))


def _doubled(digit: int) -> int:
    return digit * 2 - 9 if digit > 4 else digit * 2


def _letters(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
