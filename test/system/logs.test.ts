import { describe, expect, test } from 'vitest'

import { fetchRaw, pollUntil } from '../support/raw-client.ts'
import type { RunningTaipan } from '../support/cli.ts'
import { app, createFolder, serve } from './command.ts'

const SPEAKING = app(`path = environ["PATH_INFO"]
if path == "/raise":
    def inner():
        raise LookupError("marker-of-traceback \\u20ac")
    inner()
print("marker-stdout")
print("marker-stderr", file=sys.stderr)
environ["wsgi.errors"].write("marker-errors\\n")
import logging
logging.getLogger("shop").warning("marker-logging")
return str(os.getpid())`)

type Line = Readonly<Record<string, unknown>>

function jsonLines(taipan: RunningTaipan): Line[] {
  return taipan.output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): Line => JSON.parse(line))
}

async function findLine(taipan: RunningTaipan, marker: string): Promise<Line> {
  return await pollUntil(
    () => jsonLines(taipan).find((line) => JSON.stringify(line).includes(marker)),
    `${marker} in the log`,
  )
}

/** Value of the first of these keys in the line. */
function pick(line: Line, names: readonly string[]): unknown {
  return names.map((name) => line[name]).find((value) => value !== undefined)
}

const REQUEST = ['request', 'requestId', 'request_id', 'reqId', 'id']

const SPEAKING_EARLY = `import os, subprocess
for number in range(200):
    print("print", number)
os.write(1, b"descriptor 1\\n")
async def application(scope, receive, send):
    while scope["type"] == "lifespan":
        await receive()
        os.write(2, b"descriptor 2\\n")
        subprocess.run(["echo", "child"], check=True)
        print("lifespan")
        await send({"type": "lifespan.startup.complete"})
`
const EARLY = ['print 0', 'print 199', 'descriptor 1', 'descriptor 2', 'child', 'lifespan']

const RECORDS = `import logging, os, sys, threading, traceback
shop = logging.getLogger("shop")
def speak():
    shop.warning("low stock of %s", "tea", extra={"order": 12, "level": "high", "rate": float("nan")})
    shop.info("not shown by Python")
    print("to stdout")
    print("to stderr", file=sys.stderr)
    try:
        {}["marker"]
    except KeyError:
        shop.exception("it failed")
        traceback.print_exc()
    thread = threading.Thread(target=shop.critical, args=("from a thread",))
    thread.start()
    thread.join()
    if os.fork() == 0:
        shop.warning("from a child")
        os._exit(0)
    os.wait()
`
const RECORDS_WSGI = `${RECORDS}
def application(environ, start_response):
    speak()
    start_response("200 OK", [])
    return [b"spoken"]
`
const RECORDS_ASGI = `${RECORDS}
import asyncio
async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    await asyncio.create_task(asyncio.sleep(0))
    speak()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"spoken"})
`

function lineOf(taipan: RunningTaipan, message: string): Line | undefined {
  return jsonLines(taipan).find(({ msg }) => String(msg).startsWith(message))
}

describe.each(['daemon', 'embedded'])('levels, engine %s', (engine) => {
  test.each([
    ['WSGI', RECORDS_WSGI],
    ['ASGI', RECORDS_ASGI],
  ])(
    'records of logging keep what they have, and prints have a level of their own, %s',
    async (_, text) => {
      await using folder = await createFolder({ 'app.py': text })
      const args = ['app.py', '-p', '1', '-e', engine, '--log-format', 'json']
      await using taipan = serve(folder, args)
      expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe('spoken')
      await taipan.waitForOutput(/from a child/)
      await taipan.waitForOutput(/from a thread/)
      const request = (await findLine(taipan, '"target"'))['request']
      const common = { request, worker: expect.any(String) }
      expect(lineOf(taipan, 'low stock')).toEqual({
        time: expect.any(String),
        ...common,
        level: 'warn',
        stream: 'logging',
        logger: 'shop',
        msg: 'low stock of tea',
        order: 12,
        level_: 'high',
        rate: 'nan',
      })
      expect(lineOf(taipan, 'not shown')).toBe(undefined)
      expect(lineOf(taipan, 'to stdout')).toMatchObject({
        ...common,
        level: 'output',
        stream: 'stdout',
      })
      expect(lineOf(taipan, 'to stderr')).toMatchObject({
        ...common,
        level: 'output',
        stream: 'stderr',
      })
      const failed = lineOf(taipan, 'it failed')
      expect(failed).toMatchObject({ ...common, level: 'error', logger: 'shop' })
      expect(failed?.['traceback']).toMatch(/^Traceback [^]*KeyError: 'marker'$/)
      expect(lineOf(taipan, 'Traceback')).toMatchObject({
        ...common,
        level: 'error',
        stream: 'stderr',
      })
      expect(lineOf(taipan, 'from a thread')).toMatchObject({
        level: 'error',
        levelname: 'CRITICAL',
      })
      expect(lineOf(taipan, 'WARNING:shop:from a child')).toMatchObject({ level: 'output' })
    },
  )

  test.each([
    ['warn', /low stock/],
    ['error', /to stderr/],
  ])('--log-level %s shows what is printed, and records from there', async (level, last) => {
    await using folder = await createFolder({ 'app.py': RECORDS_WSGI })
    await using taipan = serve(folder, ['app.py', '-p', '1', '-e', engine, '--log-level', level])
    await fetchRaw(await taipan.waitForUrl(), '/')
    await taipan.waitForOutput(/from a thread/)
    await taipan.waitForOutput(last)
    expect(taipan.output).toMatch(/\] to stdout$/m)
    expect(taipan.output).toMatch(/\] to stderr$/m)
    expect(taipan.output).toMatch(/\] error shop: it failed\nTraceback/)
    expect(/warning shop: low stock of tea order=12/.test(taipan.output)).toBe(level === 'warn')
  })

  test('what the application configures is printed once, as it says', async () => {
    const configured = `import logging
logging.warning("before")
logging.basicConfig(level=logging.INFO, format="mine %(message)s")
${app('logging.getLogger("shop").info("hello")\nreturn "x"')}`
    await using folder = await createFolder({ 'app.py': configured })
    await using taipan = serve(folder, ['app.py', '-p', '1', '-e', engine, '--log-format', 'json'])
    await fetchRaw(await taipan.waitForUrl(), '/')
    expect(await findLine(taipan, 'mine hello')).toMatchObject({
      level: 'output',
      stream: 'stderr',
    })
    expect(lineOf(taipan, 'before')).toMatchObject({ level: 'warn', logger: 'root' })
    await findLine(taipan, '"target"')
    expect(taipan.output.split('hello')).toHaveLength(2)
  })
})

describe.each(['daemon', 'embedded'])('a start, engine %s', (engine) => {
  test('says once what it loads with which Python, before anything else', async () => {
    await using folder = await createFolder({
      'app.py': app('return "x"'),
    })
    await using taipan = serve(folder, ['app.py', '-p', '2', '-e', engine, '--log-format', 'json'])
    await taipan.waitForUrl()
    const texts = jsonLines(taipan)
      .map(({ msg }) => String(msg))
      // Only root is told so.
      .filter((text) => !text.startsWith('running as root'))
    expect(texts[0]).toMatch(/^loading app\.py with \/\S+ \(3\.\d+\.\d+\)$/)
    expect(texts.filter((text) => text.startsWith('loading'))).toHaveLength(1)
    expect(
      taipan.output.split('\n').filter((line) => line !== '' && !line.startsWith('{')),
    ).toEqual([])
  })

  test('shows requests in the access format', async () => {
    await using folder = await createFolder({ 'app.py': app('return "x"') })
    const format = ['--access-format', '%h "%r" %>s %b %{application}x']
    await using taipan = serve(folder, ['app.py', '-e', engine, ...format])
    await fetchRaw(await taipan.waitForUrl(), '/path?x=1')
    await taipan.waitForOutput(/^127\.0\.0\.1 "GET \/path\?x=1 HTTP\/1\.1" 200 1 app\.py$/m)
  })

  test('shows the address of clients, and all fields in JSON whatever the access format', async () => {
    await using folder = await createFolder({ 'app.py': app('return "x"') })
    await using pretty = serve(folder, ['app.py', '-e', engine])
    await fetchRaw(await pretty.waitForUrl(), '/')
    await pretty.waitForOutput(/ 127\.0\.0\.1 GET \/ 200 1 B /)
    const args = ['--log-format', 'json', '--access-format', 'combined']
    await using json = serve(folder, ['app.py', '-e', engine, ...args])
    await fetchRaw(await json.waitForUrl(), '/')
    expect(await findLine(json, '"target"')).toMatchObject({ remote: '127.0.0.1', status: 200 })
  })

  test('that fails is told as JSON, too', async () => {
    await using folder = await createFolder({ 'app.py': 'raise LookupError("marker")' })
    await using taipan = serve(folder, ['app.py', '-e', engine, '--log-format', 'json'])
    expect((await taipan.waitForExit()).exitCode).toBe(3)
    const [error, ...others] = taipan.stderr.trim().split('\n')
    expect(others).toEqual([])
    expect(JSON.parse(error ?? '')).toMatchObject({
      level: 'error',
      code: 'APPLICATION_LOAD',
      exitCode: 3,
      msg: expect.stringContaining('LookupError: marker'),
      traceback: expect.stringContaining('Traceback'),
    })
  })
})

test('a start that lasts says every five seconds what it still loads', async () => {
  await using folder = await createFolder({
    'app.py': `import time\ntime.sleep(5.5)\n${app('return "x"')}`,
  })
  await using taipan = serve(folder, ['app.py', '-p', '2'])
  await taipan.waitForUrl()
  expect(taipan.output).toContain(
    'still loading app.py after 5 s: app.py line 2 is in time.sleep(5.5)',
  )
})

test.each([
  [['--log-format', 'json', '--zzz'], {}],
  [['--log-format=json', '-p', 'two'], {}],
  [['--zzz'], { TAIPAN_LOG_FORMAT: 'json' }],
  [['--access-format', '%Z', '--log-format', 'json'], {}],
])('a usage error is JSON where the log is: %j with %j', async (args, env) => {
  await using folder = await createFolder({ 'app.py': app('return "x"') })
  await using taipan = serve(folder, ['app.py', ...args], env)
  expect((await taipan.waitForExit()).exitCode).toBe(2)
  expect(JSON.parse(taipan.stderr)).toMatchObject({ level: 'error', code: 'USAGE', exitCode: 2 })
  expect(taipan.stdout).toBe('')
})

test('a failure is JSON where only the configuration file wants that', async () => {
  await using folder = await createFolder({
    'taipan.config.json': '{"app": "missing.py", "log": {"format": "json"}}',
  })
  await using taipan = serve(folder, [])
  await taipan.waitForExit()
  expect(JSON.parse(taipan.stderr)).toMatchObject({ level: 'error', code: 'APPLICATION_LOAD' })
})

describe('the log', () => {
  test.each(['daemon', 'embedded'])(
    'has the output of a start before the announcement, engine %s',
    async (engine) => {
      await using folder = await createFolder({ 'app.py': SPEAKING_EARLY })
      const args = ['app.py', '-p', '2', '-e', engine, '--log-format', 'json']
      await using taipan = serve(folder, args)
      await taipan.waitForUrl()
      const texts = taipan.output.split(/[^{]*"listening on/)[0] ?? ''
      for (const early of EARLY) expect(texts.split(`"${early}"`)).toHaveLength(3)
    },
  )

  test('stdout, stderr, wsgi.errors and logging carry worker and request id', async () => {
    await using folder = await createFolder({ 'app.py': SPEAKING })
    await using taipan = serve(folder, ['app.py', '-p', '1', '--log-format', 'json'])
    const pid = (await fetchRaw(await taipan.waitForUrl(), '/spoken')).text
    const access = await findLine(taipan, '/spoken')
    const id = pick(access, REQUEST)
    expect(typeof id).toBe('string')
    for (const marker of ['marker-stdout', 'marker-stderr', 'marker-errors', 'marker-logging']) {
      const line = await findLine(taipan, marker)
      expect(pick(line, REQUEST), marker).toBe(id)
      expect(String(line['worker']), marker).toContain(pid)
    }
  })

  test('one line per request: id, queue, Python, bytes, status, application, worker', async () => {
    await using folder = await createFolder({ 'app.py': SPEAKING })
    await using taipan = serve(folder, ['app.py', '-p', '1', '--log-format', 'json'])
    const url = await taipan.waitForUrl()
    const pid = (await fetchRaw(url, '/counted')).text
    const line = await findLine(taipan, '/counted')
    const text = JSON.stringify(line)
    expect(text).toContain('200')
    expect(text).toContain(pid)
    expect(Object.values(line)).toContain(pid.length)
    expect(
      jsonLines(taipan).filter((one) => JSON.stringify(one).includes('/counted')),
    ).toHaveLength(1)
    await fetchRaw(url, '/counted?secret=of-the-query')
    expect(pick(line, REQUEST)).not.toBe(undefined)
  })

  test('a traceback is complete, in one record, with its request id', async () => {
    await using folder = await createFolder({ 'app.py': SPEAKING })
    await using taipan = serve(folder, ['app.py', '-p', '1', '--log-format', 'json'])
    const response = await fetchRaw(await taipan.waitForUrl(), '/raise')
    expect(response.status).toBe(500)
    expect(response.text).not.toMatch(/marker|Traceback|LookupError/)
    const line = await findLine(taipan, 'marker-of-traceback')
    const text = JSON.stringify(line)
    expect(text).toMatch(/Traceback \(most recent call last\)/)
    expect(text).toMatch(/in inner/)
    expect(text).toMatch(/LookupError: marker-of-traceback \u20ac/)
    expect(text, "only the user's frames").not.toMatch(
      /taipan\/(wsgi|worker|loader|dispatch)|python\/taipan/,
    )
    const access = await pollUntil(
      () =>
        jsonLines(taipan).find(
          (one) => Object.values(one).includes('/raise') || String(one['msg']).includes('/raise'),
        ),
      'the access line',
    )
    expect(pick(line, REQUEST)).toBe(pick(access, REQUEST))
  })

  test('with --dev the client gets the traceback, escaped', async () => {
    await using folder = await createFolder({
      'app.py': app('raise LookupError("<script>marker</script>")'),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1', '--dev'])
    const response = await fetchRaw(await taipan.waitForUrl(), '/')
    expect(response.status).toBe(500)
    expect(response.text).toMatch(/LookupError/)
    expect(response.text).toMatch(/app\.py/)
    if (/html/.test(response.header('content-type') ?? ''))
      expect(response.text).not.toContain('<script>marker')
  })

  test('--no-access-log logs no successful request', async () => {
    await using folder = await createFolder({ 'app.py': app('return "x"') })
    await using taipan = serve(folder, ['app.py', '-p', '1', '--no-access-log'])
    const url = await taipan.waitForUrl()
    await fetchRaw(url, '/not-to-be-seen')
    taipan.kill('SIGTERM')
    await taipan.waitForExit()
    expect(taipan.output).not.toContain('/not-to-be-seen')
  })

  test('the last output before a death or a stop is not lost', async () => {
    await using folder = await createFolder({
      'app.py': app(
        'if environ["PATH_INFO"] == "/end":\n    sys.stdout.write("last words of a request\\n")\n    os._exit(5)\nreturn "x"',
        'import atexit\natexit.register(lambda: print("last words at exit"))',
      ),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    expect((await fetchRaw(await taipan.waitForUrl(), '/end')).status).toBe(502)
    await taipan.waitForOutput(/last words of a request/)
    // Answered by the new worker, whose atexit handlers are tested.
    expect((await fetchRaw(await taipan.waitForUrl(), '/')).status).toBe(200)
    taipan.kill('SIGTERM')
    await taipan.waitForExit()
    expect(taipan.output).toMatch(/last words at exit/)
  })

  test('a line break in a path does not forge a log line', async () => {
    await using folder = await createFolder({ 'app.py': app('return "x"') })
    await using taipan = serve(folder, ['app.py', '-p', '1', '--log-format', 'pretty'])
    await fetchRaw(await taipan.waitForUrl(), '/a%0aforged%1b[31m')
    await taipan.waitForOutput(/forged/)
    expect(taipan.output).not.toMatch(/^forged/m)
    expect(taipan.output).not.toContain('\u001b[31m/')
  })

  test('a huge line is not lost, and does not block the worker', async () => {
    await using folder = await createFolder({
      'app.py': app('print("x" * 3000000 + "end-of-line")\nreturn "printed"'),
    })
    await using taipan = serve(folder, ['app.py', '-p', '1'])
    expect((await fetchRaw(await taipan.waitForUrl(), '/')).text).toBe('printed')
    await taipan.waitForOutput(/end-of-line/)
  })
})
