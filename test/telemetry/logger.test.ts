import { describe, expect, test } from 'vitest'
import { createLogger, type LoggerOptions } from '../../src/telemetry/logger.ts'
import { resolveColors } from '../../src/telemetry/palette.ts'

const ACCESS = {
  request: 'r1',
  remote: '127.0.0.1',
  method: 'GET',
  target: '/path?x=1',
  version: '1.1',
  status: 200,
  bytes: 13,
  duration: 1.234,
  queued: 0.1,
  python: 0.912,
  application: 'shop',
  worker: 'web/1234',
}

function createMemoryLogger(options: Partial<LoggerOptions> = {}) {
  const written: string[] = []
  const destination = { write: (lines: string) => void written.push(lines) }
  const logger = createLogger({ level: 'info', format: 'pretty', destination, ...options })
  const lines = (): string[] => written.map((line) => line.replace(/^\d\d:\d\d:\d\d /, '<clock> '))
  const records = (): unknown[] => written.map((line): unknown => JSON.parse(line))
  return { logger, lines, records, written }
}

describe('pretty records', () => {
  test('show a request in one line', () => {
    const { logger, lines } = createMemoryLogger()
    logger.info(ACCESS, 'request')
    expect(lines()).toEqual([
      '<clock> 127.0.0.1 GET /path?x=1 200 13 B 1.2 ms (queued 0.1, python 0.9) web/1234 r1\n',
    ])
  })

  test('name the answerer when no Python ran', () => {
    const { logger, lines } = createMemoryLogger()
    logger.info({ ...ACCESS, worker: '', application: 'static', bytes: 12_345_678 }, 'request')
    expect(lines()).toEqual(['<clock> 127.0.0.1 GET /path?x=1 200 12.3 MB 1.2 ms static r1\n'])
  })

  test('say that a request was aborted, and why', () => {
    const { logger, lines } = createMemoryLogger()
    logger.info({ ...ACCESS, status: 0, bytes: 0, error: 'the client left' }, 'request')
    expect(lines()[0]).toContain(' aborted 0 B ')
    expect(lines()[0]).toContain(' r1 the client left\n')
  })

  test('contain no control characters of a client', () => {
    const { logger, lines } = createMemoryLogger()
    logger.info({ ...ACCESS, target: '/\x9b31m\x1b[2J' }, 'request')
    expect(lines()[0]).toContain('/\\x9b31m\\x1b[2J')
  })

  test('contain no control characters of another server', () => {
    const { logger, lines } = createMemoryLogger()
    logger.info({ upstream: 'u' }, '\x1b[2J\x9bPHP\tWarning:\n  again\r\0')
    expect(lines()).toEqual(['<clock> \\x1b[2J\\x9bPHP\tWarning:\n  again\\x0d\\x00 upstream=u\n'])
  })

  test('hold no line that looks like another record', () => {
    const { logger, lines } = createMemoryLogger()
    logger.error({ stream: 'log', worker: 'web/7' }, 'no user x\n12:00:00 127.0.0.1 GET / 200')
    logger.warn({}, 'the peer said: a\n12:00:00 b')
    expect(lines()).toEqual([
      '<clock> [web/7] error no user x\n    12:00:00 127.0.0.1 GET / 200\n',
      '<clock> warning the peer said: a\n    12:00:00 b\n',
    ])
  })

  test('show output of a worker with its origin and whole tracebacks', () => {
    const { logger, lines } = createMemoryLogger()
    logger.output({ stream: 'stdout', worker: 'web/1234', request: 'r1' }, 'hello')
    logger.error({ stream: 'stderr', worker: 'web/1234' }, 'Traceback:\n  File "x"\nError: no')
    logger.error(
      { stream: 'worker', worker: 'web/1234', request: 'r2', traceback: 'Traceback:\nKeyError\n' },
      'the application raised',
    )
    expect(lines()).toEqual([
      '<clock> [web/1234 r1] hello\n',
      '<clock> [web/1234] error Traceback:\n  File "x"\nError: no\n',
      '<clock> [web/1234 r2] error the application raised\nTraceback:\nKeyError\n',
    ])
  })

  test('append fields that the message does not contain', () => {
    const { logger, lines } = createMemoryLogger()
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    logger.warn(
      { worker: 'web/1', code: 9, reason: 'a b', nothing: undefined },
      'worker web/1 died',
    )
    logger.error({ err: new Error('the cause') }, 'failed')
    logger.info({ cyclic }, 'odd')
    expect(lines()).toEqual([
      '<clock> warning worker web/1 died code=9 reason="a b"\n',
      '<clock> error failed\nthe cause\n',
      '<clock> odd cyclic=[object Object]\n',
    ])
  })

  test.each([
    ['on port 8000', { threads: 0 }, ' threads=0'],
    ['0 threads, 1 process, exit code 9', { threads: 0, processes: 1, exitCode: 9 }, ''],
    ['Python 3.12.3', { python: '3.12.3' }, ''],
    ['Python 3.12.3', { python: '3.12' }, ' python=3.12'],
    ['app.py has changed', { application: 'app' }, ' application=app'],
    ['app: WSGI application', { application: 'app', interface: 'wsgi' }, ''],
    ['a socket', { name: 'a' }, ' name=a'],
    ['it is true', { retries: true }, ' retries=true'],
    ['x', { text: '', control: '\x1b[2J\x9b' }, ' text="" control="\\u001b[2J\\x9b"'],
  ])('of %j with %j end with %j', (message, fields, end) => {
    const { logger, lines } = createMemoryLogger()
    logger.info(fields, message)
    expect(lines()).toEqual([`<clock> ${message}${end}\n`])
  })

  test('show a record of logging with its logger and all of its fields', () => {
    const { logger, lines } = createMemoryLogger()
    const common = { stream: 'logging', logger: 'shop', worker: 'web/1', request: 'r1' }
    logger.warn({ ...common, order: 12, none: null, status: 200, method: 'GET' }, 'order 12')
    expect(lines()).toEqual([
      '<clock> [web/1 r1] warning shop: order 12 order=12 none=null status=200 method=GET\n',
    ])
  })

  test('show values of several lines below', () => {
    const { logger, lines } = createMemoryLogger()
    const facts = { worker: 'web/1', exitCode: null, signal: 'SIGKILL', requests: [] }
    logger.error({ ...facts, lastOutput: ['one', 'two\nlines'] }, 'worker web/1 ended with SIGKILL')
    expect(lines()).toEqual([
      '<clock> error worker web/1 ended with SIGKILL\n  lastOutput:\n    one\n    two\n    lines\n',
    ])
  })

  test('are coloured when asked for', () => {
    const { logger, written } = createMemoryLogger({ colors: true })
    logger.info(ACCESS, 'request')
    expect(written[0]).toContain('\x1b[32m200\x1b[0m')
    logger.info({ ...ACCESS, remote: '' }, 'request')
    expect(written[1]).toContain('\x1b[2m-\x1b')
    // oxlint-disable-next-line no-control-regex
    expect(written.join('')).not.toMatch(/\x1b\[\d+m\x1b\[0m/)
  })
})

describe('JSON records', () => {
  test('are one object per line, with time, level, message and fields', () => {
    const { logger, records, written } = createMemoryLogger({ format: 'json' })
    logger.info(ACCESS, 'request')
    logger.warn({ traceback: 'a\nb' }, 'two\nlines')
    logger.output({}, 'printed')
    expect(records()).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        level: 'info',
        msg: 'request',
        ...ACCESS,
      },
      { time: expect.any(String), level: 'warn', msg: 'two\nlines', traceback: 'a\nb' },
      { time: expect.any(String), level: 'output', msg: 'printed' },
    ])
    expect(written.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true)
  })
})

describe('levels', () => {
  test.each([
    ['debug', 5],
    ['info', 4],
    ['warn', 3],
    ['error', 2],
    ['silent', 0],
  ] as const)('%s writes %i of five records', (level, count) => {
    for (const format of ['pretty', 'json'] as const) {
      const { logger, written } = createMemoryLogger({ level, format })
      logger.debug({}, 'a')
      logger.info({}, 'b')
      logger.warn({}, 'c')
      logger.error({}, 'd')
      logger.output({}, 'e')
      expect(written.length).toBe(count)
      expect(logger.isEnabled('info')).toBe(count >= 4)
    }
  })

  test('do not suppress announcements', () => {
    const pretty = createMemoryLogger({ level: 'error' })
    pretty.logger.announce('listening on http://127.0.0.1:8000', { url: 'http://127.0.0.1:8000' })
    expect(pretty.written).toEqual(['listening on http://127.0.0.1:8000\n'])
    const json = createMemoryLogger({ level: 'silent', format: 'json' })
    json.logger.announce('listening on http://127.0.0.1:8000', { url: 'http://127.0.0.1:8000' })
    expect(json.records()).toEqual([
      expect.objectContaining({
        level: 'info',
        msg: 'listening on http://127.0.0.1:8000',
        url: 'http://127.0.0.1:8000',
      }),
    ])
  })
})

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ NODE_DISABLE_COLORS: '1' }, true, false],
  [{ TERM: 'dumb' }, true, false],
  [{ FORCE_COLOR: '' }, false, true],
  [{ FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' }, false, true],
  [{ FORCE_COLOR: 'true' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: 'false' }, true, false],
])('colours with %j on a terminal (%j): %j', (environment, terminal, colors) => {
  expect(resolveColors(environment, terminal)).toBe(colors)
})
