import { existsSync, readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import type { FrameHead } from '../../src/wire/frames.ts'
import { encodeControl, encodeFrame, FrameDecoder, FrameType } from '../../src/wire/frames.ts'

interface Seen {
  type: number
  flags: number
  tag: number
  payload: string
}

function collect(options = {}) {
  const seen: Seen[] = []
  const decoder = new FrameDecoder(
    {
      onFrame(head: FrameHead, chunk: Buffer, start: number, end: number) {
        const payload = chunk.toString('hex', start, end)
        seen.push({ type: head.type, flags: head.flags, tag: head.tag, payload })
      },
    },
    options,
  )
  return { seen, decoder }
}

const STREAM = Buffer.concat([
  encodeFrame(FrameType.PULL, 0, Buffer.from([1, 0, 0, 0])),
  encodeFrame(FrameType.FREE),
  encodeFrame(FrameType.DATA, 3, Buffer.from('hello')),
  encodeControl({ type: 'ping', id: 7 }),
])

const EXPECTED: Seen[] = [
  { type: 18, flags: 0, tag: 0, payload: '01000000' },
  { type: 20, flags: 0, tag: 0, payload: '' },
  { type: 17, flags: 3, tag: 0, payload: Buffer.from('hello').toString('hex') },
  { type: 32, flags: 0, tag: 0, payload: Buffer.from('{"type":"ping","id":7}').toString('hex') },
]

describe('FrameDecoder', () => {
  test('delivers frames that lie in one chunk', () => {
    const { seen, decoder } = collect()
    decoder.push(STREAM)
    expect(seen).toEqual(EXPECTED)
  })

  test('delivers the same frames however the bytes are cut', () => {
    for (let size = 1; size < STREAM.length; size++) {
      const { seen, decoder } = collect()
      for (let at = 0; at < STREAM.length; at += size) decoder.push(STREAM.subarray(at, at + size))
      expect(seen).toEqual(EXPECTED)
    }
  })

  test('delivers a frame inside one chunk without copying', () => {
    let same = false
    const chunk = encodeFrame(FrameType.HEAD, 0, Buffer.from('abc'))
    const decoder = new FrameDecoder({
      onFrame(_head, bytes) {
        same = bytes === chunk
      },
    })
    decoder.push(chunk)
    expect(same).toBe(true)
  })

  test('delivers a streamed type in pieces with the remaining length', () => {
    const pieces: [string, number][] = []
    const decoder = new FrameDecoder(
      {
        onFrame(head, chunk, start, end) {
          pieces.push([chunk.toString('latin1', start, end), head.remaining])
        },
      },
      { streamed: FrameType.DATA },
    )
    const frame = encodeFrame(FrameType.DATA, 1, Buffer.from('abcdef'))
    decoder.push(frame.subarray(0, 10))
    decoder.push(frame.subarray(10, 13))
    decoder.push(Buffer.concat([frame.subarray(13), encodeFrame(FrameType.FREE)]))
    expect(pieces).toEqual([
      ['ab', 4],
      ['cde', 1],
      ['f', 0],
      ['', 0],
    ])
  })

  test('refuses a payload over the limit as soon as its length is known', () => {
    const { decoder } = collect({ limit: 4 })
    expect(() => decoder.push(encodeFrame(FrameType.HEAD, 0, Buffer.alloc(5)))).toThrow('5 bytes')
    const { decoder: unlimited } = collect()
    const header = Buffer.from([17, 0, 0, 0, 1, 0, 0, 4])
    expect(() => unlimited.push(header)).toThrow('67108865 bytes')
  })

  test('delivers nothing after stop', () => {
    const seen: number[] = []
    const decoder: FrameDecoder = new FrameDecoder({
      onFrame(head) {
        seen.push(head.type)
        decoder.stop()
      },
    })
    decoder.push(STREAM)
    decoder.push(STREAM)
    expect(seen).toEqual([FrameType.PULL])
  })
})

interface FrameVector {
  name: string
  type: number
  flags: number
  tag: number
  payload_hex: string
  bytes_hex: string
}

const VECTORS = new URL('../vectors/frames.json', import.meta.url)

describe.skipIf(!existsSync(VECTORS))('the vectors shared with Python', () => {
  const vectors: { frames: FrameVector[] } = existsSync(VECTORS)
    ? JSON.parse(readFileSync(VECTORS, 'utf8'))
    : { frames: [] }

  test.each(vectors.frames)('$name', ({ type, flags, tag, payload_hex, bytes_hex }) => {
    const { seen, decoder } = collect()
    decoder.push(Buffer.from(bytes_hex, 'hex'))
    expect(seen).toEqual([{ type, flags, tag, payload: payload_hex }])
    if (tag === 0)
      expect(encodeFrame(type, flags, Buffer.from(payload_hex, 'hex')).toString('hex')).toBe(
        bytes_hex,
      )
  })
})
