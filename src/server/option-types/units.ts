const DURATION = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/
const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const SIZE = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)$/i
const SIZE_UNITS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
}

/** Parses `500ms`, `30s`, `5m`, `1h` or `1d` to milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(DURATION.exec(text), DURATION_UNITS)
}

/** Parses `512b`, `64kb`, `10mb` or `1gb` to bytes (1 kb is 1024); undefined for anything else. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(SIZE.exec(text), SIZE_UNITS)
}

function parseQuantity(
  match: RegExpExecArray | null,
  units: Readonly<Record<string, number>>,
): number | undefined {
  if (match === null) return undefined
  const factor = units[(match[2] ?? '').toLowerCase()]
  return factor === undefined ? undefined : Math.round(Number(match[1]) * factor)
}
