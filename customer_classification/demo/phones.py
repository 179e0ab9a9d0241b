"""Telephone numbers of the demo, which nobody has."""

import zlib

# First digits by country, and how many follow: where a country keeps numbers for
# fiction, these.
PHONES = {
    "us": ("+1 212 555 01", 2),
    "ca": ("+1 416 555 01", 2),
    "mx": ("+52 55 5555 0", 3),
    "gb": ("+44 20 7946 0", 3),
    "de": ("+49 30 23125 ", 3),
    "fr": ("+33 1 99 00 ", 4),
    "nl": ("+31 85 000 0", 3),
    "it": ("+39 02 0000 0", 3),
    "es": ("+34 900 000 ", 3),
}


def phone_number(country, name):
    """Return the number of a name in a country, always the same."""
    start, digits = PHONES[country]
    return f"{start}{zlib.crc32(name.encode()) % 10**digits:0{digits}}"
