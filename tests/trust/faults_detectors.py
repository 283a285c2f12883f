"""Faults that one camera's detector or reduction can have: steps, references, ramps, darks, telemetry."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
from astropy.table import Table
from numpy.random import Generator

from tests.trust.edits import edit_table, one_of, opened, scaled, square
from tests.trust.fault import Change, Fault, Place

__all__ = ["FAULTS"]

WFC, IR, SBC = "acs-j9l960010", "ir-ibohbf040", "sbc-jcmc11"


def _primary(node: str, pattern: str, edit: Callable[[Any, float, Generator], None]) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, node, one_of(place, node, pattern, random)) as hdus:
            edit(hdus[0].header, size, random)

    return change


def _step_omitted(header: Any, size: float, random: Generator) -> None:
    done = [name for name, value in header.items() if value == "COMPLETE" and name.endswith("CORR")]
    # Which says whether exposures of a split observation are calibrated singly, too.
    done = [name for name in done if name != "EXPSCORR"]
    header[str(random.choice(done))] = "SKIPPED"


def _other_reference(keyword: str) -> Callable[[Any, float, Generator], None]:
    def edit(header: Any, size: float, random: Generator) -> None:
        prefix, _, name = str(header[keyword]).rpartition("$")
        header[keyword] = f"{prefix}${'old' + name[3:]}"

    return edit


def _pattern(kind: str, sign: float = 1.0) -> Change:
    """What the file of a reference holds is added to the chip of an exposure once more, or is left in it."""

    def change(place: Place, size: float, random: Generator) -> None:
        from astropy.io import fits

        name = one_of(place, "update-wcs", "*_flt.fits", random)
        # Copies in the product's subdirectory of reference files.
        files = place.read("references", "bestrefs.json").parent / "references"
        (path,) = sorted(files.glob(f"*_{kind}.fits"))
        with fits.open(path) as reference, opened(place, "update-wcs", name) as hdus:
            chip = int(random.integers(1, 3))
            pattern, image = reference["SCI", chip].data, hdus["SCI", chip].data
            height, width = image.shape
            _add(image, pattern, kind, size * sign, float(hdus[0].header["EXPTIME"]), (height, width))

    return change


def _add(image: Any, pattern: Any, kind: str, size: float, time: float, shape: tuple[int, int]) -> None:
    """Add `size` of a dark's or flat's pattern, which has the image's shape."""
    if pattern.shape != shape:
        raise ValueError(f"the reference is {pattern.shape}, the image {shape}")
    if kind == "drk":
        image += np.float32(size * time) * pattern
    else:
        image *= 1 + np.float32(size) * (pattern - 1)


def _rising_background(place: Place, size: float, random: Generator) -> None:
    """A steady exposure's background rises in its second half; its mean rate grows to `size` times.

    Its IMA says so, its FLT does not.
    """
    switches = json.loads(place.read("diagnose", "switches.json").read_text(encoding="utf-8"))
    name = str(random.choice([root for root, changed in switches.items() if not changed]))
    with opened(place, "fetch", f"{name}_ima.fits") as hdus:
        # Mean rates since the zeroth read.
        reads = {float(hdu.header["SAMPTIME"]): hdu for hdu in hdus if hdu.name == "SCI"}
        last = max(reads)
        sky = float(np.nanmedian(reads[last].data))
        for time, hdu in reads.items():
            if time > last / 2:
                hdu.data += np.float32((size - 1) * sky * (2 * time / last - 1) * last / time)


def _split(place: Place, size: float, random: Generator) -> None:
    """A third of the pixels of one exposure's FLT lost a part of the background: the ramp was split."""
    with opened(place, "update-wcs", one_of(place, "update-wcs", "*_flt.fits", random)) as hdus:
        image = hdus["SCI", 1].data
        sky = np.nanmedian(image)
        image[random.random(image.shape) < 1 / 3] -= np.float32(size * sky)


def _level(place: Place, size: float, random: Generator) -> None:
    with opened(place, "update-wcs", one_of(place, "update-wcs", "*_flt.fits", random)) as hdus:
        image = hdus["SCI", 1].data
        image += np.float32(size * np.nanmedian(image))


def _flags_of_rays(place: Place, size: float, random: Generator) -> None:
    """A fraction of pixels was taken for cosmic rays."""
    name = one_of(place, "drizzle-f105w", "*_crmask.fits", random)
    with opened(place, "drizzle-f105w", name) as hdus:
        mask = next(hdu for hdu in hdus if hdu.data is not None).data
        mask[random.random(mask.shape) < size] = 0


def _combined(edit: Callable[[Any, float, Generator], None]) -> Change:
    def change(place: Place, size: float, random: Generator) -> None:
        with opened(place, "drizzle-f105w", one_of(place, "drizzle-f105w", "*_drz_sci.fits", random)) as hdus:
            edit(next(hdu for hdu in hdus if hdu.data is not None), size, random)

    return change


def _rays_left(hdu: Any, size: float, random: Generator) -> None:
    low, high = np.nanpercentile(hdu.data, (16, 50))
    hits = np.isfinite(hdu.data) & (random.random(hdu.data.shape) < size)
    hdu.data[hits] += np.float32(30 * (high - low))


def _wider(hdu: Any, size: float, random: Generator) -> None:
    low, high = np.nanpercentile(hdu.data, (16, 50))
    hdu.data += random.normal(0, (high - low) * np.sqrt(size**2 - 1), hdu.data.shape).astype(np.float32)


# Darks of SBC


def _temperature(place: Place, size: float, random: Generator) -> None:
    with opened(place, "fetch", one_of(place, "fetch", "*_flt.fits", random)) as hdus:
        for name in ("MDECODT1", "MDECODT2"):
            hdus["SCI", 1].header[name] += size


def _without_dark(place: Place, size: float, random: Generator) -> None:
    """A warm exposure is matched with no dark frame any more."""

    frames = Table.read(place.read("temperatures", "temperatures.ecsv"), format="ascii.ecsv")
    warm = random.choice(frames["frame"][frames["affected"] & (frames["kind"] == "science")])

    def edit(table: Any) -> None:
        table.remove_rows(np.flatnonzero(table["exposure"] == warm))

    edit_table(place, "match-darks", "matches.ecsv", edit)


def _no_counts(place: Place, size: float, random: Generator) -> None:
    with opened(place, "fetch", one_of(place, "fetch", "*_flt.fits", random)) as hdus:
        square(hdus["SCI", 1].data, size, random)[:] = 0


def _dark_frame(edit: Callable[[Any, float, Generator], Any]) -> Change:
    """Change all dark frames that were matched with an exposure."""

    def change(place: Place, size: float, random: Generator) -> None:
        matches = Table.read(place.read("match-darks", "matches.ecsv"), format="ascii.ecsv")
        exposure = random.choice(np.unique(matches["exposure"]))
        for frame in matches["dark"][matches["exposure"] == exposure]:
            with opened(place, "fetch-darks", f"{frame}_raw.fits") as hdus:
                hdu = next(hdu for hdu in hdus if hdu.data is not None)
                hdu.data[:] = edit(hdu.data, size, random)

    return change


def _more(data: Any, size: float, random: Generator) -> Any:
    """Few pixels have more than one count: the others come as counts do."""
    return data + random.poisson(data * size).astype(data.dtype)


def _mirrored(data: Any, size: float, random: Generator) -> Any:
    return data[:, ::-1]


def _swapped(place: Place, size: float, random: Generator) -> None:
    """Two dark frames of different temperatures have each other's names."""
    names = place.names("fetch-darks", "*_raw.fits")[-int(size) - 2 :]
    first, last = names[0], names[-1]
    one, other = place.edit("fetch-darks", first), place.edit("fetch-darks", last)
    with opened(place, "fetch-darks", first) as mine, opened(place, "fetch-darks", last) as theirs:
        a = next(hdu for hdu in mine if hdu.data is not None)
        b = next(hdu for hdu in theirs if hdu.data is not None)
        a.data, b.data = b.data.copy(), a.data.copy()
    assert one != other


def _photometry(column: str, row: int) -> Change:
    """A rate in an aperture is too large, by a fraction of the science image's."""

    def change(place: Place, size: float, random: Generator) -> None:
        def edit(table: Any) -> None:
            table[column][row] += size * table["science"][0 if column != "net" else row]

        edit_table(place, "photometry-jcmc11010", "photometry.ecsv", edit)

    return change


def _master_dark(place: Place, size: float, random: Generator) -> None:
    with opened(place, "master-dark-jcmc11010", "jcmc11010_dark_drz_sci.fits") as hdus:
        scaled(next(hdu for hdu in hdus if hdu.data is not None), 1 + size)
    place.rebuild("photometry-jcmc11010")


def _member(place: Place, size: float, random: Generator) -> None:
    with opened(place, "fetch", one_of(place, "fetch", "*_asn.fits", random)) as hdus:
        hdus[1].data = np.delete(hdus[1].data, int(random.integers(2)))


def _served_twice(place: Place, size: float, random: Generator) -> None:
    first, second = random.choice(place.names("fetch", "*_raw.fits"), 2, replace=False)
    shutil.copyfile(place.read("fetch", str(second)), place.edit("fetch", str(first)))


FAULTS = (
    Fault(
        "WFC: a calibration step omitted",
        WFC,
        _primary("update-wcs", "*_flt.fits", _step_omitted),
        "",
        (1,),
        1,
        "what the step removes is still there",
        ("CAL-001",),
    ),
    Fault(
        "WFC: another dark than CRDS selects",
        WFC,
        _primary("update-wcs", "*_flt.fits", _other_reference("DARKFILE")),
        "",
        (1,),
        1,
        "hot pixels of another month",
        ("CAL-002",),
    ),
    Fault(
        "WFC: raw exposures exchanged",
        WFC,
        _served_twice,
        "",
        (1,),
        1,
        "the product is of another exposure",
        ("CAL-006",),
        ("CAL-007", "CAL-001"),
    ),
    Fault(
        "IR: a calibration step omitted",
        IR,
        _primary("update-wcs", "*_flt.fits", _step_omitted),
        "",
        (1,),
        1,
        "what the step removes is still there",
        ("CAL-001",),
    ),
    Fault(
        "IR: another flat than CRDS selects",
        IR,
        _primary("update-wcs", "*_flt.fits", _other_reference("PFLTFILE")),
        "",
        (1,),
        1,
        "blobs and gradients of per cents",
        ("CAL-002",),
    ),
    Fault(
        "UVIS: another distortion table than CRDS selects",
        "uvis-ngc6791",
        _primary("accept", "*_flc.fits", _other_reference("IDCTAB")),
        "",
        (1,),
        1,
        "a quarter of a pixel at the corners",
        ("CAL-002",),
        ("WCS-001",),
    ),
    Fault(
        "IR: background rises during an exposure",
        IR,
        _rising_background,
        "times",
        (1.5, 2.0, 2.5, 3.0, 5.0),
        3.0,
        "the ramp fit takes the change for cosmic rays beyond a factor of 2 (ISR WFC3 2016-16)",
        ("TVB-001",),
        ("TVB-003", "CAL-001", "CAL-006"),
    ),
    Fault(
        "IR: ramps split",
        IR,
        _split,
        "of the background",
        (0.1, 0.2, 0.3, 0.5),
        0.3,
        "three peaks, as the notebook's bad fits have; backgrounds off by a tenth",
        ("TVB-006",),
        ("TVB-002", "TVB-003", "CAL-006", "CAL-007", "CAL-009", "PHT-010"),
    ),
    Fault(
        "IR: level of one exposure",
        IR,
        _level,
        "of the background",
        (0.005, 0.011, 0.02, 0.06, 0.2),
        0.06,
        "steps in the combined sky; extended sources are off by as much",
        ("CAL-006", "TVB-003"),
        ("TVB-002", "TVB-006"),
    ),
    Fault(
        "IR: pixels taken for cosmic rays",
        IR,
        _flags_of_rays,
        "of the pixels",
        (0.01, 0.03, 0.1, 0.3),
        0.1,
        "a tenth of the exposure time is lost",
        (),
        ("DRZ-002",),
        "Pixels of an infrared exposure that AstroDrizzle takes for cosmic rays",
    ),
    Fault(
        "IR: cosmic rays left in the combination",
        IR,
        _combined(_rays_left),
        "of the pixels",
        (1e-5, 1e-4, 1e-3, 1e-2),
        1e-3,
        "one in twenty apertures of 50 pixels",
        ("TVB-005",),
        ("TVB-004",),
    ),
    Fault(
        "IR: wide background of the combination",
        IR,
        _combined(_wider),
        "times",
        (1.05, 1.2, 1.5, 2.0),
        1.5,
        "0.4 mag of depth",
        (),
        ("TVB-004", "TVB-005", "DRZ-012"),
        "Noise that is added to a drizzled image",
    ),
    Fault(
        "SBC: temperature of another exposure",
        SBC,
        _temperature,
        "deg C",
        (0.5, 1.0, 3.0, 5.0),
        3.0,
        "the dark rate doubles in 2 degrees above 25",
        (),
        ("DRK-001",),
        "The temperature of an SBC exposure",
    ),
    Fault(
        "SBC: a warm exposure without its dark",
        SBC,
        _without_dark,
        "",
        (1,),
        1,
        "11 per cent of the counts of a galaxy are the detector's",
        ("DRK-001",),
        ("DRK-002", "DRK-003", "DRK-006"),
    ),
    Fault(
        "SBC: no counts in a part",
        SBC,
        _no_counts,
        "of its side",
        (0.05, 0.1, 0.2, 0.3, 0.5),
        0.3,
        "a tenth of the field is lost",
        ("CAL-013",),
        ("AST-024", "CAL-009", "CAL-011", "DRK-003", "DRK-006", "DRZ-008", "PHT-006", "PHT-011", "WCS-005"),
    ),
    Fault(
        "SBC: matched dark frames have more counts",
        SBC,
        _dark_frame(_more),
        "",
        (0.05, 0.1, 0.2, 0.3, 1.0),
        0.3,
        "the target's dark, 0.13 of its light, is off by 4 per cent of the flux",
        ("DRK-003",),
        ("DRK-005", "PHT-006"),
    ),
    Fault(
        "SBC: matched dark frames mirrored",
        SBC,
        _dark_frame(_mirrored),
        "",
        (1,),
        1,
        "the glow is subtracted at the wrong place",
        ("DRK-006",),
        ("DRK-003", "DRK-005"),
    ),
    Fault(
        "SBC: dark frames exchanged",
        SBC,
        _swapped,
        "frames apart",
        (1.0, 3.0, 5.0, 8.0),
        8.0,
        "the rates differ by a factor of 2",
        ("DRK-005",),
        ("DRK-003", "DRK-006"),
    ),
    Fault(
        "SBC: dark in the target's aperture",
        SBC,
        _photometry("dark", 0),
        "of its rate",
        (0.01, 0.03, 0.05, 0.1),
        0.05,
        "5 per cent of the flux",
        ("DRK-002",),
        ("PHT-006",),
    ),
    Fault(
        "SBC: rest on blank sky",
        SBC,
        _photometry("net", 1),
        "of the sky's rate",
        (0.1, 0.3, 0.5, 0.7, 1.0),
        1.0,
        "the dark of the blank aperture was not subtracted",
        ("DRK-004",),
    ),
    Fault(
        "SBC: master dark's rate",
        SBC,
        _master_dark,
        "",
        (0.005, 0.011, 0.02, 0.05),
        0.02,
        "0.3 per cent of the target's flux, and all of it systematic",
        ("PHT-006",),
        ("DRK-004",),
    ),
    Fault(
        "SBC: a member of an association lost",
        SBC,
        _member,
        "",
        (1,),
        1,
        "half of the exposure time is not combined",
        ("FIL-004",),
    ),
)
