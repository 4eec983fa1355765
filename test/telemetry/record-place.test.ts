import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

import { describe, expect, test } from 'vitest'

import { createLogger, type ServerLogger } from '../../src/telemetry/logger.ts'
import { parseLogPlace } from '../../src/telemetry/log-place.ts'
import { openRecordPlace } from '../../src/telemetry/record-place.ts'
import { createProject } from '../support/project.ts'

/** Prints each datagram as a line of hexadecimal digits; begins to read when it gets a line. */
const RECEIVER = `
import socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("bound", flush=True)
sys.stdin.readline()
while True:
    data = receiver.recv(1 << 20)
    print(data.hex(), flush=True)
    if b"the last" in data or b"dropped=" in data:
        break
`

class Receiver implements Disposable {
  readonly #child: ChildProcess
  #output = ''

  private constructor(path: string) {
    this.#child = spawn('python3', ['-c', RECEIVER, path], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout?.on('data', (text: Buffer) => {
      this.#output += text.toString()
    })
  }

  static async start(path: string): Promise<Receiver> {
    const receiver = new Receiver(path)
    if (receiver.#child.stdout !== null) await once(receiver.#child.stdout, 'data')
    return receiver
  }

  /** What has come until the last record. */
  async readAll(): Promise<Buffer[]> {
    this.#child.stdin?.write('go\n')
    await once(this.#child, 'close')
    return this.#output
      .split('\n')
      .slice(1, -1)
      .map((line) => Buffer.from(line, 'hex'))
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }
}

async function openLogger(place: string): Promise<ServerLogger> {
  const parsed = parseLogPlace(place)
  if (parsed.kind === 'descriptor') throw new Error('takes lines')
  const destination = await openRecordPlace(parsed)
  return createLogger({ level: 'info', format: 'pretty', destination })
}

const ACCESS = {
  request: 'a-1',
  remote: '127.0.0.1',
  method: 'GET',
  target: '/x',
  version: '1.1',
  status: 200,
  bytes: 5,
  duration: 1.25,
  queued: 0,
  python: 1,
  application: 'app',
  worker: 'web/7',
}

describe.runIf(process.platform === 'linux')('records', () => {
  test('reach journald with their fields', async () => {
    using project = createProject({})
    const path = project.path('journal')
    using receiver = await Receiver.start(path)
    const logger = await openLogger(`journald:${path}`)
    logger.debug({}, 'not shown')
    logger.info(ACCESS, 'request')
    logger.error({ exitCode: 3, traceback: 'Traceback:\n  line\n' }, 'it failed')
    logger.warn({ long: 'x'.repeat(100_000) }, 'the last')
    const [access, failure, last] = await receiver.readAll()
    const lines = access?.toString().split('\n')
    expect(lines).toContain('PRIORITY=6')
    expect(lines).toContain('SYSLOG_IDENTIFIER=taipan')
    expect(lines).toContain(
      'MESSAGE=127.0.0.1 GET /x 200 5 B 1.3 ms (queued 0, python 1) web/7 a-1',
    )
    expect(lines).toContain('TAIPAN_STATUS=200')
    expect(lines).toContain('TAIPAN_REQUEST=a-1')
    const text = failure?.toString('latin1') ?? ''
    expect(text).toContain('PRIORITY=3\n')
    expect(text).toContain('TAIPAN_EXIT_CODE=3\n')
    expect(text).toContain(`TAIPAN_TRACEBACK\n\x12${'\0'.repeat(7)}Traceback:\n  line\n\n`)
    expect(last?.length).toBeLessThan(60_000)
    await logger.close()
  })

  test('reach a local syslog as lines', async () => {
    using project = createProject({})
    const path = project.path('log')
    using receiver = await Receiver.start(path)
    const logger = await openLogger(`syslog:${path}?facility=local1`)
    logger.warn({ worker: 'web/7' }, 'first\nsecond')
    logger.error({}, 'the last')
    const [first, last] = (await receiver.readAll()).map(String)
    expect(first).toMatch(
      /^<140>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d taipan\[\d+\]: first\\nsecond worker="web\/7"$/,
    )
    expect(last).toMatch(/^<139>.*the last$/)
    await logger.close()
  })

  test('wait for a receiver that is behind, up to a bound, and what is lost is told', async () => {
    using project = createProject({})
    const path = project.path('log')
    using receiver = await Receiver.start(path)
    const logger = await openLogger(`syslog:${path}`)
    for (let index = 0; index < 4000; index += 1) logger.info({}, `record ${index}`)
    const reading = receiver.readAll()
    const found = (await reading).map(String)
    const dropped = found.map((line) => /dropped="(\d+)"/.exec(line)?.[1]).find(Boolean)
    const kept = found.filter((line) => /record \d+$/.test(line)).length
    expect(kept).toBeGreaterThanOrEqual(2000)
    expect(kept + Number(dropped)).toBe(4000)
    await logger.close()
  })

  test('need a receiver at the start', async () => {
    await expect(openLogger('syslog:/nowhere/log')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('/nowhere/log'),
    })
  })
})

test('records reach a syslog of the network with their fields as structured data', async () => {
  const receiver = createSocket('udp4')
  receiver.bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const arrived = once(receiver, 'message')
  const logger = await openLogger(`syslog://127.0.0.1:${receiver.address().port}?facility=user`)
  logger.error({ file: 'a"b]c\\d' }, 'it failed')
  const [message] = await arrived
  expect(String(message)).toMatch(
    /^<11>1 \d{4}-\d\d-\d\dT[\d:.]+Z \S+ taipan \d+ - \[taipan@32473 file="a\\"b\\\]c\\\\d"\] it failed$/,
  )
  await logger.close()
  receiver.close()
})

test.each([
  ['', 'expected'],
  ['syslog:relative', 'syslog:/dev/log'],
  ['syslog://host:99999', 'syslog://host:514'],
  ['syslog?facility=nothing', 'local7'],
  ['journal', 'journald'],
])('the place "%s" is refused', (place, named) => {
  expect(() => parseLogPlace(place)).toThrow(place === '' ? undefined : named)
})

test.each([
  ['syslog', { kind: 'syslog', path: '/dev/log', facility: 3 }],
  ['syslog?facility=cron', { kind: 'syslog', path: '/dev/log', facility: 9 }],
  ['syslog://[::1]', { kind: 'remote-syslog', host: '::1', port: 514, facility: 3 }],
  ['journald', { kind: 'journald', path: '/run/systemd/journal/socket' }],
])('the place %s is understood', (place, parsed) => {
  expect(parseLogPlace(place)).toEqual(parsed)
})
