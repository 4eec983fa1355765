import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { stopAllChildren } from '../measure/children.ts'
import { findFreePort, startServer } from '../measure/running-server.ts'
import { ConstantLoad } from './constant-load.ts'

const COMMAND = new URL('../../dist/cli/main.js', import.meta.url).pathname
const HELP = `Reloads a server again and again under constant load.

  --reloads N     reloads (100)
  --requests N    least number of requests (200000)
  --engine NAME   daemon or embedded (daemon)
  --python PATH   interpreter (python3)
`

/** An application of this number. */
function writeApplication(folder: string, number: number): void {
  const text = `def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "${String(number).length}")])
    return [b"${number}"]
`
  writeFileSync(join(folder, 'app.py'), text)
}

interface Options {
  readonly reloads: number
  readonly requests: number
  readonly engine: string
  readonly python: string
}

async function measure(folder: string, options: Options): Promise<boolean> {
  const { reloads, requests, engine, python } = options
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}/`
  writeApplication(folder, 0)
  await using server = await startServer(
    {
      command: COMMAND,
      args: `serve app.py -b 127.0.0.1:${port} -p 2 -e ${engine} --python ${python} --no-access-log --no-script-reloading`.split(
        ' ',
      ),
      directory: folder,
      stdio: ['ignore', 'ignore', 'ignore'],
    },
    async () => void (await fetch(url)),
  )
  const load = new ConstantLoad(url)
  load.start(6, 2)
  const times: number[] = []
  for (let number = 1; number <= reloads; number++) {
    while (load.answered < (requests * number) / reloads) await sleep(10)
    writeApplication(folder, number)
    const begun = performance.now()
    process.kill(server.pid, 'SIGHUP')
    await load.waitFor(number)
    times.push(performance.now() - begun)
  }
  while (load.answered < requests) await sleep(10)
  await load.stop()
  const { answered, lost, stale } = load
  const middle = times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0
  process.stdout.write(
    `| engine | reloads | requests | lost | old code after new | ms to the first new answer |
| --- | ---: | ---: | ---: | ---: | ---: |
| ${engine} | ${reloads} | ${answered} | ${lost.length} | ${stale} | ${middle.toFixed(0)} |\n`,
  )
  for (const reason of new Set(lost)) process.stdout.write(`lost: ${reason}\n`)
  return lost.length === 0 && stale === 0
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      reloads: { type: 'string', default: '100' },
      requests: { type: 'string', default: '200000' },
      engine: { type: 'string', default: 'daemon' },
      python: { type: 'string', default: 'python3' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return true
  }
  const folder = mkdtempSync(join(tmpdir(), 'taipan-reload-'))
  process.once('SIGINT', () => void stopAllChildren().finally(() => process.exit(130)))
  try {
    const { engine, python } = values
    const counts = { reloads: Number(values.reloads), requests: Number(values.requests) }
    return await measure(folder, { ...counts, engine, python })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (!(await main())) process.exitCode = 1
