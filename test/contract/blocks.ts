import { expect, test } from 'vitest'

import type { BackendLab, LabOptions } from '../support/backend-lab.ts'
import { fetchRaw, openRaw, formatRequest } from '../support/raw-client.ts'

/** How an application sends its blocks. */
export type Giving = 'iterates' | 'writes'

// The client is a thread of Python, because Node's thread may be the one that runs the application.
const WITNESS = `
import os, socket, threading
seen = {b"one": threading.Event(), b"two": threading.Event()}

def watch(environ):
    client = socket.create_connection((environ["SERVER_NAME"], int(environ["SERVER_PORT"])))
    expects = "Expect: 100-continue\\r\\nContent-Length: 5\\r\\n" if environ["QUERY_STRING"] else ""
    client.sendall(f"POST /lab/blocks HTTP/1.1\\r\\nHost: a\\r\\n{expects}\\r\\n".encode())
    received = b""
    while b"end" not in received and (data := client.recv(65536)):
        received += data
        for word, event in seen.items():
            if word in received:
                event.set()
    client.close()
    told = "at once" if b"late" not in received else repr(received)
    with open(os.path.join(os.environ["LAB_FOLDER"], "journal"), "a") as journal:
        journal.write(f"{told}\\n")

def blocks():
    yield b"one"
    yield b"two" if seen[b"one"].wait(5) else b"late"
    yield b"end" if seen[b"two"].wait(5) else b"late end"

def application(environ, start_response):
    write = start_response("200 OK", [])
    if environ["PATH_INFO"] == "/watch":
        threading.Thread(target=watch, args=(environ.copy(),), daemon=True).start()
        return [b"watched"]
    return give(write)
`
const GIVE: Readonly<Record<Giving, string>> = {
  iterates: 'def give(write):\n    return blocks()\n',
  writes: 'def give(write):\n    for block in blocks():\n        write(block)\n    return []\n',
}

/** Tests of PEP 3333 for responses in blocks. `waits` are the ways that work while the request body is incomplete. */
export function testBlocks(
  start: (options?: LabOptions) => Promise<BackendLab>,
  { ways, waits }: { readonly ways: readonly Giving[]; readonly waits: readonly Giving[] },
): void {
  test.each([
    ...ways.map((giving) => ({ giving, body: 'no body', query: '' })),
    ...waits.map((giving) => ({ giving, body: 'a body to be pulled', query: '?pulled' })),
  ])(
    'an application that $giving, with $body: each block leaves before the next one is made',
    async ({ giving, query }) => {
      await using lab = await start({ own: `${WITNESS}\n${GIVE[giving]}` })
      await fetchRaw(lab.url, `/lab/watch${query}`)
      await lab.waitForEntry('at once')
    },
  )

  test.each([false, true])(
    'a half-closed client gets the whole answer (cancelOnDisconnect: %j)',
    async (cancelOnDisconnect) => {
      await using lab = await start({ cancelOnDisconnect })
      const connection = await openRaw(lab.url)
      connection.send(formatRequest({ target: '/lab/stream?n=200&size=10000&key=half' }))
      connection.finishSending()
      const response = await connection.readFinalResponse()
      expect([response.body.length, response.complete]).toEqual([2_000_000, true])
      connection.destroy()
    },
  )
}
