import type { Logger } from '../core/logger.ts'

/** What Python in a replica has sent past its Node. */
export type Report = Readonly<Record<string, unknown>>

/** Reads whole lines of JSON. Other lines are passed over, because the application may have written to the descriptor. */
export function parseReports(lines: string): Report[] {
  return lines
    .split('\n')
    .map(parseReport)
    .filter((report) => report !== undefined)
}

/** Logs a report of a replica, `group/pid`, if it has a text. */
export function writeReport(report: Report, worker: string, logger: Logger): void {
  const { text, traceback, request, application, age } = report
  if (typeof text !== 'string') return
  const named = request === undefined ? {} : { request, application }
  const stack = traceback === '' ? {} : { traceback }
  logger.warn({ ...named, age, worker, ...stack }, text)
}

function parseReport(line: string): Report | undefined {
  try {
    const report: unknown = JSON.parse(line)
    if (typeof report === 'object' && report !== null) return { ...report }
  } catch {
    // Handled like any other line that is no report.
  }
  return undefined
}
