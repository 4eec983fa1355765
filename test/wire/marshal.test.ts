import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { CgiName } from '../../src/wire/cgi-names.ts'
import { MarshalWriter } from '../../src/wire/marshal.ts'

function writeRequest(
  application: number,
  environ: readonly (readonly [string, string])[],
  body: Uint8Array | null,
): Buffer {
  const writer = new MarshalWriter()
  writer.clear()
  writer.tuple(3)
  writer.int(application)
  writer.dict()
  for (const [name, value] of environ) writer.variable(new CgiName(name), value)
  writer.endDict()
  if (body === null) writer.none()
  else writer.bytes(body)
  return writer.view()
}

const READ = `
import json, marshal, sys
answers = []
for line in sys.stdin:
    index, environ, body = marshal.loads(bytes.fromhex(line))
    assert type(environ) is dict and type(index) is int
    assert all(type(x) is str for pair in environ.items() for x in pair)
    answers.append([index, list(environ.items()), None if body is None else body.hex()])
print(json.dumps(answers))
`

/** The payloads as Python's own marshal reads them. */
function readInPython(payloads: readonly Buffer[]): unknown {
  const input = payloads.map((payload) => payload.toString('hex')).join('\n')
  return JSON.parse(execFileSync('python3', ['-c', READ], { input, encoding: 'utf8' }))
}

const latin1 = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 400,
})

describe('MarshalWriter', () => {
  test('writes what Python reads as the same values', () => {
    const environ = fc
      .dictionary(fc.stringMatching(/^[A-Z_.]{1,30}$/), latin1, { maxKeys: 30 })
      .map((values) => Object.entries(values))
    const body = fc.option(fc.uint8Array({ maxLength: 9000 }))
    const requests = fc.sample(fc.tuple(fc.nat(2 ** 31 - 1), environ, body), {
      numRuns: 200,
      seed: 1,
    })
    const payloads = requests.map(([application, variables, bytes]) =>
      writeRequest(application, variables, bytes),
    )
    expect(readInPython(payloads)).toEqual(
      requests.map(([application, variables, bytes]) => [
        application,
        variables,
        bytes === null ? null : Buffer.from(bytes).toString('hex'),
      ]),
    )
  })

  test('grows beyond its first buffer and writes long strings and keys', () => {
    const long = 'é'.repeat(70_000)
    const key = 'K'.repeat(300)
    expect(readInPython([writeRequest(1, [[key, long]], Buffer.alloc(0))])).toEqual([
      [1, [[key, long]], ''],
    ])
  })

  test('continues after skipped room', () => {
    const writer = new MarshalWriter()
    writer.skip(8)
    writer.int(5)
    writer.clear()
    expect(writer.skip(8)).toBe(0)
    writer.int(6)
    expect(writer.view().subarray(8).toString('hex')).toBe('6906000000')
  })
})

interface MarshalVector {
  name: string
  application: number
  environ: Record<string, string>
  body: string | null
  bytes_hex: string
}

const VECTORS = new URL('../vectors/frames.json', import.meta.url)

describe.skipIf(!existsSync(VECTORS))('the vectors shared with Python', () => {
  const vectors: { marshal: MarshalVector[] } = existsSync(VECTORS)
    ? JSON.parse(readFileSync(VECTORS, 'utf8'))
    : { marshal: [] }

  test.each(vectors.marshal)('$name', ({ application, environ, body, bytes_hex }) => {
    const bytes = body === null ? null : Buffer.from(body, 'latin1')
    const written = writeRequest(application, Object.entries(environ), bytes)
    expect(written.toString('hex')).toBe(bytes_hex)
  })
})
