import { afterEach, describe, expect, test } from 'vitest'

import type { RunningTaipan } from '../support/cli.ts'
import { createProject, type Project } from '../support/project.ts'
import { formatRequest, openRaw } from '../support/raw-client.ts'
import { endStarted, get, listReplicas, startReplicas } from '../support/replicas.ts'

const LIMIT_MS = 300

/** What holds its thread does so until the test has written the file. */
const HOLD = `
import os, time
GO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "go")
def sleep():
    while not os.path.exists(GO):
        time.sleep(0.01)
def spin():
    while not os.path.exists(GO):
        pass
`

const WSGI = `${HOLD}
def application(environ, start_response):
    path = environ.pop("PATH_INFO")
    if path == "/sleep":
        sleep()
    elif path == "/spin":
        spin()
    elif path == "/read":
        environ["wsgi.input"].read()
        sleep()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return blocks() if path == "/blocks" else [b"whole"]
def blocks():
    yield b"who"
    sleep()
    yield b"le"
`

const ASGI = `${HOLD}
import asyncio
async def application(scope, receive, send):
    if scope["path"] == "/first":
        sleep()
    elif scope["path"] == "/later":
        await asyncio.sleep(0.01)
        sleep()
    elif scope["path"] == "/callback":
        asyncio.get_running_loop().call_soon(sleep)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"whole"})
`

afterEach(endStarted)

function createHolding(app: string): Project {
  return createProject({
    'app.py': app,
    'taipan.config.json': JSON.stringify({ requestTimeout: `${LIMIT_MS}ms` }),
  })
}

async function start(project: Project): Promise<RunningTaipan> {
  const args = ['-e', 'embedded', '-b', '127.0.0.1:0', '--log-format', 'json', '--no-access-log']
  return await startReplicas(project, [...args, '--config', 'taipan.config.json'])
}

/** The first record about `holder`; waited for. On a busy machine others may hold Node's thread, too. */
async function readReport(taipan: RunningTaipan, holder: string): Promise<unknown> {
  const pattern = new RegExp(`^.*${holder} .*held Node's thread.*$`, 'm')
  return JSON.parse(await taipan.waitForOutput(pattern))
}

describe('what holds the thread of Node for too long', () => {
  test.each([
    ['/sleep', 'sleep'],
    ['/spin', 'spin'],
    ['/blocks', 'blocks'],
  ])('%s of a WSGI application is in the log while it does', async (target, frame) => {
    using project = createHolding(WSGI)
    const taipan = await start(project)
    using connection = await openRaw(taipan.url)
    connection.send(formatRequest())
    await connection.readResponse()
    connection.send(formatRequest({ target: `${target}?a=b` }))
    const report = await readReport(taipan, `GET ${target}\\)`)
    project.write('go', '')
    expect((await connection.readResponse()).text).toBe('whole')
    expect(report).toEqual({
      level: 'warn',
      time: expect.any(String),
      request: expect.any(String),
      application: 'app.py',
      age: expect.any(Number),
      worker: `web/${listReplicas(taipan)[0]}`,
      traceback: expect.stringMatching(
        new RegExp(`^Stack \\(most recent call last\\):\n[^]*app\\.py", line \\d+, in ${frame}\n`),
      ),
      msg: expect.stringMatching(
        new RegExp(
          `^request \\S+ \\(GET ${target}\\) of application app\\.py has held Node's thread for \\d+ ms \\(requestTimeout\\)$`,
        ),
      ),
    })
    expect(report).toSatisfy(({ age }: { age: number }) => age >= LIMIT_MS)
  })

  test('a request that had to wait for its body is in the log with the thread that it runs in', async () => {
    using project = createHolding(WSGI)
    const taipan = await start(project)
    using connection = await openRaw(taipan.url)
    connection.send(
      'POST /read HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n',
    )
    expect((await connection.readResponse()).status).toBe(100)
    connection.send('ok')
    const report = await readReport(taipan, 'POST /read\\)')
    project.write('go', '')
    expect((await connection.readResponse()).text).toBe('whole')
    expect(report).toMatchObject({
      traceback: expect.stringMatching(/app\.py", line \d+, in sleep\n/),
      msg: expect.stringContaining('(POST /read) of application app.py '),
    })
  })

  test.each(['/first', '/later'])('%s of an ASGI application is in the log', async (target) => {
    using project = createHolding(ASGI)
    const taipan = await start(project)
    const answer = get(taipan.url + target)
    const report = await readReport(taipan, `GET ${target}\\)`)
    project.write('go', '')
    expect(await answer).toBe('whole')
    expect(report).toMatchObject({
      application: 'app.py',
      traceback: expect.stringMatching(/in application\n[^]*app\.py", line \d+, in sleep\n/),
      msg: expect.stringContaining(`(GET ${target}) of application app.py `),
    })
  })

  test('a callback that belongs to no task is in the log without a request', async () => {
    using project = createHolding(ASGI)
    const taipan = await start(project)
    const answer = get(`${taipan.url}/callback`)
    const report = await readReport(taipan, 'in sleep\\b.*Python')
    project.write('go', '')
    expect(await answer).toBe('whole')
    expect(report).toMatchObject({
      traceback: expect.stringMatching(/app\.py", line \d+, in sleep\n/),
      msg: expect.stringMatching(/^Python has held Node's thread for \d+ ms/),
    })
    expect(report).not.toHaveProperty('request')
  })
})
