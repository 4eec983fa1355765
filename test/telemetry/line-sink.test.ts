import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { LineSink } from '../../src/telemetry/line-sink.ts'
import { DEADLINE } from '../support/deadlines.ts'

const LOGGER = fileURLToPath(new URL('../../src/telemetry/logger.ts', import.meta.url))

let folder = ''
let descriptors: number[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taipan-log-'))
})

afterEach(() => {
  for (const fd of descriptors) closeSync(fd)
  descriptors = []
  rmSync(folder, { recursive: true })
})

function openFifo(): { readonly reader: number; readonly writer: number } {
  const path = join(folder, 'fifo')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  return { reader, writer }
}

function readAvailable(fd: number): string {
  const buffer = Buffer.alloc(1024 * 1024)
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer))
  } catch {
    return ''
  }
}

test('lines arrive in order, many in one write', async () => {
  const path = join(folder, 'log')
  const fd = openSync(path, 'w')
  descriptors.push(fd)
  const sink = new LineSink(fd)
  const lines = Array.from({ length: 1000 }, (_, index) => `line ${index} \u00e9\n`)
  for (const line of lines) sink.write(line)
  await sink.close()
  expect(readFileSync(path, 'utf8')).toBe(lines.join(''))
})

test('flush writes before it returns', () => {
  const path = join(folder, 'log')
  const fd = openSync(path, 'w')
  descriptors.push(fd)
  const sink = new LineSink(fd)
  sink.write('now\n')
  sink.flush()
  expect(readFileSync(path, 'utf8')).toBe('now\n')
})

test('a reader that does not read costs limited memory, and gets the number of lost lines', async () => {
  const { reader, writer } = openFifo()
  descriptors.push(reader, writer)
  const dropped: number[] = []
  const sink = new LineSink(writer, (count) => dropped.push(count))
  const line = `${'x'.repeat(64 * 1024 - 1)}\n`
  for (let i = 0; i < 400; i += 1) sink.write(line)
  let length = 0
  await vi.waitFor(
    async () => {
      length += readAvailable(reader).length
      await delay(1)
      expect(dropped.length).toBe(1)
    },
    { timeout: DEADLINE, interval: 1 },
  )
  expect(dropped[0]).toBeGreaterThan(200)
  await vi.waitFor(
    () => {
      length += readAvailable(reader).length
      expect(length + (dropped[0] ?? 0) * line.length).toBe(400 * line.length)
    },
    { timeout: DEADLINE, interval: 1 },
  )
  await sink.close()
})

test('a closed reader is not an error', async () => {
  const { reader, writer } = openFifo()
  descriptors.push(writer)
  closeSync(reader)
  const sink = new LineSink(writer)
  sink.write('lost\n')
  await sink.close()
  sink.write('lost, too\n')
  sink.flush()
})

function runProgram(code: string) {
  const program = `
    import { createJiti } from 'jiti'
    const { createLogger } = await createJiti(import.meta.url).import(${JSON.stringify(LOGGER)})
    ${code}`
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  return spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: DEADLINE,
  })
}

test('a process that exits at once loses no line', async () => {
  const child = runProgram(`
    const logger = createLogger({ level: 'info', format: 'json' })
    for (let i = 0; i < 5000; i += 1) logger.info({ i }, 'record')
    process.exit(0)`)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = await once(child, 'close')
  expect(code).toBe(0)
  const records = output.trimEnd().split('\n')
  expect(records.length).toBe(5000)
  expect(JSON.parse(records.at(-1) ?? '')).toMatchObject({ i: 4999 })
})

test('a process survives that its output is closed', async () => {
  const child = runProgram(`
    const logger = createLogger({ level: 'info', format: 'pretty' })
    const timer = setInterval(() => logger.info({}, 'still here'), 10)
    setTimeout(() => { clearInterval(timer); process.exitCode = 7 }, 1000)`)
  await once(child.stdout, 'data')
  child.stdout.destroy()
  const [code] = await once(child, 'exit')
  expect(code).toBe(7)
})

test('a process whose output nobody reads ends with its own exit code', async () => {
  const child = runProgram(`
    // As for the colours: from here on writes to the full pipe do not block.
    process.stdout.isTTY
    const logger = createLogger({ level: 'info', format: 'json' })
    for (let i = 0; i < 400; i += 1) logger.info({ text: 'x'.repeat(10000) }, 'record')
    await logger.close()
    process.exitCode = 7`)
  const [code] = await once(child, 'exit')
  expect(code).toBe(7)
})
