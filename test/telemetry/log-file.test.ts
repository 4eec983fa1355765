import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { LineSink } from '../../src/telemetry/line-sink.ts'
import { LogFile, type LogFileOptions } from '../../src/telemetry/log-file.ts'
import { DEADLINE } from '../support/deadlines.ts'

let folder = ''
let path = ''
let problems: string[] = []
let recoveries: string[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'taipan-log-'))
  path = join(folder, 'access.log')
  problems = []
  recoveries = []
})

afterEach(() => rmSync(folder, { recursive: true }))

function open(rotation?: LogFileOptions['rotation'], file = path): LogFile {
  return new LogFile({
    path: file,
    rotation,
    onProblem: (message) => problems.push(message),
    onRecovered: (message) => recoveries.push(message),
  })
}

/** All lines of the folder, in the order in which they were written. */
function readAll(): string {
  const aside = readdirSync(folder).filter((name) => name !== 'access.log')
  const rank = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0)
  aside.sort((one, other) => {
    const [first, second] = [one.slice(0, 30), other.slice(0, 30)]
    return first === second ? rank(one) - rank(other) : first.localeCompare(second)
  })
  return [...aside, 'access.log'].map((name) => readFileSync(join(folder, name), 'utf8')).join('')
}

function number(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `line ${index}\n`)
}

test('no line is lost when the file is renamed and opened anew while lines come', async () => {
  const file = open()
  const sink = new LineSink(file)
  const lines = number(5000)
  for (const [index, line] of lines.entries()) {
    sink.write(line)
    if (index % 500 === 250) {
      await sink.written()
      renameSync(path, join(folder, `access.log.${index}`))
      sink.write(`while renamed ${index}\n`)
      file.reopen()
    }
    if (index % 100 === 0) await nextTurn()
  }
  await sink.close()
  file.close()
  const names = readdirSync(folder)
  expect(names.length).toBe(11)
  const found = names.map((name) => readFileSync(join(folder, name), 'utf8')).join('')
  const kept = found.split('\n').filter((line) => line.startsWith('line'))
  expect(new Set(kept).size).toBe(5000)
  expect(problems).toEqual([])
})

describe('a file is put aside', () => {
  test('when it would have more bytes than it may, and the oldest are removed', async () => {
    const file = open({ size: 1000, every: undefined, keep: 3 })
    const sink = new LineSink(file)
    const lines = number(1000)
    for (const line of lines) {
      sink.write(line)
      if (line.endsWith('5\n')) await sink.written()
    }
    await sink.close()
    await vi.waitFor(() => expect(readdirSync(folder).length).toBe(4), { timeout: DEADLINE })
    file.close()
    for (const name of readdirSync(folder))
      expect(readFileSync(join(folder, name)).length).toBeLessThanOrEqual(1000)
    expect(lines.join('').endsWith(readAll())).toBe(true)
    expect(problems).toEqual([])
  })

  test('when its last line is of another day', async () => {
    writeFileSync(path, 'yesterday\n')
    const old = new Date(Date.now() - 30 * 3600 * 1000)
    utimesSync(path, old, old)
    const file = open({ size: 0, every: 86_400_000, keep: 7 })
    const sink = new LineSink(file)
    sink.write('today\n')
    await sink.written()
    sink.write('today, too\n')
    await sink.close()
    file.close()
    expect(readFileSync(path, 'utf8')).toBe('today\ntoday, too\n')
    expect(readdirSync(folder).length).toBe(2)
    expect(readAll()).toBe('yesterday\ntoday\ntoday, too\n')
  })

  test('under another name if one was put aside in the same second; other files are left alone', async () => {
    writeFileSync(join(folder, 'access.log.notes'), 'mine')
    writeFileSync(join(folder, 'other.log.2020-01-01T00-00-00'), 'mine')
    const file = open({ size: 1, every: undefined, keep: 2 })
    const sink = new LineSink(file)
    for (const line of number(20)) {
      sink.write(line)
      await sink.written()
    }
    await sink.close()
    await vi.waitFor(() => expect(readdirSync(folder).length).toBe(5), { timeout: DEADLINE })
    file.close()
    const own = readdirSync(folder).filter((name) => name.startsWith('access.log.2'))
    expect(own.map((name) => readFileSync(join(folder, name), 'utf8')).toSorted()).toEqual([
      'line 17\n',
      'line 18\n',
    ])
  })
})

describe.runIf(process.platform === 'linux')('a full disk', () => {
  test('is told once, and lines are kept until there is room', async () => {
    const file = open(undefined, '/dev/full')
    const sink = new LineSink(file)
    for (const line of number(100)) {
      sink.write(line)
      await nextTurn()
    }
    await vi.waitFor(() => expect(problems.length).toBe(1), { timeout: DEADLINE })
    expect(problems[0]).toContain('log file /dev/full cannot be written: ENOSPC')
    await sink.close()
    expect(problems.length).toBe(1)
    file.close()
  })
})

test('a file that cannot be opened is an error of the configuration', () => {
  expect(() => open(undefined, join(folder, 'nowhere/access.log'))).toThrow(
    /log\.access\.file: .*nowhere\/access\.log cannot be opened for writing: ENOENT/,
  )
})

test('a file that cannot be opened anew is used further', async () => {
  const file = open()
  const sink = new LineSink(file)
  renameSync(folder, `${folder}-moved`)
  file.reopen()
  sink.write('still\n')
  await sink.close()
  file.close()
  renameSync(`${folder}-moved`, folder)
  expect(readFileSync(path, 'utf8')).toBe('still\n')
  expect(problems[0]).toContain('cannot be opened again: ENOENT')
})
