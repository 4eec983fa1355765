import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import { createFolder, serve } from './command.ts'
import { InTerminal } from './in-terminal.ts'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const SERVE = ['serve', 'app.py', '-b', '127.0.0.1:0', '--dev']
const HASTE = '--timeout-request 300ms --timeout-ping 300ms --timeout-shutdown 300ms'.split(' ')

const WSGI = `
import pdb


def answer(name):
    text = f"hello {name}"
    breakpoint()
    return text


def application(environ, start_response):
    if environ["PATH_INFO"] == "/stop":
        text = answer("you")
    elif environ["PATH_INFO"] == "/pdb":
        text = "with pdb"
        pdb.set_trace()
    else:
        text = "others"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
`

const ASGI = `
async def application(scope, receive, send):
    assert scope["type"] == "http"
    text = "asgi"
    breakpoint()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": text.encode()})
`

describe('breakpoint() with --dev in a terminal', () => {
  test('stops, shows variables, and goes on; no time limit counts meanwhile', async () => {
    await using folder = await createFolder({ 'app.py': WSGI })
    using terminal = new InTerminal([MAIN, ...SERVE, ...HASTE], folder.path)
    const url = await terminal.find(/listening on (\S+)/)
    const held = fetchRaw(url, '/stop')
    await terminal.find(/(waits for you)/)
    await terminal.find(/(\(Pdb\) )/)
    // Others are answered, and logged on the same terminal.
    for (let i = 0; i < 10; i++) expect((await fetchRaw(url, '/')).text).toBe('others')
    terminal.type('p "text is " + text')
    await terminal.find(/(text is hello you)/)
    const begun = performance.now()
    await pollUntil(() => performance.now() - begun > 1500 || undefined, 'time to pass')
    terminal.type('text = "changed"')
    terminal.type('c')
    const response = await held
    expect([response.status, response.text]).toEqual([200, 'changed'])
    expect(terminal.output).not.toMatch(/was ended after|is killed|replac/)
    const second = fetchRaw(url, '/pdb')
    await terminal.find(/waits for you[^]*(waits for you)/)
    terminal.type('text = "twice"')
    terminal.type('n')
    terminal.type('c')
    expect((await second).text).toBe('twice')
    terminal.close()
    expect(await terminal.find(/ended with (\S+)/)).toBe('0')
  })

  test('ASGI, too; q ends the request', async () => {
    await using folder = await createFolder({ 'app.py': ASGI })
    using terminal = new InTerminal([MAIN, ...SERVE, ...HASTE], folder.path)
    const url = await terminal.find(/listening on (\S+)/)
    const first = fetchRaw(url, '/')
    await terminal.find(/(\(Pdb\) )/)
    terminal.type('text = "typed"')
    terminal.type('c')
    expect((await first).text).toBe('typed')
    const second = fetchRaw(url, '/')
    await terminal.find(/waits for you[^]*(waits for you)/)
    terminal.type('q')
    // Newer versions of Python ask whether that is meant.
    terminal.type('y')
    expect((await second).status).toBe(500)
  })
})

test.each(['daemon', 'embedded'])(
  'without a terminal breakpoint() is told in the log, and the request goes on (%s)',
  async (engine) => {
    await using folder = await createFolder({ 'app.py': WSGI })
    await using taipan = serve(folder, ['app.py', '--dev', '-e', engine])
    expect((await fetchRaw(await taipan.waitForUrl(), '/stop')).text).toBe('hello you')
    await taipan.waitForOutput(/breakpoint\(\) did not stop at \S+app\.py:\d+, because there is no/)
  },
)
