"""Servers behind the world's nginx (curate_world.py) that do what no file can: never end, never answer, or answer
when the test lets them."""

import asyncio
import collections
import re
import threading


class Tricks:
    """HTTP on a thread of its own, a request a connection, as nginx asks. Ends with close().

    /endless…  a body without an end: a sitemap's beginning, or a page's, and then blanks
    /hang…     nothing, until the client goes
    others     a page, once its gate is open; until then the request is held
    """

    def __init__(self):
        self.asked = collections.Counter()  # URL -> requests
        self.live = collections.Counter()  # host -> requests that are held now
        self.twice = set()  # hosts that were asked by two at once
        self.open = False
        self.loop = asyncio.new_event_loop()
        self.changed = asyncio.Condition()
        started = threading.Event()
        self.thread = threading.Thread(target=self.serve, args=(started,), daemon=True)
        self.thread.start()
        started.wait()

    def serve(self, started):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.answer, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self.loop.run_forever()

    async def answer(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1]
            host = re.search(r"^host: *(\S+)", head, re.IGNORECASE | re.MULTILINE).group(1).lower()
            gone = asyncio.create_task(self.gone(reader))
            if path.startswith("/endless"):
                await self.endless(writer, path)
            elif path.startswith("/hang"):
                await gone
            else:
                await self.held(writer, host, path, gone)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def gone(self, reader):
        """The client sends nothing more: this ends when it goes."""
        try:
            await reader.read(1)
        except ConnectionError:
            pass

    async def endless(self, writer, path):
        kind, begin = ("application/xml", b"<urlset>") if path.endswith(".xml") else ("text/html", b"<title>x</title>")
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode() + begin)
        while not writer.is_closing():
            writer.write(b" " * 65_536)
            await writer.drain()

    async def held(self, writer, host, path, gone):
        self.asked[f"http://{host}{path}"] += 1
        # Who was told to end has gone before the next one comes; nginx may tell us a moment later.
        async with self.changed:
            try:
                await asyncio.wait_for(self.changed.wait_for(lambda: not self.live[host]), 5)
            except asyncio.TimeoutError:
                self.twice.add(host)
        self.live[host] += 1
        try:
            opened = asyncio.create_task(self.wait_until_open())
            await asyncio.wait({gone, opened}, return_when=asyncio.FIRST_COMPLETED)
            opened.cancel()
            if self.open and not gone.done():
                body = f"<title>{path}</title><p>{path.strip('/')}@{host}".encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        finally:
            self.live[host] -= 1
            async with self.changed:
                self.changed.notify_all()

    async def wait_until_open(self):
        async with self.changed:
            await self.changed.wait_for(lambda: self.open)

    def gate(self, is_open):
        async def turn():
            self.open = is_open
            async with self.changed:
                self.changed.notify_all()
        asyncio.run_coroutine_threadsafe(turn(), self.loop).result(60)

    def holds(self):
        """Hosts whose request is held now."""
        return {host for host, n in list(self.live.items()) if n}

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(60)
