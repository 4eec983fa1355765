import { compare, compareRates, minimum, scale, subtract } from './comparison.ts'
import { findCost, findRate, type Report } from './report.ts'

/** The cost of the parts of a hello request, and of scripts, with the aims for them; empty if none was measured. */
export function formatBudget(report: Report): string {
  const hello = [...compareWsgi(report), ...compareAsgi(report)]
  return [
    formatAims('Parts of a hello request, and their aims', hello),
    formatAims('TLS and HTTP/2, and their aims', compareTransports(report)),
    formatAims('Scripts and pages, and their aims', compareScripts(report)),
    formatAims('Gateways, and their aims', compareGateways(report)),
  ]
    .filter((section) => section !== '')
    .join('\n')
}

function formatAims(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n\n${lines.join('\n')}\n`
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

function compareTransports({ chapters }: Report): readonly string[] {
  return chapters.flatMap((chapter) => {
    const { workload, title } = chapter
    const cost = (server: string) => findCost(chapter, server)
    const own = cost('taipan')
    if (workload.startsWith('tls-'))
      return [compare(`${title}, against 1.25 times plain`, own, scale(cost('taipan-plain'), 1.25))]
    if (!workload.startsWith('http2-')) return []
    const granian = compare(`${title}, against twice Granian`, own, scale(cost('granian'), 2))
    if (workload === 'http2-hello') return [granian]
    const hypercorn = scale(cost('hypercorn'), 0.25)
    return [compare(`${title}, against a quarter of hypercorn`, own, hypercorn), granian]
  })
}

function compareScripts({ chapters }: Report): readonly string[] {
  return chapters.flatMap((chapter) => {
    const { workload } = chapter
    if (workload !== 'script' && workload !== 'page' && workload !== 'publisher') return []
    const cost = (server: string) => findCost(chapter, server)
    const shared = cost(workload === 'publisher' ? 'taipan-mod-python' : 'taipan-scripts')
    const modPython = minimum(cost('mod-python'), cost('mod-python-threads'))
    const half = `${workload}, against half of mod_python`
    const againstHalf = compare(half, shared, scale(modPython, 0.5))
    if (workload === 'publisher') return [againstHalf]
    const aims = [
      againstHalf,
      compare(`${workload}, against nginx and php-fpm`, shared, cost('php-fpm')),
    ]
    if (workload === 'page') return aims
    return [
      compare('script, against 1.3 times our WSGI', shared, scale(cost('taipan-wsgi'), 1.3)),
      ...aims,
      compare(
        'script in a fresh process, against a fifth of mod_cgid',
        cost('taipan-scripts-fresh'),
        scale(cost('mod-cgid'), 0.2),
      ),
    ]
  })
}

function compareGateways({ chapters }: Report): readonly string[] {
  return chapters.flatMap((chapter) => {
    const { workload, title } = chapter
    const cost = (server: string) => findCost(chapter, server)
    if (workload.startsWith('behind-nginx'))
      return (['fastcgi', 'uwsgi'] as const).map((protocol) =>
        compare(
          `${title}: ${protocol}, against uWSGI`,
          cost(`taipan-${protocol}`),
          cost('uwsgi-behind-nginx'),
        ),
      )
    if (!workload.startsWith('gateway-')) return []
    const own = cost('taipan-gateway')
    const nginx = compare(
      `${title}, against 2.5 times nginx`,
      own,
      scale(cost('nginx-gateway'), 2.5),
    )
    if (!workload.startsWith('gateway-http')) return [nginx]
    const onNode = minimum(cost('http-proxy'), cost('fastify-http-proxy'))
    return [nginx, compare(`${title}, against half of others on Node`, own, scale(onNode, 0.5))]
  })
}
