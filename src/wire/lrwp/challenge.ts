import { timingSafeEqual } from 'node:crypto'
import { LENGTH_DIGITS, formatLength } from './lengths.ts'

/** Asks a peer of version 2 for its passphrase. `challenge` is 32 random bytes. */
export function formatChallenge(challenge: Uint8Array): Buffer {
  const length = formatLength(challenge.length)
  return Buffer.concat([Buffer.from(`CHALLENGE\xff${length}`, 'latin1'), challenge])
}

/** What a peer answers that knows the passphrase: its length, and the bytes of the challenge, changed by those of the passphrase. */
export function formatProof(challenge: Uint8Array, passphrase: string): Buffer {
  const key = Buffer.from(passphrase, 'utf8')
  const proof = challenge.map((byte, index) => byte ^ (key[index % key.length] ?? 0))
  return Buffer.concat([Buffer.from(formatLength(proof.length)), proof])
}

/** Bytes of a proof for a challenge of `length` bytes. */
export function countProofBytes(length: number): number {
  return LENGTH_DIGITS + length
}

/** Whether these bytes, which may be more or less, are that answer. */
export function isProof(answer: Buffer, challenge: Uint8Array, passphrase: string): boolean {
  const expected = formatProof(challenge, passphrase)
  return answer.length === expected.length && timingSafeEqual(answer, expected)
}
