import { formatTime } from './quantity.ts'
import type { Chapter, Line, Report } from './report.ts'

const WIDTH = 760
const LABEL_WIDTH = 190
const VALUE_WIDTH = 90
const ROW = 22
const BAR = 14
const HEAD = 34

interface Bar {
  readonly server: string
  readonly title: string
  readonly cost: number
}

/** Bars of the CPU time per request, a panel for each workload. Colours follow the light or dark scheme of the reader and are readable in both. */
export function formatPlot(report: Report): string {
  let top = 8
  const panels = report.chapters.map((chapter) => {
    const bars = sortBars(chapter)
    const panel = formatPanel(chapter.title, bars, top)
    top += HEAD + bars.length * ROW + 14
    return panel
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" role="img">
<title>CPU time per request, whole process tree; shorter is better</title>
<style>
  text { font: 13px system-ui, sans-serif; fill: #768390 }
  .head { font-weight: 600 }
  .bar { fill: #8c959f }
  .own { fill: #2f81f7 }
  @media (prefers-color-scheme: light) { text { fill: #24292f } }
  @media (prefers-color-scheme: dark) { text { fill: #d0d7de } .bar { fill: #6e7781 } }
</style>
${panels.join('\n')}
</svg>
`
}

function sortBars({ lines }: Chapter): readonly Bar[] {
  return lines.flatMap(measureBar).toSorted((a, b) => a.cost - b.cost)
}

function measureBar({ server, title, outcome }: Line): readonly Bar[] {
  if (typeof outcome === 'string' || outcome.cpu === undefined) return []
  return [{ server, title, cost: outcome.cpu }]
}

function formatPanel(title: string, bars: readonly Bar[], top: number): string {
  const scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / Math.max(...bars.map(({ cost }) => cost))
  const rows = bars.map(({ server, title, cost }, index) => {
    const y = top + HEAD + index * ROW
    const width = Math.max(1, cost * scale).toFixed(1)
    const kind = server.startsWith('taipan') ? 'bar own' : 'bar'
    return `<text x="${LABEL_WIDTH - 8}" y="${y + 12}" text-anchor="end">${escape(title)}</text>
<rect class="${kind}" x="${LABEL_WIDTH}" y="${y}" width="${width}" height="${BAR}" rx="2"/>
<text x="${LABEL_WIDTH + Number(width) + 6}" y="${y + 12}">${formatTime(cost)}</text>`
  })
  const head = `<text class="head" x="8" y="${top + 16}">${escape(title)}: CPU time per request</text>`
  return [head, ...rows].join('\n')
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
