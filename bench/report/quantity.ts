/** Rounds to three significant digits, with commas between thousands. */
export function formatNumber(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en-US', {
    minimumFractionDigits: Number.isInteger(value) ? 0 : digits,
    maximumFractionDigits: digits,
  })
}

/** A time in microseconds, formatted in a suitable unit. */
export function formatTime(microseconds: number): string {
  if (microseconds < 1000) return `${formatNumber(microseconds)} us`
  if (microseconds < 1e6) return `${formatNumber(microseconds / 1000)} ms`
  return `${formatNumber(microseconds / 1e6)} s`
}

/** A number of bytes in megabytes. */
export function formatMegabytes(bytes: number): string {
  return `${formatNumber(bytes / 1024 / 1024)} MB`
}
