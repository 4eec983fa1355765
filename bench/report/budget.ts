import { formatNumber, formatTime } from './quantity.ts'
import { findCost, findRate, type Report } from './report.ts'

/** The cost of the parts of a hello request, and the aims for them; empty if hello was not measured. */
export function formatBudget(report: Report): string {
  const lines = [...compareWsgi(report), ...compareAsgi(report)]
  if (lines.length === 0) return ''
  return `## Parts of a hello request, and their aims\n\n${lines.join('\n')}\n`
}

function compareWsgi({ chapters }: Report): readonly string[] {
  const hello = chapters.find(({ workload }) => workload === 'hello')
  if (hello === undefined) return []
  const cost = (server: string) => findCost(hello, server)
  const taipan = cost('taipan')
  const front = cost('taipan-front')
  const embedded = cost('taipan-library')
  return [
    compare('front alone, against bare node:http', front, cost('node-http')),
    compare('daemon minus front, against 20 us', subtract(taipan, front), 20),
    compare(
      'daemon, against a quarter of gunicorn gthread',
      taipan,
      scale(cost('gunicorn-gthread'), 0.25),
    ),
    compare(
      'daemon, against a quarter of mod_wsgi daemon',
      taipan,
      scale(cost('mod-wsgi-daemon'), 0.25),
    ),
    compare('daemon, against 1.2 times uWSGI with threads', taipan, scale(cost('uwsgi'), 1.2)),
    compare('daemon, against uWSGI behind its router', taipan, cost('uwsgi-router')),
    compare('embedded minus front, against 6 us', subtract(embedded, front), 6),
    compare('embedded, against uWSGI with threads', embedded, cost('uwsgi')),
    compare('embedded, against Granian', embedded, cost('granian')),
  ]
}

function compareAsgi({ chapters }: Report): readonly string[] {
  const hello = chapters.find(({ workload }) => workload === 'hello-asgi')
  if (hello === undefined) return []
  const cost = (server: string) => findCost(hello, server)
  const embedded = cost('taipan-library')
  const uvicorn = cost('uvicorn')
  const rate = (server: string) => findRate(hello, server)
  return [
    compare(
      'ASGI embedded minus front, against 15 us',
      subtract(embedded, cost('taipan-front')),
      15,
    ),
    compare('ASGI embedded, against uvicorn', embedded, uvicorn),
    compare('ASGI daemon, against 1.5 times uvicorn', cost('taipan'), scale(uvicorn, 1.5)),
    compareRates(
      'ASGI embedded, against 10 times python-node',
      rate('taipan-library'),
      scale(rate('python-node'), 10),
    ),
  ]
}

function subtract(value: number | undefined, part: number | undefined): number | undefined {
  return value === undefined || part === undefined ? undefined : value - part
}

function scale(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor
}

function compare(label: string, value: number | undefined, aim: number | undefined): string {
  if (value === undefined || aim === undefined) return `- ${label}: not measured`
  const verdict = value <= aim ? 'met' : `missed by ${formatNumber((value / aim - 1) * 100)} %`
  return `- ${label}: ${formatTime(value)} / ${formatTime(aim)}, ${verdict}`
}

function compareRates(label: string, value: number | undefined, aim: number | undefined): string {
  if (value === undefined || aim === undefined) return `- ${label}: not measured`
  const verdict = value >= aim ? 'met' : `missed by ${formatNumber((1 - value / aim) * 100)} %`
  return `- ${label}: ${formatNumber(value)} / ${formatNumber(aim)} requests/s, ${verdict}`
}
