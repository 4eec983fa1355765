import { TAG } from './tags.ts'

/** A value in DER: its tag, its length and what is in it. */
export function encodeDer(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...encodeLength(content.length)]), content])
}

/** A SEQUENCE of values. */
export function encodeSequence(...values: readonly Uint8Array[]): Buffer {
  return encodeDer(TAG.SEQUENCE, ...values)
}

/** An INTEGER that is not negative, of bytes with the highest one first. */
export function encodeUnsigned(bytes: Uint8Array): Buffer {
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0
  return encodeDer(TAG.INTEGER, Buffer.from(isNegative ? [0] : []), bytes)
}

/** An OBJECT IDENTIFIER such as `2.5.4.3`. */
export function encodeOid(text: string): Buffer {
  const [first = 0, second = 0, ...others] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...others].flatMap(encodeArc)
  return encodeDer(TAG.OID, Buffer.from(bytes))
}

/** A BIT STRING of whole bytes. */
export function encodeBits(bytes: Uint8Array, unused = 0): Buffer {
  return encodeDer(TAG.BIT_STRING, Buffer.from([unused]), bytes)
}

/** A moment, to the second, in the form that its year asks for (RFC 5280, 4.1.2.5). */
export function encodeTime(time: Date): Buffer {
  const digits = time.toISOString().slice(0, 19).replaceAll(/\D/g, '')
  const isShort = time.getUTCFullYear() < 2050
  return encodeDer(
    isShort ? TAG.UTC_TIME : TAG.GENERALIZED_TIME,
    Buffer.from(`${isShort ? digits.slice(2) : digits}Z`),
  )
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length]
  const bytes: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff)
  return [0x80 | bytes.length, ...bytes]
}

function encodeArc(arc: number): number[] {
  const bytes = [arc & 0x7f]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift(0x80 | (rest & 0x7f))
  return bytes
}
