const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
// The three forms of RFC 9110, 5.6.7.
const IMF_FIXDATE = /^[A-Z][a-z]{2}, (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) GMT$/
const RFC850 = /^[A-Z][a-z]{5,8}, (\d{2})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) GMT$/
const ASCTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/

/** Seconds since 1970 of an HTTP date in any of the three forms; undefined for anything else. */
export function parseHttpDate(text: string): number | undefined {
  const [, day, month, year, hour, minute, second] = IMF_FIXDATE.exec(text) ?? []
  if (day !== undefined) return toSeconds([year, month, day, hour, minute, second])
  const [, day850, month850, short, hour850, minute850, second850] = RFC850.exec(text) ?? []
  if (short !== undefined)
    return toSeconds([resolveYear(short), month850, day850, hour850, minute850, second850])
  const [, monthC, dayC, hourC, minuteC, secondC, yearC] = ASCTIME.exec(text) ?? []
  return yearC === undefined ? undefined : toSeconds([yearC, monthC, dayC, hourC, minuteC, secondC])
}

/** Formats seconds since 1970 as an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7). */
export function formatHttpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString()
}

/** A two-digit year more than 50 years ahead is in the last century (RFC 9110, 5.6.7). */
function resolveYear(short: string): string {
  const now = new Date().getUTCFullYear()
  const year = now - (now % 100) + Number(short)
  return String(year > now + 50 ? year - 100 : year)
}

function toSeconds(parts: readonly (string | undefined)[]): number | undefined {
  const [year, month = '', day, hour, minute, second] = parts
  const monthIndex = MONTHS.indexOf(month)
  const dayNumber = Number(day)
  const clock = [Number(hour), Number(minute), Number(second)] as const
  if (monthIndex === -1 || clock[0] > 23 || clock[1] > 59 || clock[2] > 60) return undefined
  const date = new Date(Date.UTC(Number(year), monthIndex, dayNumber, ...clock))
  date.setUTCFullYear(Number(year))
  const sameDay = new Date(Date.UTC(Number(year), monthIndex, dayNumber)).getUTCDate() === dayNumber
  return sameDay ? date.getTime() / 1000 : undefined
}
