import { PassThrough } from 'node:stream'

import { expect, test } from 'vitest'

import { OutputRecords } from '../../src/processes/output.ts'

async function records(...chunks: (string | Buffer)[]): Promise<string[]> {
  const seen: string[] = []
  const stream = new PassThrough()
  const output = new OutputRecords(stream, (text) => seen.push(text))
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await new Promise((resolve) => stream.once('end', resolve))
  output.flush()
  return seen
}

const TRACEBACK = [
  'Traceback (most recent call last):',
  '  File "app.py", line 1, in <module>',
  '    1 / 0',
  'ZeroDivisionError: division by zero',
].join('\n')

test('splits output into lines, however the bytes arrive', async () => {
  const text = Buffer.from('a\nbé\r\n\nc')
  const bytes = [...text].map((byte) => Buffer.from([byte]))
  expect(await records(text)).toEqual(['a', 'bé', 'c'])
  expect(await records(...bytes)).toEqual(['a', 'bé', 'c'])
})

test('keeps a traceback in one record, apart from the lines around it', async () => {
  expect(await records(`before\n${TRACEBACK}\nafter\n${TRACEBACK}\n`)).toEqual([
    'before',
    TRACEBACK,
    'after',
    TRACEBACK,
  ])
})

test('keeps chained exceptions together', async () => {
  const chained = `${TRACEBACK}\n\nDuring handling of the above exception, another exception occurred:\n\n${TRACEBACK}`
  expect(await records(`${chained}\nafter\n`)).toEqual([chained, 'after'])
})

test('keeps what faulthandler prints together', async () => {
  const dump =
    'Fatal Python error: Segmentation fault\n\nCurrent thread 0x1 (most recent call first):\n  File "a.py", line 1 in f'
  expect(await records(`${dump}\n`)).toEqual([dump])
})

test('tells tracebacks and crashes from other lines', async () => {
  const seen: boolean[] = []
  const stream = new PassThrough()
  const output = new OutputRecords(stream, (_, failed) => seen.push(failed))
  stream.end(`before\n${TRACEBACK}\nafter\nFatal Python error: Aborted\n`)
  await new Promise((resolve) => stream.once('end', resolve))
  output.flush()
  expect(seen).toEqual([false, true, false, true])
})

test('emits a traceback although nothing follows', async () => {
  const stream = new PassThrough()
  const record = new Promise<string>((resolve) => {
    void new OutputRecords(stream, resolve)
  })
  stream.write(`${TRACEBACK}\n`)
  expect(await record).toBe(TRACEBACK)
})

test('splits a line without end into pieces', async () => {
  const pieces = await records(Buffer.alloc(200_000, 'x'), '\n')
  expect(pieces.map((piece) => piece.length)).toEqual([65536, 65536, 65536, 3392])
})
