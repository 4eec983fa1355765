import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import { ProcessLog } from '../../src/processes/process-log.ts'

const CRASH = 'Fatal Python error: Segmentation fault'
const TRACEBACK = 'Traceback (most recent call last):\n  File "app.py", line 1\nValueError'

/** The log of a process, and what it has written. */
function openLog(): { log: ProcessLog; stderr: PassThrough; written: string[] } {
  const written: string[] = []
  const write = (_fields: object, message: string): void => void written.push(message)
  const logger = { debug: write, output: write, info: write, warn: write, error: write }
  const stderr = new PassThrough()
  const log = new ProcessLog(logger, 'web/1', [{ name: 'stderr', stream: stderr }])
  return { log, stderr, written }
}

async function print(stderr: PassThrough, text: string): Promise<void> {
  stderr.write(text)
  await new Promise(setImmediate)
}

test('leaves the report of a crash during the start to the report of the failed start', async () => {
  const { log, stderr, written } = openLog()
  await print(stderr, `before\n${CRASH}\n`)
  log.flush()
  expect(log.takeLast()).toEqual(['before', CRASH])
  log.release()
  expect(written).toEqual(['before'])
})

test('writes it when the process has started, or has failed by something else', async () => {
  const { log, stderr, written } = openLog()
  await print(stderr, `${CRASH}\n`)
  log.flush()
  expect(written).toEqual([])
  log.release()
  expect(written).toEqual([CRASH])
  await print(stderr, `${CRASH}\n`)
  log.flush()
  expect(written).toEqual([CRASH, CRASH])
})

test('writes a traceback before what is printed or logged after it', async () => {
  const { log, stderr, written } = openLog()
  await print(stderr, `${TRACEBACK}\nafter\n${TRACEBACK}\n`)
  log.flush()
  expect(written).toEqual([TRACEBACK, 'after'])
  log.take({
    level: 'info',
    stream: 'stdout',
    text: 'logged',
    request: undefined,
    traceback: undefined,
    logger: undefined,
    fields: {},
  })
  expect(written).toEqual([TRACEBACK, 'after', TRACEBACK, 'logged'])
})

test('keeps the report of a crash that was asked for, without writing it', async () => {
  const { log, stderr, written } = openLog()
  log.release()
  log.expectCrash()
  await print(stderr, `before\n${CRASH}\n`)
  log.flush()
  expect([written, log.crash]).toEqual([['before'], CRASH])
})
