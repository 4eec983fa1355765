import { expect, test } from 'vitest'

import { createEmbeddedBackend } from '../../../src/backends/embedded/embedded-backend.ts'
import type { BackendLab, LabOptions } from '../../support/backend-lab.ts'
import { startLab } from '../../support/backend-lab.ts'
import { fetchRaw } from '../../support/raw-client.ts'

const start = (own: string, options?: LabOptions): Promise<BackendLab> =>
  startLab(createEmbeddedBackend, { threads: 0, own, ...options })

/** An ASGI application that answers with the result of `main`. */
function asgi(main: string, before = ''): string {
  return [
    'import asyncio, os, sys, threading, time, warnings',
    before,
    'async def main(scope):',
    main.replaceAll(/^/gm, '    '),
    'async def application(scope, receive, send):',
    '    if scope["type"] != "http":',
    '        raise RuntimeError("no lifespan")',
    '    text = str(await main(scope)).encode()',
    '    await send({"type": "http.response.start", "status": 200})',
    '    await send({"type": "http.response.body", "body": text})',
    '',
  ].join('\n')
}

const textOf = async (lab: BackendLab, path = '/lab/'): Promise<string> =>
  (await fetchRaw(lab.url, path)).text

test('timers fire in order, among them many at once', async () => {
  await using lab = await start(
    asgi(`order = []
async def note(n, delay):
    await asyncio.sleep(delay)
    order.append(n)
await asyncio.gather(note(3, 0.03), note(1, 0.01), note(2, 0.02), note(0, 0), *(note(4, 0.04) for _ in range(64)))
return order[:5] + [len(order)]`),
  )
  expect(await textOf(lab)).toBe('[0, 1, 2, 3, 4, 68]')
})

test.each([false, true])('callbacks have the handles of asyncio (debug: %s)', async (debug) => {
  await using lab = await start(
    asgi(`import contextvars
loop = asyncio.get_running_loop()
loop.set_debug(${debug ? 'True' : 'False'})
var = contextvars.ContextVar("var", default="none")
var.set("own")
other = contextvars.Context()
order = []
def note(*args):
    order.append((*args, var.get()))
soon = loop.call_soon(note, 1, 2)
loop.call_soon(note, 3, context=other)
loop.call_soon(note, "never").cancel()
late = loop.call_later(0.02, note, "late")
early = loop.call_later(0.01, note, "early")
at = loop.call_at(loop.time() + 0.015, note, "at", context=other)
gone = [loop.call_later(0.005, note, "never") for _ in range(300)]
for timer in gone:
    timer.cancel()
var.set("changed")
kinds = isinstance(soon, asyncio.Handle), isinstance(late, asyncio.TimerHandle), late.when() > early.when(), late > early >= early, early < at < late
told = []
loop.set_exception_handler(lambda loop, context: told.append(type(context["exception"]).__name__))
loop.call_soon(lambda: 1 / 0)
while len(order) < 5 or not told:
    await asyncio.sleep(0.001)
words = "note" in repr(soon), "note" in repr(late), gone[0].cancelled(), early.cancelled()
loop.set_debug(False)
return kinds, order, told, words`),
  )
  const order = `[(1, 2, 'own'), (3, 'none'), ('early', 'own'), ('at', 'none'), ('late', 'own')]`
  expect(await textOf(lab)).toBe(
    `((True, True, True, True, True), ${order}, ['ZeroDivisionError'], (True, True, True, False))`,
  )
})

test('work in threads comes back, also by call_soon_threadsafe', async () => {
  await using lab = await start(
    asgi(`loop = asyncio.get_running_loop()
name = await loop.run_in_executor(None, lambda: threading.current_thread().name)
future = loop.create_future()
thread = threading.Thread(target=lambda: (time.sleep(0.05), loop.call_soon_threadsafe(future.set_result, "set")))
thread.start()
return name.startswith("asyncio") or name, await future, await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(asyncio.sleep(0, "inner"), loop).result()), loop.is_running()`),
  )
  expect(await textOf(lab)).toBe("(True, 'set', 'inner', True)")
})

test('programs are run and waited for', async () => {
  await using lab = await start(
    asgi(`child = await asyncio.create_subprocess_exec("/bin/sh", "-c", "read line; echo got $line; exit 3", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
out, _ = await child.communicate(b"this\\n")
return out, child.returncode`),
  )
  for (let i = 0; i < 3; i++) expect(await textOf(lab)).toBe(String.raw`(b'got this\n', 3)`)
})

test('sockets work: streams, sock_connect, readers', async () => {
  await using lab = await start(
    asgi(`import socket
loop = asyncio.get_running_loop()
async def echo(reader, writer):
    while data := await reader.read(100000):
        writer.write(data)
        await writer.drain()
    writer.close()
server = await asyncio.start_server(echo, "127.0.0.1", 0)
address = server.sockets[0].getsockname()
reader, writer = await asyncio.open_connection(*address)
writer.write(b"x" * 3000000)
async def close():
    await writer.drain()
    writer.write_eof()
sender = loop.create_task(close())
size = len(await reader.read())
await sender
writer.close()
sock = socket.socket()
sock.setblocking(False)
await loop.sock_connect(sock, address)
await loop.sock_sendall(sock, b"hello")
answer = await loop.sock_recv(sock, 100)
sock.close()
server.close()
one, other = socket.socketpair()
seen = loop.create_future()
loop.add_reader(one, lambda: seen.done() or seen.set_result(one.recv(10)))
other.send(b"ping")
ping = await seen
loop.remove_reader(one)
one.close()
other.close()
return size, answer, ping`),
  )
  expect(await textOf(lab)).toBe("(3000000, b'hello', b'ping')")
})

test('signal handlers are refused with a warning', async () => {
  await using lab = await start(
    asgi(`import signal
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, print)
return [str(w.message) for w in caught]`),
  )
  expect(await textOf(lab)).toContain('is ignored: Node handles the signals')
})

test('imported modules find the loop, can run it, and may leave tasks', async () => {
  await using lab = await start(
    asgi(
      'return early, loop is asyncio.get_running_loop(), ticks > 2',
      `loop = asyncio.get_event_loop()
early = loop.run_until_complete(asyncio.sleep(0.01, "early"))
ticks = 0
async def tick():
    global ticks
    while True:
        ticks += 1
        await asyncio.sleep(0.005)
task = loop.create_task(tick())`,
    ),
  )
  await new Promise((resolve) => {
    setTimeout(resolve, 200)
  })
  expect(await textOf(lab)).toBe("('early', True, True)")
})

test('a WSGI application may run the loop of its thread, or its own', async () => {
  await using lab = await start(`import asyncio
async def main():
    await asyncio.sleep(0.01)
    return b"done"
loop = asyncio.get_event_loop()
def application(environ, start_response):
    start_response("200 OK", [])
    if environ["PATH_INFO"] == "/own":
        return [asyncio.run(main())]
    return [loop.run_until_complete(main())]
`)
  for (const path of ['/lab/', '/lab/own', '/lab/', '/lab/own'])
    expect(await textOf(lab, path)).toBe('done')
})

test('an idle loop is not polled', async () => {
  await using lab = await start(
    asgi(
      `loop = asyncio.get_running_loop()
count = turns[0]
if scope["path"].endswith("wait"):
    waiting.append(loop.create_task(asyncio.sleep(3600)))
return count`,
      `turns = [0]
waiting = []
loop = asyncio.get_event_loop()
run_once = loop._run_once
def counted():
    turns[0] += 1
    run_once()
loop._run_once = counted`,
    ),
  )
  await textOf(lab, '/lab/wait')
  const before = Number(await textOf(lab))
  await new Promise((resolve) => {
    setTimeout(resolve, 1000)
  })
  const after = Number(await textOf(lab))
  expect(after - before).toBeLessThan(20)
})

test('a task that raises SystemExit ends neither the loop nor the process', async () => {
  await using lab = await start(
    asgi(`async def leave():
    raise SystemExit(3)
task = asyncio.get_running_loop().create_task(leave())
await asyncio.sleep(0.02)
return "still here"`),
  )
  for (let i = 0; i < 2; i++) expect(await textOf(lab)).toBe('still here')
})

test('a coroutine may run the loop recursively, as nest_asyncio does, and stop() changes nothing', async () => {
  await using lab = await start(
    asgi(
      `async def inner():
    child = await asyncio.create_subprocess_exec("/bin/echo", "nested", stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    await asyncio.sleep(0.01)
    return out.decode().strip()
loop.stop()
await asyncio.sleep(0.01)
return run_within(inner()), await inner()`,
      `loop = asyncio.get_event_loop()
def run_within(coroutine):
    outer = asyncio.current_task()
    asyncio.tasks._leave_task(loop, outer)
    try:
        task = loop.create_task(coroutine)
        while not task.done():
            loop._run_once()
        return task.result()
    finally:
        asyncio.tasks._enter_task(loop, outer)`,
    ),
  )
  for (let i = 0; i < 2; i++) expect(await textOf(lab)).toBe("('nested', 'nested')")
})

test('an application that closes the loop is still served, and stops', async () => {
  const lab = await start(`import asyncio
loop = asyncio.get_event_loop()
loop.run_until_complete(asyncio.sleep(0))
loop.close()
def application(environ, start_response):
    asyncio.get_event_loop().run_until_complete(asyncio.sleep(0))
    asyncio.get_event_loop().close()
    start_response("200 OK", [])
    return [b"served"]
`)
  for (let i = 0; i < 2; i++) expect(await textOf(lab)).toBe('served')
  await lab.backend.stop()
  expect(lab.records.map(({ message }) => message).join(' ')).not.toContain('left behind')
  await lab[Symbol.asyncDispose]()
})

test('at the stop tasks are cancelled and generators closed; the next start has a new loop', async () => {
  const own = asgi(
    `open(os.environ["LAB_FOLDER"] + "/journal", "a").close()
def note(line):
    with open(os.environ["LAB_FOLDER"] + "/journal", "a") as journal:
        journal.write(line + "\\n")
async def forever():
    try:
        await asyncio.sleep(3600)
    finally:
        note("cancelled")
async def generator():
    try:
        yield 1
    finally:
        await asyncio.sleep(0)
        note("closed")
kept.append(asyncio.get_running_loop().create_task(forever()))
kept.append(generator())
await kept[-1].__anext__()
return "begun"`,
    'kept = []',
  )
  for (let i = 0; i < 3; i++) {
    const lab = await start(own)
    expect(await textOf(lab)).toBe('begun')
    await lab.backend.stop()
    expect(lab.journal().toSorted()).toEqual(['cancelled', 'closed'])
    await lab[Symbol.asyncDispose]()
  }
})

test('JavaScript runs while coroutines wait, and coroutines while JavaScript does', async () => {
  await using lab = await start(asgi('await asyncio.sleep(0.05)\nreturn "slept"'))
  const texts = await Promise.all(Array.from({ length: 64 }, () => textOf(lab)))
  expect(new Set(texts)).toEqual(new Set(['slept']))
})
