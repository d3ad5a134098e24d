"""What goes wrong between bytes and objects."""


class ApiTypeError(Exception):
    """Base of this room's errors."""


class DecodeError(ApiTypeError):
    """The document does not fit the type. `path` is the field (`spec.containers[0].name`).

    `words` is what Kubernetes' own server would say; without a sentence of its own, the same.
    `patch_words` is what it says of what a strategic merge patch made, which it reads in another way.
    """

    def __init__(self, path: str, message: str, *, words: str = "", patch_words: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message)
        self.path = path
        self.message = message
        self.words = words or str(self)
        self.patch_words = patch_words or self.words


class OwnDecodeError(DecodeError):
    """The same, of a type that reads itself (a quantity, a time): Go ends there, whatever else did not fit before."""


class NumberOutOfRange(DecodeError):
    """A number is beyond those of 64 bits with a fraction. `document` has infinity there: Go minds only if it is read."""

    def __init__(self, number: str, document: object) -> None:
        super().__init__(
            "", f"json: cannot unmarshal number {number} into Go value of type float64"
        )
        self.document = document


class UnknownKind(ApiTypeError):
    """The scheme has no such kind or resource."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(f'no matches for kind "{kind}" in version "{api_version}"')
        self.api_version = api_version
        self.kind = kind
