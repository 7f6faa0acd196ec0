"""The errors that polyspan raises."""


class ConfigError(ValueError):
    """An option that cannot be used: which, what it was, what it may be."""

    def __init__(
        self, message: str, field: str = "", value: str | None = None, allowed: str | None = None
    ) -> None:
        super().__init__(message)
        self.field = field
        self.value = value
        self.allowed = allowed
