"""Answers as every server of the bench does."""

import os
from urllib.parse import parse_qs

GENERATION = f"GENERATION {os.getpid()}\n".encode()
BIG = GENERATION.ljust(204_800, b".")


def whole(path):
    return BIG if path == "/big" else GENERATION


def seconds_between_ticks(query):
    return int(parse_qs(query).get("every", ["100"])[0]) / 1_000
