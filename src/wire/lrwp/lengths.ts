/** Digits of a length. */
export const LENGTH_DIGITS = 9
/** Most bytes of a part: what nine digits can tell. */
export const PART_LIMIT = 999_999_999

/** A length in nine digits. */
export function formatLength(length: number): string {
  return String(length).padStart(LENGTH_DIGITS, '0')
}

/** The length that nine digits tell; undefined if they are none. */
export function parseLength(digits: Buffer): number | undefined {
  const text = digits.toString('latin1')
  return /^\d{9}$/.test(text) ? Number(text) : undefined
}
