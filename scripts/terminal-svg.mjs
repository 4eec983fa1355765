const COLUMN = 8.43
const ROW = 21
const MARGIN = 20
const BAR = 40

/** Foreground colours of a dark terminal, by their numbers in ECMA-48. */
const COLOURS = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
  90: '#8b949e',
}

const STYLE = `text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3; white-space: pre }
.dim { fill: #8b949e }
.bold { font-weight: bold }
.row { animation: appear 1ms backwards }
@keyframes appear { from { opacity: 0 } }
@media (prefers-reduced-motion) { .row { animation: none } }`

/**
 * Draws what was written to a terminal as an SVG that plays it once. Each of `writes` has the time `at` which it came,
 * in ms, and its `text`; lines break at `columns`. Programs that play nothing show the whole.
 */
export function formatTerminal(writes, { title, columns }) {
  const rows = listLines(writes).flatMap(({ at, text }) =>
    breakLine(parseLine(text), columns).map((spans) => ({ at, spans })),
  )
  const width = Math.ceil(columns * COLUMN + 2 * MARGIN)
  const height = BAR + rows.length * ROW + MARGIN
  const lines = rows.map(
    ({ at, spans }, index) =>
      `<text class="row" x="${MARGIN}" y="${BAR + index * ROW + 17}" xml:space="preserve" style="animation-delay: ${at}ms">${spans.map(formatSpan).join('')}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escape(title)}</title>
<style>
${STYLE}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#0d1117"/>
<circle cx="24" cy="20" r="6" fill="#ff5f57"/>
<circle cx="44" cy="20" r="6" fill="#febc2e"/>
<circle cx="64" cy="20" r="6" fill="#28c840"/>
${lines.join('\n')}
</svg>
`
}

/** The lines of all writes, each with the time of its end. */
function listLines(writes) {
  const lines = []
  let open = ''
  for (const { at, text } of writes) {
    const parts = (open + text).split(/\r?\n/)
    open = parts.pop()
    for (const line of parts) lines.push({ at, text: line })
  }
  return open === '' ? lines : [...lines, { at: writes.at(-1).at, text: open }]
}

/** Pieces of a line with their colours and weights. */
function parseLine(line) {
  const [plain, ...coloured] = line.split('\x1b[')
  const spans = [{ text: plain }]
  let style = {}
  for (const part of coloured) {
    const [, codes = '', text = ''] = /^([\d;]*)m(.*)$/.exec(part) ?? []
    style = codes.split(';').reduce(applyCode, style)
    spans.push({ text, ...style })
  }
  return spans.filter(({ text }) => text !== '')
}

function applyCode(style, code) {
  if (code === '' || code === '0') return {}
  if (code === '1') return { ...style, isBold: true }
  if (code === '2') return { ...style, isDim: true }
  if (code === '22') return { ...style, isBold: false, isDim: false }
  if (code === '39') return { ...style, colour: undefined }
  return { ...style, colour: COLOURS[code] ?? style.colour }
}

/** The rows of a terminal that a line takes. */
function breakLine(spans, columns) {
  const rows = [[]]
  let column = 0
  for (const { text, ...style } of spans)
    for (let at = 0; at < text.length;) {
      if (column === columns) {
        rows.push([])
        column = 0
      }
      const piece = text.slice(at, at + columns - column)
      rows.at(-1).push({ text: piece, ...style })
      at += piece.length
      column += piece.length
    }
  return rows
}

function formatSpan({ text, colour, isBold = false, isDim = false }) {
  const classes = [isBold ? 'bold' : '', isDim ? 'dim' : ''].filter(Boolean).join(' ')
  if (classes === '' && colour === undefined) return escape(text)
  const names = classes === '' ? '' : ` class="${classes}"`
  const fill = colour === undefined ? '' : ` style="fill: ${colour}"`
  return `<tspan${names}${fill}>${escape(text)}</tspan>`
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
