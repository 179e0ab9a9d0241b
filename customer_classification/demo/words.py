"""Words from which the names of the demo customers are made, by country."""

import re
import unicodedata
from typing import NamedTuple


class Country(NamedTuple):
    """Names and places of customers in a country.

    ``business`` is a pattern of ``{word}`` and ``{kind}``.
    """

    business: str
    kinds: tuple[str, ...]
    words: tuple[str, ...]
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    cities: tuple[str, ...]


def _split(text):
    return tuple(part.strip() for part in text.split(","))


ENGLISH_KINDS = _split(
    "Café, Bakery, Hotel, Bistro, Deli, Catering, Tea House, Inn, Coffee Bar, Kitchen"
)
ENGLISH_FIRST = _split(
    "Olivia, James, Amara, Henry, Grace, Daniel, Chloe, Marcus, Naomi, Owen, Priya,"
    " Samuel, Hannah, Victor, Leah, Calvin"
)
ENGLISH_LAST = _split(
    "Bennett, Carter, Nguyen, Foster, Hughes, Patel, Morgan, Reed, Sullivan, Ward,"
    " Brooks, Coleman, Ellis, Hayes, Price, Walsh"
)

COUNTRIES = {
    "us": Country(
        "{word} {kind}",
        ENGLISH_KINDS,
        _split(
            "Harbor Light, Maple Street, Juniper, Copper Kettle, Blue Heron, Redwood,"
            " Lakeside, Prairie, Old Mill, Sunrise, Cedar Hill, Magnolia, Union Square,"
            " Golden Gate, Riverbend, Two Bridges, Bluebird, Canyon, Lighthouse, Summit"
        ),
        ENGLISH_FIRST,
        ENGLISH_LAST,
        _split("Portland, Austin, Chicago, Denver, Boston, Seattle, Atlanta, Oakland"),
    ),
    "ca": Country(
        "{word} {kind}",
        ENGLISH_KINDS,
        _split(
            "Northern Pine, Granville, Saint Lawrence, Red Canoe, Glacier, Whistler,"
            " Rideau, Maple Leaf, Loon Lake, Acadia"
        ),
        ENGLISH_FIRST,
        ENGLISH_LAST,
        _split("Toronto, Vancouver, Calgary, Ottawa, Halifax"),
    ),
    "gb": Country(
        "{word} {kind}",
        ENGLISH_KINDS,
        _split(
            "Kingfisher, Thistle, Abbey Road, Primrose, Foxglove, Castle Gate,"
            " Ivy House, Market Cross, Rosemary Lane, Wharf"
        ),
        ENGLISH_FIRST,
        ENGLISH_LAST,
        _split("London, Bristol, Leeds, Edinburgh, Cardiff"),
    ),
    "mx": Country(
        "{kind} {word}",
        _split("Café, Panadería, Hotel, Cafetería, Fonda"),
        _split(
            "La Paloma, El Nopal, Las Palmas, Los Arcos, Quetzal, San Ángel,"
            " Jacaranda, El Mirador"
        ),
        _split("Lucía, Diego, Ximena, Rafael, Elena, Emiliano, Paola, Andrés"),
        _split("Hernández, Ramírez, Castillo, Ortega, Salazar, Vega, Fuentes, Ríos"),
        _split("Mexico City, Guadalajara, Monterrey, Mérida, Puebla"),
    ),
    "de": Country(
        "{kind} {word}",
        _split("Café, Bäckerei, Hotel, Gasthof, Konditorei, Rösterei"),
        _split(
            "Lindenhof, Rosengarten, Am Markt, Alte Post, Sonnenblick, Kastanie,"
            " Mühlenbach, Schwarzer Adler, Elbufer, Waldfrieden"
        ),
        _split("Anna, Lukas, Miriam, Jonas, Katharina, Felix, Sophie, Matthias"),
        _split("Schneider, Weber, Hoffmann, Krüger, Vogel, Brandt, Lorenz, Keller"),
        _split("Berlin, Hamburg, Köln, München, Leipzig, Freiburg"),
    ),
    "fr": Country(
        "{kind} {word}",
        _split("Brasserie, Boulangerie, Hôtel, Salon de Thé, Café, Bistrot"),
        _split(
            "du Port, des Halles, de la Gare, Bellevue, du Marché, Saint-Michel,"
            " des Tilleuls, de l'Étoile"
        ),
        _split("Camille, Julien, Élodie, Antoine, Margaux, Nicolas, Inès, Mathieu"),
        _split("Moreau, Lefèvre, Garnier, Rousseau, Chevalier, Marchand, Blanc, Noël"),
        _split("Paris, Lyon, Nantes, Bordeaux, Lille, Strasbourg"),
    ),
    "nl": Country(
        "{kind} {word}",
        _split("Café, Bakkerij, Hotel, Eetcafé, Koffiehuis, Lunchroom"),
        _split(
            "De Gracht, De Molen, Het Anker, De Tulp, De Waag, Het Spui, De Ooievaar,"
            " De Haven"
        ),
        _split("Sanne, Daan, Fleur, Bram, Lotte, Thijs, Anouk, Jeroen"),
        _split("de Vries, Jansen, Bakker, Visser, Mulder, de Boer, Kuiper, Dekker"),
        _split("Amsterdam, Utrecht, Rotterdam, Groningen, Eindhoven"),
    ),
    "it": Country(
        "{kind} {word}",
        _split("Caffè, Pasticceria, Albergo, Trattoria, Bar"),
        _split(
            "Al Ponte, La Rosa, Del Borgo, San Marco, Belvedere, Dei Fiori, Aurora,"
            " Il Faro"
        ),
        _split("Giulia, Marco, Chiara, Alessandro, Elisa, Davide, Sara, Matteo"),
        _split("Ricci, Conti, Marino, Gallo, Ferrara, Moretti, Barbieri, Rinaldi"),
        _split("Milano, Torino, Bologna, Firenze, Trieste"),
    ),
    "es": Country(
        "{kind} {word}",
        _split("Cafetería, Pastelería, Hotel, Taberna, Horno"),
        _split(
            "La Plaza, El Olivo, Mar Azul, Las Flores, San Telmo, La Alameda, El Puerto"
        ),
        _split("Carmen, Javier, Marta, Pablo, Irene, Sergio, Nuria, Álvaro"),
        _split("Navarro, Molina, Serrano, Iglesias, Cortés, Prieto, Rubio, Lozano"),
        _split("Madrid, Valencia, Sevilla, Bilbao, Málaga"),
    ),
}


class Namer:
    """Gives each customer a name that no other has."""

    def __init__(self, rng):
        self._rng = rng
        self._given = set()

    def business(self, code):
        """Name of a company in a country."""
        country = COUNTRIES[code]
        return self._unused(
            lambda: country.business.format(
                word=self._rng.choice(country.words),
                kind=self._rng.choice(country.kinds),
            )
        )

    def person(self, code):
        """First and last name of a person in a country."""
        country = COUNTRIES[code]
        return self._unused(
            lambda: f"{self._rng.choice(country.first_names)} "
            f"{self._rng.choice(country.last_names)}"
        )

    def city(self, code):
        """A city of a country."""
        return self._rng.choice(COUNTRIES[code].cities)

    def _unused(self, make):
        """A new name; when chance finds only given ones, a numbered one."""
        for _attempt in range(200):
            name = make()
            if name not in self._given:
                self._given.add(name)
                return name
        name = f"{name} {len(self._given)}"
        self._given.add(name)
        return name


def mail_address(name):
    """An address that cannot belong to anybody."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", ".", plain.lower()).strip(".") + "@example.com"
