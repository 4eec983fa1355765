import type { Exchange } from '../../core/exchange.ts'
import { FieldBlock, withoutFields, type FieldPairs } from '../../core/field-block.ts'
import type { ResponseHead } from '../../core/response-head.ts'
import { ChangedExchange } from '../changed-exchange.ts'
import { DivertedResponse } from '../diverted-response.ts'

/** The head by which a handler leaves a request to the server. */
export interface PassedHead {
  /** To its files, or to the next route. */
  readonly to: 'files' | 'next'
  /** Fields for every answer of the server. */
  readonly always: FieldPairs
  /** Further ones for a file that is there. */
  readonly found: FieldPairs
}

/** What the answer says of its own empty body. */
const FRAMING = new Set(['content-length', 'transfer-encoding'])
const PASSED = /^X-Taipan-Pass: (files|next)\r$/im
/** Fields of which an answer may have several. */
const REPEATED = new Set(['link', 'set-cookie', 'vary', 'www-authenticate'])
/** What Apache sends with a 304, other than what follows from the file. */
const UNMODIFIED = new Set([
  'cache-control',
  'content-location',
  'expires',
  'proxy-authenticate',
  'set-cookie',
  'set-cookie2',
  'vary',
  'warning',
  'www-authenticate',
])

/** Undefined where the handler has answered. Fields in front of the one that passes are for every answer. */
export function parsePassedHead({ fields }: ResponseHead): PassedHead | undefined {
  const passed = PASSED.exec(fields.text)
  if (passed === null) return undefined
  const rest = passed.index + passed[0].length + 1
  return {
    to: passed[1]?.toLowerCase() === 'next' ? 'next' : 'files',
    always: new FieldBlock(fields.text.slice(0, passed.index)).pairs,
    found: withoutFields(new FieldBlock(fields.text.slice(rest)).pairs, FRAMING),
  }
}

/** An exchange whose answer gets the fields that a handler has set. */
export function carryFields(exchange: Exchange, passed: PassedHead): Exchange {
  if (passed.always.length === 0 && passed.found.length === 0) return exchange
  const response = new DivertedResponse(exchange.response, (head) => addFields(head, passed))
  return new ChangedExchange(exchange, { response })
}

function addFields(head: ResponseHead, passed: PassedHead): ResponseHead {
  const added = chooseFields(head.status, passed)
  const names = new Set(added.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase()))
  const replaced = new Set([...names].filter((name) => !REPEATED.has(name)))
  const own = withoutFields(head.fields.pairs, replaced)
  return { ...head, fields: new FieldBlock(formatFields([...own, ...added])) }
}

function chooseFields(status: number, { always, found }: PassedHead): FieldPairs {
  if (status === 304)
    return [...always, ...found].filter((_, at, all) =>
      UNMODIFIED.has((all[at - (at % 2)] ?? '').toLowerCase()),
    )
  return status < 300 ? [...always, ...found] : always
}

function formatFields(pairs: FieldPairs): string {
  return pairs.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
}
