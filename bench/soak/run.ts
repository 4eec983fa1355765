import { join } from 'node:path'
import { preparePython } from '../environment/python.ts'
import { createScratch } from '../environment/scratch.ts'
import { stopAllChildren } from '../measure/children.ts'
import { UsageError } from '../options.ts'
import { formatMegabytes, formatNumber } from '../report/quantity.ts'
import { HELP, parseOptions } from './options.ts'
import { soak, type SoakResult } from './soak.ts'

/** Most growth of memory that is accepted, as a factor. */
const GROWTH = 1.05

async function main(): Promise<boolean> {
  const options = parseOptions(process.argv.slice(2))
  if (options === undefined) {
    process.stdout.write(HELP)
    return true
  }
  const { bin } = preparePython(options.python)
  const python = join(bin, 'python')
  using scratch = createScratch(python)
  stopWhenInterrupted()
  const results: SoakResult[] = []
  for (const engine of options.engines) {
    process.stderr.write(`soaking ${engine}\n`)
    results.push(await soak(engine, options, { folder: scratch.folder, python }))
  }
  process.stdout.write(formatTable(results))
  const broken = results.flatMap(listBrokenBounds)
  for (const text of broken) process.stdout.write(`broken: ${text}\n`)
  return broken.length === 0
}

function listBrokenBounds(result: SoakResult): readonly string[] {
  const { engine, errors, failedSockets, memory, descriptors } = result
  const broken: string[] = []
  if (errors > 0) broken.push(`${engine}: ${errors} requests failed`)
  if (failedSockets > 0) broken.push(`${engine}: ${failedSockets} WebSockets failed`)
  for (const [after, bytes] of [
    ['the requests', memory.end],
    ['the WebSockets', memory.sockets],
  ] as const)
    if (bytes > memory.settled * GROWTH)
      broken.push(
        `${engine}: memory grew by ${formatGrowth(bytes, memory.settled)} until after ${after}`,
      )
  if (descriptors.end > descriptors.start)
    broken.push(`${engine}: ${descriptors.end - descriptors.start} descriptors stayed open`)
  return broken
}

function formatTable(results: readonly SoakResult[]): string {
  const lines = results.map(({ engine, memory, descriptors, ...counts }) =>
    [
      engine,
      formatNumber(counts.requests),
      formatNumber(counts.requests / counts.seconds),
      formatNumber(counts.errors),
      formatNumber(counts.sockets),
      formatNumber(counts.failedSockets),
      formatMegabytes(memory.settled),
      `${formatMegabytes(memory.end)} (${formatGrowth(memory.end, memory.settled)})`,
      `${formatMegabytes(memory.sockets)} (${formatGrowth(memory.sockets, memory.settled)})`,
      `${descriptors.start} / ${descriptors.end}`,
    ].join(' | '),
  )
  return `| engine | requests | a second | failed | WebSockets | failed | memory settled | after the requests | after the WebSockets | descriptors |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${lines.map((line) => `| ${line} |\n`).join('')}`
}

function formatGrowth(value: number, base: number): string {
  const percent = (value / base - 1) * 100
  return `${percent < 0 ? '-' : '+'}${Math.abs(percent).toFixed(1)} %`
}

function stopWhenInterrupted(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => void stopAllChildren().finally(() => process.exit(130)))
}

try {
  if (!(await main())) process.exitCode = 1
} catch (error) {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
