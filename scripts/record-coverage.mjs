// Preloaded into the Node processes that tests start: notes at their end what of dist/ they have not run.
// NODE_V8_COVERAGE notes all of Node and all source maps, too: a hundred times as much.
import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'
import { join, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'

const root = fileURLToPath(new URL('../', import.meta.url))
const product = join(root, 'dist') + sep
const productUrl = pathToFileURL(product).href

if (isMainThread && process.argv[1]?.startsWith(product)) record()

function record() {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true })
  process.on('exit', () => session.post('Profiler.takePreciseCoverage', note))
}

function note(error, coverage) {
  if (error !== null) return
  const gaps = coverage.result
    .filter(({ url }) => url.startsWith(productUrl))
    .map(({ url, functions }) => [url.slice(productUrl.length), findGaps(functions)])
  const file = join(root, 'coverage/children', `${process.pid}-${Date.now()}.json`)
  try {
    writeFileSync(`${file}.part`, JSON.stringify(Object.fromEntries(gaps)))
    renameSync(`${file}.part`, file)
  } catch {
    // It has become a user that may not write here: what it ran is not counted.
  }
}

/** What was not run, as offsets: [start, end], and so on. */
function findGaps(functions) {
  // Ranges nest, and what an inner one says is right.
  const ranges = functions
    .flatMap((one) => one.ranges)
    .toSorted(
      (one, other) => one.startOffset - other.startOffset || other.endOffset - one.endOffset,
    )
  const ran = new Uint8Array(ranges[0]?.endOffset ?? 0)
  for (const { startOffset, endOffset, count } of ranges)
    ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
  const gaps = []
  for (let start = ran.indexOf(0); start !== -1; start = ran.indexOf(0, start)) {
    const next = ran.indexOf(1, start)
    const end = next === -1 ? ran.length : next
    gaps.push([start, end])
    start = end
  }
  return gaps
}
