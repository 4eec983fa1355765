import { TaipanError } from '../core/errors.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

type TimePart = (date: Date) => string

/** What the conversions of C's `strftime` give in its own locale, by local time. */
const PARTS: Readonly<Record<string, TimePart>> = {
  a: (date) => nameOfDay(date).slice(0, 3),
  A: nameOfDay,
  b: (date) => nameOfMonth(date).slice(0, 3),
  B: nameOfMonth,
  d: (date) => pad(date.getDate()),
  D: (date) =>
    `${pad(date.getMonth() + 1)}/${pad(date.getDate())}/${pad(date.getFullYear() % 100)}`,
  e: (date) => String(date.getDate()).padStart(2, ' '),
  F: (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`,
  h: (date) => nameOfMonth(date).slice(0, 3),
  H: (date) => pad(date.getHours()),
  I: (date) => pad(toTwelve(date.getHours())),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  m: (date) => pad(date.getMonth() + 1),
  M: (date) => pad(date.getMinutes()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  R: (date) => `${pad(date.getHours())}:${pad(date.getMinutes())}`,
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => pad(date.getSeconds()),
  T: (date) => [date.getHours(), date.getMinutes(), date.getSeconds()].map(pad).join(':'),
  y: (date) => pad(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  z: formatZone,
  '%': () => '%',
}

/** Makes times of a format of C's `strftime`. Throws `CONFIG_INVALID` with the conversion that is unknown. */
export function parseTimeFormat(format: string): TimePart {
  const parts: (string | TimePart)[] = []
  for (const [whole] of format.matchAll(/%.?|[^%]+/gs)) {
    if (!whole.startsWith('%')) parts.push(whole)
    else parts.push(findPart(whole))
  }
  return (date) => parts.map((part) => (typeof part === 'string' ? part : part(date))).join('')
}

function findPart(whole: string): TimePart {
  const letter = whole.slice(1)
  const part = Object.hasOwn(PARTS, letter) ? PARTS[letter] : undefined
  if (part !== undefined) return part
  const known = Object.keys(PARTS).map((one) => `%${one}`)
  throw new TaipanError(
    'CONFIG_INVALID',
    `times of ${known.join(' ')} instead of ${JSON.stringify(whole)}`,
  )
}

/** `+0200`, the distance of local time from UTC. */
function formatZone(date: Date): string {
  const zone = -date.getTimezoneOffset()
  const minutes = Math.abs(zone)
  return `${zone < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`
}

function nameOfDay(date: Date): string {
  return DAYS[date.getDay()] ?? ''
}

function nameOfMonth(date: Date): string {
  return MONTHS[date.getMonth()] ?? ''
}

function toTwelve(hours: number): number {
  return hours % 12 === 0 ? 12 : hours % 12
}

function dayOfYear(date: Date): number {
  const year = date.getFullYear()
  const days = Date.UTC(year, date.getMonth(), date.getDate()) - Date.UTC(year, 0, 0)
  return days / 86_400_000
}

/** At least two digits. */
function pad(number: number): string {
  return String(number).padStart(2, '0')
}
