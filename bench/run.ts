import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMachine } from './environment/machine.ts'
import { RESULTS } from './environment/paths.ts'
import { preparePython } from './environment/python.ts'
import { createScratch } from './environment/scratch.ts'
import { stopAllChildren } from './measure/children.ts'
import { formatHelp, parseOptions, UsageError, type BenchOptions } from './options.ts'
import { formatPlot } from './report/plot.ts'
import type { Report } from './report/report.ts'
import { formatReport } from './report/table.ts'
import { measureAll, readVersions } from './schedule.ts'
import { SERVERS } from './servers/index.ts'
import { WORKLOADS } from './workloads/index.ts'

const KNOWN = {
  workloads: WORKLOADS.map(({ name }) => name),
  servers: SERVERS.map(({ name }) => name),
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), KNOWN)
  if (options === undefined) {
    process.stdout.write(formatHelp(KNOWN))
    return
  }
  const report = await createReport(options)
  const text = formatReport(report)
  process.stdout.write(text)
  if (options.save) saveReport(options.name, report, text)
}

async function createReport(options: BenchOptions): Promise<Report> {
  const machine = readMachine()
  const python = preparePython(options.python)
  using scratch = createScratch(join(python.bin, 'python'))
  exitWhenInterrupted(() => scratch[Symbol.dispose]())
  return {
    date: new Date().toISOString().slice(0, 10),
    machine,
    python: python.version,
    settings: { seconds: options.seconds, rounds: options.rounds, threads: options.threads },
    versions: readVersions(python, options.servers),
    chapters: await measureAll(options, python, scratch),
  }
}

function exitWhenInterrupted(clean: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      void stopAllChildren().finally(() => {
        clean()
        process.exit(130)
      })
    })
  }
}

function saveReport(name: string, report: Report, text: string): void {
  mkdirSync(RESULTS, { recursive: true })
  const path = join(RESULTS, name)
  writeFileSync(`${path}.json`, `${JSON.stringify(report, undefined, 2)}\n`)
  writeFileSync(`${path}.md`, `${text}\n![CPU time per request](${name}.svg)\n`)
  writeFileSync(`${path}.svg`, formatPlot(report))
  process.stderr.write(`saved ${path}.{json,md,svg}\n`)
}

try {
  await main()
} catch (error) {
  const known = error instanceof UsageError
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = known ? 2 : 1
}
