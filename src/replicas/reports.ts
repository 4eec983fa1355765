import type { Logger } from '../core/logger.ts'

/** Logs what Python in a replica, `group/pid`, has reported past its Node: whole lines of JSON. */
export function writeReports(lines: string, worker: string, logger: Logger): void {
  for (const line of lines.split('\n')) {
    const report = parseReport(line)
    if (report === undefined) continue
    const { text, traceback, request, application, age } = report
    const named = request === undefined ? {} : { request, application }
    const stack = traceback === '' ? {} : { traceback }
    logger.warn({ ...named, age, worker, ...stack }, String(text))
  }
}

/** Undefined for what is none: the application may have written to the descriptor. */
function parseReport(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const report: unknown = JSON.parse(line)
    if (typeof report === 'object' && report !== null && 'text' in report) return { ...report }
  } catch {
    // Handled like any other line that is no report.
  }
  return undefined
}
