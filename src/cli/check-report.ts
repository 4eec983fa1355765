import { selectDetails } from './details.ts'
import type { ApplicationReport, GroupReport } from '../server/check.ts'

/** Formats the findings of `taipan check` for people. */
export function formatReport(reports: readonly GroupReport[]): string {
  if (reports.length === 0) return 'python        none is needed: no route runs any\n'
  return reports.map((report) => formatGroup(report, reports.length > 1)).join('\n')
}

function formatGroup(report: GroupReport, several: boolean): string {
  const { python, libpython, searchPath, engine, embedding, loop } = report
  const heading = several ? [`group ${report.group}`] : []
  const passed = python.tried.map(
    ({ path, reason, refusal }) => `              rejected    ${path} (${reason}): ${refusal}`,
  )
  const lines = [
    ...heading,
    `python        ${python.path}`,
    `  chosen by   ${python.reason}`,
    ...passed,
    `  version     ${python.version}`,
    `  prefix      ${python.prefix}`,
    `  libpython   ${libpython ?? 'none: this Python has no shared library (worker processes need none)'}`,
    `  event loop  ${loop.name} (${loop.reason})`,
    `  embedding   ${embedding.embeddable ? 'possible' : `not possible: ${embedding.reason}`}`,
    `  engine      ${engine}`,
    `  sys.path    ${searchPath.join(`\n${' '.repeat(14)}`)}`,
    ...(report.applications.length === 0
      ? ['application   none was named, and none was found']
      : report.applications.flatMap(formatApplication)),
  ]
  return `${lines.join('\n')}\n`
}

function formatApplication(report: ApplicationReport): string[] {
  const { target, loads, summary, traceback, notes } = report
  const details = loads ? '' : selectDetails(traceback, summary)
  return [
    `application   ${target}`,
    `  loads       ${loads ? `yes${summary && `, ${summary}`}` : `no: ${summary}`}`,
    ...notes.map((note) => `  note        ${note}`),
    ...(details === '' ? [] : ['', details]),
  ]
}
