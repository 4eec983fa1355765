import type { FieldBlock } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { formatHttpDate } from '../http-date.ts'

/** Fields by name in lower case; more than one value for those that are repeated. */
export type Http2Fields = Record<string, string | number | string[]>

const REQUEST_ID = 'x-request-id'

/** Makes the fields of response heads; caches the Date of the current second, and the last fields, which applications repeat. */
export class Http2ResponseEncoder {
  readonly #server: string
  #second = 0
  #date = ''
  #text = ''
  #status = 0
  #addedLength: number | undefined
  #fields: Http2Fields = {}

  /** `serverSoftware` is the value of the Server field; empty omits the field. */
  constructor(serverSoftware: string) {
    this.#server = serverSoftware
  }

  /** All fields, `:status` included; `requestId` is the value of X-Request-Id, unless the head has one. The caller must not change them. */
  encode(head: ResponseHead, addedLength: number | undefined, requestId?: string): Http2Fields {
    const fields = this.#encodeRepeated(head, addedLength)
    if (requestId === undefined || fields[REQUEST_ID] !== undefined) return fields
    return Object.assign(Object.create(null), fields, { [REQUEST_ID]: requestId })
  }

  #encodeRepeated(head: ResponseHead, addedLength: number | undefined): Http2Fields {
    const { status, fields } = head
    const isNewSecond = this.#updateDate()
    const isSame =
      !isNewSecond &&
      status === this.#status &&
      addedLength === this.#addedLength &&
      fields.text === this.#text
    if (isSame) return this.#fields
    this.#status = status
    this.#addedLength = addedLength
    this.#text = fields.text
    return (this.#fields = this.#create(head, addedLength))
  }

  #create(head: ResponseHead, addedLength: number | undefined): Http2Fields {
    const encoded = encodeFields(head.fields, head.status)
    if (addedLength !== undefined) encoded['content-length'] = String(addedLength)
    if (!head.hasDate) encoded['date'] = this.#date
    if (!head.hasServer && this.#server !== '') encoded['server'] = this.#server
    // Objects without a prototype are slow to copy, which Node does for each response.
    return { ...encoded }
  }

  #updateDate(): boolean {
    const second = Math.floor(Date.now() / 1000)
    if (second === this.#second) return false
    this.#second = second
    this.#date = formatHttpDate(second)
    return true
  }
}

// Node refuses them twice.
const SINGLE = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'age',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'last-modified',
  'location',
  'max-forwards',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
])

/** The fields of a block, with `:status` if there is one. */
export function encodeFields(block: FieldBlock, status?: number): Http2Fields {
  // An object without a prototype takes a field of any name.
  const encoded: Http2Fields = Object.create(null)
  if (status !== undefined) encoded[':status'] = status
  const { pairs } = block
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const name = (pairs[at] ?? '').toLowerCase()
    const value = pairs[at + 1] ?? ''
    // A field of HTTP/1 that asks for HTTP/2, which Node refuses.
    if (name === 'http2-settings') continue
    const before = encoded[name]
    if (before === undefined) encoded[name] = value
    else if (Array.isArray(before)) before.push(value)
    else encoded[name] = SINGLE.has(name) ? `${before}, ${value}` : [String(before), value]
  }
  return encoded
}
