import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readMachine } from '../environment/machine.ts'
import { RESULTS, ROOT } from '../environment/paths.ts'
import { createScratch } from '../environment/scratch.ts'
import { measureMemory, type MemoryResult } from './memory.ts'
import { formatStepPlot } from './plot.ts'
import { measureStepLoad, RANGE, type Sample } from './step-load.ts'

const MEGABYTE = 1024 * 1024

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: join(ROOT, '.venv-test/bin/python') },
    name: { type: 'string' },
  },
})

using scratch = createScratch(values.python)
const memory = [
  await measureMemory(values.python, scratch.environment, false),
  await measureMemory(values.python, scratch.environment, true),
]
const samples = await measureStepLoad(values.python, scratch.folder)
const text = formatText(memory, samples)
process.stdout.write(text)
if (values.name !== undefined) save(join(RESULTS, values.name))

function save(path: string): void {
  mkdirSync(RESULTS, { recursive: true })
  writeFileSync(`${path}.md`, `${text}\n![Workers under a load in steps](${values.name}.svg)\n`)
  writeFileSync(`${path}.json`, `${JSON.stringify({ memory, samples }, undefined, 2)}\n`)
  writeFileSync(`${path}.svg`, formatStepPlot(samples))
}

function formatText(results: readonly MemoryResult[], steps: readonly Sample[]): string {
  const [plain, preloaded] = results.map(({ worker }) => worker)
  const saved = plain === undefined || preloaded === undefined ? 0 : 1 - preloaded / plain
  const rows = results.map(
    ({ preload, template, worker }) =>
      `| ${preload ? 'with' : 'without'} | ${formatSize(template)} | ${formatSize(worker)} |`,
  )
  const range = `${RANGE.min} to ${RANGE.max} workers, idle for ${RANGE.idle}`
  const { processor, cores, commit } = readMachine()
  const most = Math.max(...steps.map(({ workers }) => workers))
  return `# Memory and scaling

${new Date().toISOString().slice(0, 10)}, ${processor}, ${cores} cores, commit ${commit}

## Private memory of Django workers

| preload | template | each worker |
| --- | --- | --- |
${rows.join('\n')}

Each further worker has ${Math.round(saved * 100)} % less memory of its own.

## A load in steps

${range}, two threads each; up to ${most} were there.
`
}

function formatSize(bytes: number): string {
  return bytes === 0 ? '-' : `${(bytes / MEGABYTE).toFixed(1)} MB`
}
