import { formatBudget } from './budget.ts'
import { formatMegabytes, formatNumber, formatTime } from './quantity.ts'
import { findCost, type Chapter, type Line, type Report } from './report.ts'

const CAVEATS = `What this does not prove: server and load generator share one machine, its processors and the loopback
interface, so throughput and latency say how they compete for it; CPU time per request is the steadier figure. One load
generator with a handful of connections is not the traffic of a site, nothing here waits for a network or a database
server, and one process does not show how processes scale. Compare within one run only.
`

/** Longest reason in the table; the JSON file has the whole text. */
const REASON_LENGTH = 160

/** The whole report as Markdown. */
export function formatReport(report: Report): string {
  return [
    `# Measured ${report.date}\n`,
    formatConditions(report),
    ...report.chapters.map(formatChapter),
    formatBudget(report),
    CAVEATS,
  ].join('\n')
}

function formatConditions({ machine, python, settings, versions }: Report): string {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return `${machine.processor}, ${machine.cores} cores, ${formatMegabytes(machine.memory)}, Linux ${machine.kernel}; Node ${machine.node},
Python ${python}, wrk ${machine.wrk}${formatH2load(machine)}, one thread; Taipan at ${machine.commit}; ${names.join(', ')}.
One process and ${settings.threads} Python threads for each server that has them; medians of ${settings.rounds} interleaved rounds of ${settings.seconds} s after a
warm-up. CPU is user and system time of the whole process tree for each answered request, memory its PSS at the highest.
`
}

function formatH2load({ h2load }: Report['machine']): string {
  return h2load === undefined ? '' : `, h2load ${h2load}`
}

function formatChapter(chapter: Chapter): string {
  const { title, companions, lines } = chapter
  const own = ['taipan', 'taipan-wsgi', 'taipan-mod-python', 'taipan-gateway', 'taipan-fastcgi']
    .map((name) => findCost(chapter, name))
    .find((cost) => cost !== undefined)
  const head = ['server', 'requests/s', 'p50', 'p99', 'CPU/request', 'x Taipan', 'memory', 'errors']
  if (companions !== undefined) head.push(`held of ${formatNumber(companions)}`)
  const rows = lines.map((line) => formatRow(line, own, head.length))
  return `## ${title}\n\n${formatTable([head, ...rows])}`
}

function formatRow({ title, outcome }: Line, own: number | undefined, width: number): string[] {
  if (typeof outcome === 'string') {
    const reason = outcome.replaceAll(/\s+/g, ' ').slice(0, REASON_LENGTH)
    return [title, `not measured: ${reason}`, ...Array<string>(width - 2).fill('')]
  }
  const { cpu, held } = outcome
  return [
    title,
    formatNumber(outcome.requestsPerSecond),
    formatTime(outcome.p50),
    formatTime(outcome.p99),
    cpu === undefined ? '-' : formatTime(cpu),
    cpu === undefined || own === undefined ? '-' : formatNumber(cpu / own),
    formatMegabytes(outcome.memory),
    formatNumber(outcome.errors),
    ...(width > 8 ? [held === undefined ? '-' : formatNumber(held)] : []),
  ]
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '/')).join(' | ')} |`)
  const rule = `| ${(rows[0] ?? []).map((_, index) => (index === 0 ? '---' : '---:')).join(' | ')} |`
  return `${[lines[0], rule, ...lines.slice(1)].join('\n')}\n`
}
