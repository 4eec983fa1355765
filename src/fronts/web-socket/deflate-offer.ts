import { isToken } from '../../core/field-syntax.ts'
import { trimOws } from '../../core/ows.ts'
import { splitList } from '../../wire/http1/list.ts'
import { createMalformed } from '../../wire/http1/malformed.ts'

/** 4 KiB windows: a socket with compression needs about 60 KiB instead of 300. */
const WINDOW_BITS = 12
// zlib silently uses 9 for 8.
const LEAST_WINDOW_BITS = 9
const MOST_WINDOW_BITS = 15

const PARAMETER = /^([^\t ="]+)(?:[\t ]*=[\t ]*(?:"([^"\\]*)"|([^\t "]+)))?$/

interface Parameter {
  readonly name: string
  readonly value: string | undefined
}

/**
 * Selects from the extensions that a client offers (RFC 7692, 7.1): the first acceptable permessage-deflate, with the
 * window sizes to use. Empty for none; throws for an invalid field.
 */
export function negotiateDeflate(offers: string | undefined): string {
  if (offers === undefined) return ''
  let chosen = ''
  const elements = splitList(offers)
  if (elements.length === 0) throw createMalformed('Sec-WebSocket-Extensions is empty')
  for (const offer of elements) {
    const [name = '', ...parameters] = offer.split(';').map(trimOws)
    if (!isToken(name)) throw createMalformed('Sec-WebSocket-Extensions is not a list of names')
    const parsed = parameters.map(parseParameter)
    if (chosen === '' && name === 'permessage-deflate') chosen = formatAnswer(parsed)
  }
  return chosen
}

function parseParameter(text: string): Parameter {
  const match = PARAMETER.exec(text)
  const [, name = '', quoted, plain] = match ?? []
  if (!isToken(name) || (plain !== undefined && !isToken(plain)))
    throw createMalformed('Sec-WebSocket-Extensions has a broken parameter')
  return { name, value: quoted ?? plain }
}

/** Empty if the offer must be declined. */
function formatAnswer(parameters: readonly Parameter[]): string {
  const names = new Set(parameters.map((parameter) => parameter.name))
  if (names.size < parameters.length) return ''
  let serverBits = WINDOW_BITS
  let rest = ''
  for (const { name, value } of parameters) {
    if (name === 'server_no_context_takeover' || name === 'client_no_context_takeover') {
      if (value !== undefined) return ''
      rest += `; ${name}`
    } else if (name === 'server_max_window_bits') {
      const bits = parseBits(value)
      if (bits < LEAST_WINDOW_BITS) return ''
      serverBits = Math.min(serverBits, bits)
    } else if (name === 'client_max_window_bits') {
      const bits = value === undefined ? MOST_WINDOW_BITS : parseBits(value)
      if (bits === 0) return ''
      if (bits >= LEAST_WINDOW_BITS) rest += `; ${name}=${Math.min(WINDOW_BITS, bits)}`
    } else return ''
  }
  return `permessage-deflate; server_max_window_bits=${serverBits}${rest}`
}

/** 0 for an invalid number of bits. */
function parseBits(value: string | undefined): number {
  return value !== undefined && /^([89]|1[0-5])$/.test(value) ? Number(value) : 0
}
