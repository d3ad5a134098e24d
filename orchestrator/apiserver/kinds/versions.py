"""Custom resources in several versions, between which a webhook converts.

An object is stored in one version. What it is in another is asked once and remembered by what the webhook
saw of it: content, labels and annotations. Who needs a conversion that is not known yet is told so by an
`Unconverted`, lets the server ask, and comes again.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from orchestrator.api import codec
from orchestrator.api.apiextensions.v1 import WebhookConversion
from orchestrator.api.meta.v1 import ObjectMeta
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.kinds.conversion_answers import NotConverted, object_of, response_of
from orchestrator.protocol import Unclassified

_REMEMBERED: Final = 1 << 14
REVIEW: Final = "ConversionReview"
GROUP: Final = "apiextensions.k8s.io"
_KNOWN_REVIEWS: Final = ("v1", "v1beta1")

Key = tuple[int, int, int, str]


class Question(Struct, frozen=True):
    """Objects, and the version in which they are wanted."""

    versions: "Versions"
    objects: tuple[Unstructured, ...]
    api_version: str


class Unconverted(Exception):
    """Objects are needed in a version that the webhook has not been asked for yet."""

    def __init__(self, question: Question) -> None:
        super().__init__(f"{len(question.objects)} objects in {question.api_version}")
        self.question = question


class Versions:
    """What is known of one definition's objects in its versions.

    `webhook` converts; `storage` is the version that is stored, with its group. `watched` are versions
    that somebody watches, in which each change is wanted as soon as it is made.
    """

    def __init__(self, webhook: WebhookConversion, storage: str) -> None:
        self.webhook = webhook
        self.storage = storage
        self.watched: set[str] = set()
        self._known: OrderedDict[Key, tuple[Unstructured, Unstructured]] = OrderedDict()
        self._capacity = _REMEMBERED

    def converted(self, custom: Unstructured, api_version: str) -> Unstructured:
        """The object in a version. Raises Unconverted."""
        if custom.api_version == api_version:
            return custom
        known = self._known.get(_key(custom, api_version))
        if known is None:
            raise Unconverted(Question(self, (custom,), api_version))
        return replace(known[1], metadata=_metadata(custom, known[1]))

    def require(self, objects: Iterable[Unstructured], api_version: str) -> None:
        """All of them must be known in a version. Raises Unconverted."""
        missing = tuple(
            each
            for each in objects
            if each.api_version != api_version and _key(each, api_version) not in self._known
        )
        if missing:
            raise Unconverted(Question(self, missing, api_version))

    def learn(self, question: Question, answers: Sequence[Unstructured]) -> None:
        """Remember what the webhook made of the objects."""
        self._capacity = max(self._capacity, 2 * len(answers))
        for custom, answer in zip(question.objects, answers, strict=True):
            self._known[_key(custom, question.api_version)] = (custom, answer)
        while len(self._known) > self._capacity:
            self._known.popitem(last=False)


def _key(custom: Unstructured, api_version: str) -> Key:
    metadata = custom.metadata
    return id(custom.content), id(metadata.labels), id(metadata.annotations), api_version


def _metadata(custom: Unstructured, answer: Unstructured) -> ObjectMeta:
    """Of this state of the object, whose content, labels and annotations alone are remembered."""
    return replace(
        custom.metadata,
        labels=answer.metadata.labels,
        annotations=answer.metadata.annotations,
    )


# --- reviews -------------------------------------------------------------------------------


def review_of(question: Question, uid: str) -> dict[str, Any]:
    """The ConversionReview that asks. Raises Unclassified for a definition that knows no review."""
    offered = question.versions.webhook.conversion_review_versions
    version = next((each for each in offered if each in _KNOWN_REVIEWS), None)
    if version is None:
        raise Unclassified("no supported conversion review versions")
    return {
        "kind": REVIEW,
        "apiVersion": f"{GROUP}/{version}",
        "request": {
            "uid": uid,
            "desiredAPIVersion": question.api_version,
            "objects": [codec.to_dict(each) for each in question.objects],
        },
        # Go writes what is not there yet.
        "response": {"uid": "", "convertedObjects": None, "result": {"metadata": {}}},
    }


def failed(question: Question, why: str) -> Unclassified:
    """The end of a request that needed the conversion."""
    return Unclassified(f"conversion webhook for {_named(question.objects[0])} failed: {why}")


def _named(custom: Unstructured) -> str:
    return f"{custom.api_version}, Kind={custom.kind}"


def answers_in(
    question: Question, review: Mapping[str, Any], document: Any
) -> tuple[Unstructured, ...]:
    """The objects in a webhook's answer. Raises Unclassified for one that is none."""
    try:
        found = response_of(document, review).converted_objects
    except NotConverted as error:
        raise failed(question, str(error)) from None
    if len(found) != len(question.objects):
        raise Unclassified(
            f"conversion webhook for {_named(question.objects[0])} returned {len(found)} objects, "
            f"expected {len(question.objects)}"
        )
    return tuple(
        object_of(custom, answer, question.api_version)
        for custom, answer in zip(question.objects, found, strict=True)
    )
