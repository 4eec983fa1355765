import type { Sample } from './step-load.ts'

const WIDTH = 760
const LEFT = 60
const PANEL = 120
const GAP = 34

/** Three panels over one time: clients, workers, and the median time of answers. */
export function formatStepPlot(samples: readonly Sample[]): string {
  const panels = [
    formatPanel('clients', samples, ({ clients }) => clients, 0),
    formatPanel('workers', samples, ({ workers }) => workers, 1),
    formatPanel('median time of an answer, ms', samples, ({ latency }) => latency, 2),
  ]
  const height = panels.length * (PANEL + GAP) + 24
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Workers of a group while its load changes in steps</title>
<style>
  text { font: 13px system-ui, sans-serif; fill: #768390 }
  .head { font-weight: 600 }
  path { fill: none; stroke: #2f81f7; stroke-width: 2 }
  .axis { stroke: #8c959f; stroke-width: 1 }
  @media (prefers-color-scheme: light) { text { fill: #24292f } }
  @media (prefers-color-scheme: dark) { text { fill: #d0d7de } }
</style>
${panels.join('\n')}
<text x="${LEFT}" y="${height - 6}">0 s</text>
<text x="${WIDTH - 10}" y="${height - 6}" text-anchor="end">${Math.round(samples.at(-1)?.at ?? 0)} s</text>
</svg>
`
}

function formatPanel(
  title: string,
  samples: readonly Sample[],
  read: (sample: Sample) => number | undefined,
  index: number,
): string {
  const bottom = (index + 1) * (PANEL + GAP)
  const most = Math.max(1, ...samples.map((sample) => read(sample) ?? 0))
  const long = samples.at(-1)?.at ?? 1
  let isDrawn = false
  const steps = samples.map((sample) => {
    const value = read(sample)
    const move = isDrawn ? 'L' : 'M'
    isDrawn = value !== undefined
    if (value === undefined) return ''
    const x = LEFT + (sample.at / long) * (WIDTH - LEFT - 10)
    return `${move}${x.toFixed(1)} ${(bottom - (value / most) * PANEL).toFixed(1)}`
  })
  return `<text class="head" x="${LEFT}" y="${bottom - PANEL - 10}">${title}</text>
<path class="axis" d="M${LEFT} ${bottom - PANEL}V${bottom}H${WIDTH - 10}"/>
<text x="${LEFT - 8}" y="${bottom - PANEL + 10}" text-anchor="end">${Math.round(most)}</text>
<text x="${LEFT - 8}" y="${bottom}" text-anchor="end">0</text>
<path d="${steps.join('')}"/>`
}
