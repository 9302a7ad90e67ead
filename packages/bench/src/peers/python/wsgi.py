"""The application that gunicorn serves."""

import itertools
import time

from answers import GENERATION, seconds_between_ticks, whole


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return ticks(seconds_between_ticks(environ["QUERY_STRING"]))
    body = whole(path)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def ticks(seconds):
    yield GENERATION
    for number in itertools.count(1):
        time.sleep(seconds)
        yield f"tick {number}\n".encode()
