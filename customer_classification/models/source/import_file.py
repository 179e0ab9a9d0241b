"""State of an import beside the cells of its file."""

from collections import Counter

# Key in the context for the length of one import.
CONTEXT_KEY = "customer_purchase_file"


class ImportedFile:
    """Numbers of lines, currencies in amounts, problems and sentences.

    Rows are places in the data that is loaded; ``lines`` has the numbers that people
    see beside them in a spreadsheet.
    """

    def __init__(self, replace=False):
        self.rows = None  # of the file, with its title
        self.columns = []  # names of fields, as ``titles`` of the file
        self.titles = []
        self.lines = []
        self.signs = {}  # {row: texts of currencies}
        self.amounts = {}  # {row: the cell in which such a text stood}
        self.problems = []  # (row, name of the field, sentence)
        self.notes = []  # how the file was read
        self.counts = Counter()  # of new, changed and unchanged purchases
        self.replace = replace
        self.judged = False  # all values before writing
        self.known = frozenset()  # fields whose records were found for all lines

    def line(self, row):
        return self.lines[row] if row < len(self.lines) else row + 1

    def skip(self, rows):
        """Forget the first rows, which are not to be imported."""
        self.lines = self.lines[rows:]
        self.signs = {row - rows: texts for row, texts in self.signs.items()}
        self.amounts = {row - rows: cell for row, cell in self.amounts.items()}
        self.problems = [
            (row - rows, name, sentence)
            for row, name, sentence in self.problems
            if row >= rows
        ]


def imported_file(env):
    """Return the file of the running import, or None.

    A client's context can hold anything.
    """
    found = env.context.get(CONTEXT_KEY)
    return found if isinstance(found, ImportedFile) else None
