import type { Exchange } from '../core/exchange.ts'
import { CLF_TIME } from './clf.ts'
import { parseTimeFormat } from './strftime.ts'

/** Of an exchange that is over. */
type TimeFormat = (exchange: Exchange) => string

/** Times of the log in units, whole or the part below a second. */
const NUMBERS: Readonly<Record<string, (ms: number) => string>> = {
  sec: (ms) => String(Math.floor(ms / 1000)),
  msec: (ms) => String(Math.floor(ms)),
  usec: (ms) => String(Math.floor(ms * 1000)),
  msec_frac: (ms) => String(Math.floor(ms % 1000)).padStart(3, '0'),
  usec_frac: (ms) => String(Math.floor((ms % 1000) * 1000)).padStart(6, '0'),
}

/**
 * `%{FORMAT}t`: `sec`, `msec` and the like, or a format of `strftime`, when the request came, or after `end:` when it
 * was over. Throws `CONFIG_INVALID`.
 */
export function createTimeDirective(name: string): TimeFormat {
  const [, moment, format = ''] = /^(?:(begin|end)(?::|$))?(.*)$/s.exec(name) ?? []
  const find = moment === 'end' ? () => Date.now() : findStart
  const text = format === '' ? CLF_TIME : format
  const formatNumber = Object.hasOwn(NUMBERS, text) ? NUMBERS[text] : undefined
  if (formatNumber !== undefined) return (exchange) => formatNumber(find(exchange))
  const formatTime = parseTimeFormat(text)
  return (exchange) => formatTime(new Date(find(exchange)))
}

/** When its request came, in ms since 1970. */
export function findStart({ startedAt }: Exchange): number {
  return Date.now() - (performance.now() - startedAt)
}
