from . import run_kinds
