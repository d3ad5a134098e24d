"""How simulated containers behave, as texts say it."""

import pytest

from orchestrator.kubelet.runtimes.profile import (
    ANNOTATION_PREFIX,
    Distribution,
    Profile,
    ProfileError,
    with_annotations,
)


@pytest.mark.parametrize(
    ("key", "text", "kind", "arguments"),
    [
        ("memory", "900Mi", "constant", (900 * 2**20,)),
        ("memory", "1e3", "constant", (1000,)),
        ("memory", "uniform(1Gi, 2Gi)", "uniform", (2**30, 2**31)),
        ("cpu", "250m", "constant", (0.25,)),
        ("cpu", "normal(1.5, 100m)", "normal", (1.5, 0.1)),
        ("run-seconds", "exponential(5)", "exponential", (5,)),
    ],
)
def test_texts_are_distributions_and_amounts_are_quantities(
    key: str, text: str, kind: str, arguments: tuple[float, ...]
) -> None:
    profile = with_annotations(Profile(), {ANNOTATION_PREFIX + key: text})
    found = getattr(profile, key.replace("-", "_"))
    assert found == Distribution(kind, tuple(map(float, arguments)))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("memory", "much"),
        ("memory", "-1Gi"),
        ("cpu", "uniform(1)"),
        ("run-seconds", "5Mi"),
        ("run-seconds", "nan"),
    ],
)
def test_a_text_that_is_no_amount_is_told_with_its_annotation(key: str, text: str) -> None:
    with pytest.raises(ProfileError) as raised:
        with_annotations(Profile(), {ANNOTATION_PREFIX + key: text})
    assert str(raised.value).startswith(f"annotation {ANNOTATION_PREFIX}{key}: expected a number")
    assert f'got "{text}"' in str(raised.value)
