import { createHash } from 'node:crypto'

/** `count` pseudo-random bytes: they do not compress, contain every byte value, and are the same each time. */
export function bytesOf(count: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(count)
  let state = seed
  for (let index = 0; index < count; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[index] = state >>> 24
  }
  return bytes
}

/** The SHA-256 of bytes or text in hexadecimal, as Python's `hexdigest()` writes it. */
export function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex')
}
