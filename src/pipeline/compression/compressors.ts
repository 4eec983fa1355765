import { Transform } from 'node:stream'
import * as zlib from 'node:zlib'

import type { Coding } from '../content-coding.ts'

/** Compresses a body: bytes written to it come out by `data`, and by `flush` those that it has kept back. */
export type Compressor = Transform & { flush(callback?: () => void): void }

/** One way to compress. */
export interface Method {
  /** Of a part of a body after the other; `isSparse`: few bytes at a time, for a long time. */
  create(isSparse: boolean): Compressor
  /** Of a whole small body. */
  compress(body: Uint8Array): Buffer
}

const { constants } = zlib

// Levels for content that is made for one request: the best ones of brotli take a hundred times as long.
const BROTLI = {
  params: {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: 4,
    // 256 KiB of memory for what can be referred to.
    [constants.BROTLI_PARAM_LGWIN]: 18,
  },
}
const GZIP = { level: 6 }
// 16 KiB for each of many streams that are silent most of the time.
const SPARSE_GZIP = { level: 6, windowBits: 12, memLevel: 4 }
const SPARSE_BROTLI = { params: { ...BROTLI.params, [constants.BROTLI_PARAM_LGWIN]: 12 } }

const METHODS: Readonly<Record<Coding['name'], Method | undefined>> = {
  br: {
    create: (isSparse) => zlib.createBrotliCompress(isSparse ? SPARSE_BROTLI : BROTLI),
    compress: (body) => zlib.brotliCompressSync(body, BROTLI),
  },
  zstd: findZstd(),
  gzip: {
    create: (isSparse) => zlib.createGzip(isSparse ? SPARSE_GZIP : GZIP),
    compress: (body) => zlib.gzipSync(body, GZIP),
  },
}

/** How this Node compresses by a coding; undefined if it cannot. */
export function findMethod(coding: Coding['name']): Method | undefined {
  return METHODS[coding]
}

/** Node has it from 22.15 and 23.8 on; its types are for older ones. */
function findZstd(): Method | undefined {
  const create: unknown = Reflect.get(zlib, 'createZstdCompress')
  const compress: unknown = Reflect.get(zlib, 'zstdCompressSync')
  if (typeof create !== 'function' || typeof compress !== 'function') return undefined
  return {
    create: () => {
      const made: unknown = Reflect.apply(create, zlib, [])
      if (isCompressor(made)) return made
      throw new TypeError('createZstdCompress() of node:zlib makes no stream')
    },
    compress: (body) => {
      const made: unknown = Reflect.apply(compress, zlib, [body])
      if (Buffer.isBuffer(made)) return made
      throw new TypeError('zstdCompressSync() of node:zlib makes no buffer')
    },
  }
}

function isCompressor(value: unknown): value is Compressor {
  return value instanceof Transform && 'flush' in value && typeof value.flush === 'function'
}
