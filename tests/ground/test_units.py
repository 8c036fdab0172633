"""Units written so that people can read them."""

from __future__ import annotations

import pint
import pytest

from napari_blurmap.ground.units import _LENGTHS, readable_unit, unit_name


@pytest.mark.parametrize(
    ("length", "unit", "written"),
    [
        (0.0000000000218, "m", "21.8 pm"),
        (0.000091, "cm", "0.91 um"),
        (0.0127, "inch", "0.323 mm"),
        (0.82, "um", "0.82 um"),
        (0.05, "micron", "50 nm"),
        (250, "nm", "250 nm"),
        (2500, "nanometer", "2.5 um"),
        (999.7, "nm", "1 um"),
        (1e-4, "pm", "0.0001 pm"),
        (8000, "m", "8e+03 m"),
        (3.1, "angstrom", "3.1 angstrom"),
        (0.02, "angstrom", "2 pm"),
        (0.0, "m", "0 m"),
        (float("nan"), "cm", "nan cm"),
        (3.0, "px", "3 pixel"),
        (3.0, "furlong", "3 furlong"),
    ],
)
def test_prefix_of_a_length(length, unit, written):
    factor, label = readable_unit(length, unit)
    assert f"{length * factor:.3g} {label}" == written


@pytest.mark.parametrize("unit", _LENGTHS)
@pytest.mark.parametrize("length", [3.7e-13, 2e-9, 4.4e-7, 9.9e-4, 0.04, 7.0])
def test_a_length_stays_as_long_as_it_was(unit, length):
    registry = pint.get_application_registry()
    given = (length * registry.meter).to(unit)
    factor, label = readable_unit(given.magnitude, unit)
    other = given.magnitude * factor * registry(unit_name(label))
    assert other.to("meter").magnitude == pytest.approx(length, rel=1e-9)
    assert 0.1 <= other.magnitude < 1000
