/** An IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7), of milliseconds since 1970. */
export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString()
}
