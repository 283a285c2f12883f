"""A header whose values are read from its cards as they are asked for, not by astropy's parsing of all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from astropy.io import fits

from hubble_qa.checks.readers.fits_cards import common_value

__all__ = ["PlainHeader"]

# As a keyword is in a card; those of words, of which astropy returns all, are its own.
_KEYWORD = re.compile(r"(?!(?:COMMENT|HISTORY|CONTINUE|END)$)[A-Z0-9_-]{1,8}")
# A card that goes on with the string of the one before it; MAST's S_REGION takes three.
_CONTINUE = b"CONTINUE"
# How a value of a record is asked for: D2IM1.EXTVER of the card D2IM1 = 'EXTVER: 1'.
_OF_RECORD = re.compile(r"[A-Z_][A-Z0-9_]{0,7}\.[A-Z0-9_.]+")


class PlainHeader(fits.Header):  # type: ignore[misc]
    """A header of cards in common form, as `astropy.io.fits.Header` in all respects.

    What is asked for by a plain keyword is found in the cards. Whatever else is asked of it, or changed, has
    astropy make its own cards of them, once: to make and parse them all takes ten times as long.
    """

    # None once astropy's cards are made, and of headers that astropy makes of others.
    _places: Mapping[bytes, int] | None = None
    _images: Sequence[bytes] = ()
    _found: Mapping[str, _Record] | None = None
    # What was asked for already: most criteria ask for the same few.
    _values: dict[str, Any] | None = None

    @classmethod
    def of(cls, images: Sequence[bytes], places: Mapping[bytes, int]) -> PlainHeader:
        """Make a header.

        Parameters
        ----------
        images : sequence of bytes
            Its cards, without END; `common_value` knows them all but those that go on with a string.
        places : mapping of bytes to int
            By the 8 bytes of a keyword, where among the cards the first is that has a value.
        """
        header: PlainHeader = cls.__new__(cls)
        header.__dict__.update(_places=places, _images=images, _values={})
        return header

    def __getattr__(self, name: str) -> Any:
        # Only what astropy keeps of a header, of which there is nothing yet.
        if self._places is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        whole = fits.Header.fromstring(b"".join(self._images))
        self.__dict__.clear()
        self.__dict__.update(whole.__dict__)
        return getattr(self, name)

    def __getitem__(self, key: Any) -> Any:
        places, values = self._places, self._values
        if places is None or values is None or type(key) is not str:
            return super().__getitem__(key)
        if key in values:
            return values[key]
        if _is_plain(key):
            place = places.get(_card_keyword(key))
            if place is None:
                raise KeyError(f"Keyword {key!r} not found.")
            image = self._images[place]
            if _record(image) is None and not self._is_continued(place):
                return values.setdefault(key, common_value(image)[1])
            return super().__getitem__(key)
        if _OF_RECORD.fullmatch(key):
            return self._of_record(key).value
        return super().__getitem__(key)

    def _is_continued(self, place: int) -> bool:
        """Whether the string of a card goes on in the next."""
        following = self._images[place + 1 : place + 2]
        return bool(following) and following[0].startswith(_CONTINUE)

    @property
    def _is_by_cards(self) -> bool:
        """Whether each card is one of astropy's, of which none is made yet."""
        return self._places is not None and not any(image.startswith(_CONTINUE) for image in self._images)

    def _of_record(self, key: str) -> _Record:
        found = self._records.get(key)
        if found is None:
            raise KeyError(f"Keyword {key!r} not found.")
        return found

    @property
    def _records(self) -> Mapping[str, _Record]:
        """The first record of each keyword, as long as `_images` are what there is."""
        if self._found is None:
            records = [found for image in self._images if (found := _record(image)) is not None]
            self._found = {record.keyword: record for record in reversed(records)}
        return self._found

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a keyword, or a default where the header has no such keyword."""
        try:
            return self[key]
        except (KeyError, IndexError):
            return default

    def __contains__(self, key: object) -> bool:
        places = self._places
        if places is not None and type(key) is str:
            if _is_plain(key):
                return _card_keyword(key) in places
            if _OF_RECORD.fullmatch(key):
                return key in self._records
        return bool(super().__contains__(key))

    def __len__(self) -> int:
        return len(self._images) if self._is_by_cards else int(super().__len__())

    def __iter__(self) -> Iterator[str]:
        return map(_name, self._images) if self._is_by_cards else iter(super().__iter__())


class _Record(NamedTuple):
    """A card that is more than one value to astropy: its keyword with the field's name, and the value."""

    keyword: str
    value: Any


def _record(image: bytes) -> _Record | None:
    """The record that a card holds; None of any other."""
    return _parsed_record(image) if b": " in image else None


@lru_cache(maxsize=4096)
def _parsed_record(image: bytes) -> _Record | None:
    card = fits.Card.fromstring(image)
    return None if card.field_specifier is None else _Record(card.keyword, card.value)


def _name(image: bytes) -> str:
    """The keyword of a card as astropy has it."""
    record = _record(image)
    return _word(image[:8]) if record is None else record.keyword


@lru_cache(maxsize=4096)
def _word(keyword: bytes) -> str:
    return keyword.decode("ascii").rstrip()


@lru_cache(maxsize=4096)
def _card_keyword(key: str) -> bytes:
    return key.encode("ascii", "replace").ljust(8)


@lru_cache(maxsize=4096)
def _is_plain(key: str) -> bool:
    return _KEYWORD.fullmatch(key) is not None
