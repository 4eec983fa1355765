import { formatNumber, formatTime } from './quantity.ts'

/** A cost without a part of it. */
export function subtract(value: number | undefined, part: number | undefined): number | undefined {
  return value === undefined || part === undefined ? undefined : value - part
}

/** A multiple of a cost. */
export function scale(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor
}

/** The lower one, of those that were measured. */
export function minimum(...costs: readonly (number | undefined)[]): number | undefined {
  const measured = costs.filter((cost) => cost !== undefined)
  return measured.length === 0 ? undefined : Math.min(...measured)
}

/** A line about a cost and its aim, which it should not exceed. */
export function compare(label: string, value: number | undefined, aim: number | undefined): string {
  if (value === undefined || aim === undefined) return `- ${label}: not measured`
  const verdict = value <= aim ? 'met' : `missed by ${formatNumber((value / aim - 1) * 100)} %`
  return `- ${label}: ${formatTime(value)} / ${formatTime(aim)}, ${verdict}`
}

/** A line about a rate and its aim, which it should reach. */
export function compareRates(
  label: string,
  value: number | undefined,
  aim: number | undefined,
): string {
  if (value === undefined || aim === undefined) return `- ${label}: not measured`
  const verdict = value >= aim ? 'met' : `missed by ${formatNumber((1 - value / aim) * 100)} %`
  return `- ${label}: ${formatNumber(value)} / ${formatNumber(aim)} requests/s, ${verdict}`
}
