"""Counts round trips: a proxy between a client and PostgreSQL that counts how often the client speaks after
the server has. Used in counting runs only; the timed ones go straight to the server."""
import asyncio
import threading


class Proxy:
    """Forwards 127.0.0.1:`port` to `target`, from construction until close()."""

    def __init__(self, target):
        self.target = target
        self.round_trips = 0
        self._tasks = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self):
        async def end():
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        spoke = {"last": "server"}
        try:
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self.target)
            await asyncio.gather(
                self._pump(reader, server_writer, "client", spoke),
                self._pump(server_reader, writer, "server", spoke),
            )
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(asyncio.current_task())

    async def _pump(self, reader, writer, who, spoke):
        try:
            while data := await reader.read(65536):
                if who == "client" and spoke["last"] == "server":
                    self.round_trips += 1
                spoke["last"] = who
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
