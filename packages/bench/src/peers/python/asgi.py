"""The application that uvicorn serves."""

import asyncio
import itertools

from answers import GENERATION, seconds_between_ticks, whole


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await echo(receive, send)
    elif scope["path"] == "/stream":
        await stream(receive, send, seconds_between_ticks(scope["query_string"].decode()))
    elif scope["type"] == "http":
        await answer(send, whole(scope["path"]))


async def answer(send, body):
    await start(send, [(b"content-length", str(len(body)).encode())])
    await send({"type": "http.response.body", "body": body})


async def start(send, headers):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), *headers]})


async def stream(receive, send, seconds):
    await start(send, [])
    await send({"type": "http.response.body", "body": GENERATION, "more_body": True})
    closed = asyncio.ensure_future(disconnected(receive))
    for number in itertools.count(1):
        await asyncio.wait([closed], timeout=seconds)
        if closed.done():
            return
        await send({"type": "http.response.body", "body": f"tick {number}\n".encode(), "more_body": True})


async def disconnected(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


async def echo(receive, send):
    while (message := await receive())["type"] != "websocket.disconnect":
        if message["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        else:
            await send({"type": "websocket.send", "text": message["text"]})
