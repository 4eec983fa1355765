import { formatNumber, formatTime } from './quantity.ts'
import { findCost, type Report } from './report.ts'

/** Parts of a hello request, and the aims that are set for them; empty when hello was not measured. */
export function formatBudget({ chapters }: Report): string {
  const hello = chapters.find(({ workload }) => workload === 'hello')
  const cost = (server: string) => findCost(hello, server)
  const taipan = cost('taipan')
  if (taipan === undefined) return ''
  const front = cost('taipan-front')
  const gunicorn = cost('gunicorn-gthread')
  const modWsgi = cost('mod-wsgi-daemon')
  const lines = [
    compare('front alone, against bare node:http', front, cost('node-http')),
    compare('daemon minus front, against 20 us', front === undefined ? front : taipan - front, 20),
    compare('daemon, against a quarter of gunicorn gthread', taipan, scale(gunicorn, 0.25)),
    compare('daemon, against a quarter of mod_wsgi daemon', taipan, scale(modWsgi, 0.25)),
    compare('daemon, against 1.2 times uWSGI with threads', taipan, scale(cost('uwsgi'), 1.2)),
    compare('daemon, against uWSGI behind its router', taipan, cost('uwsgi-router')),
  ]
  return `## Parts of a hello request, and their aims\n\n${lines.join('\n')}\n`
}

function scale(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor
}

function compare(label: string, value: number | undefined, aim: number | undefined): string {
  if (value === undefined || aim === undefined) return `- ${label}: not measured`
  const verdict = value <= aim ? 'met' : `missed by ${formatNumber((value / aim - 1) * 100)} %`
  return `- ${label}: ${formatTime(value)} / ${formatTime(aim)}, ${verdict}`
}
