import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { isMainThread, Worker } from 'node:worker_threads'

import { createEmbeddedBackend } from '../../../../src/backends/embedded/embedded-backend.ts'
import type { Backend } from '../../../../src/core/backend.ts'
import { labApplication, resolveLabGroup } from '../../../support/backend-lab.ts'
import { startFront } from '../../../support/front.ts'
import { fetchRaw } from '../../../support/raw-client.ts'

/** A program with embedded Python; its command line names the task. */
const folder = mkdtempSync(path.join(tmpdir(), 'taipan-program-'))
const [, , task = '', ...values] = process.argv
const home = process.env['LAB_PYTHONHOME']
const logger = {
  debug: () => {},
  output: (_: object, text: string) => console.log(text),
  info: (_: object, text: string) => console.log(text),
  warn: (_: object, text: string) => console.log(text),
  error: (_: object, text: string) => console.log(text),
}

function createBackend(python?: string): Backend {
  const group = resolveLabGroup(folder, {
    applications: [labApplication({ target: 'embedded_lab.py' })],
    timeouts: { shutdown: 2000 },
    environment: { ...(home !== undefined && { PYTHONHOME: home }) },
    ...(python !== undefined && { python }),
  })
  return createEmbeddedBackend(group, { logger })
}

async function serveAndAsk(...names: string[]): Promise<() => Promise<void>> {
  const backend = createBackend(values[0])
  await backend.start()
  const front = await startFront((exchange) =>
    backend.run(exchange, {
      application: 'lab',
      scriptName: '',
      pathInfo: exchange.request.path,
    }),
  )
  for (const name of names) console.log(name, (await fetchRaw(front.url, `/${name}`)).text)
  return async () => {
    await backend.stop()
    await front.stop()
  }
}

/** Test runners that isolate modules load native addons without the cache of `require`. */
async function hideAddons(): Promise<void> {
  await import('koffi')
  const { cache } = createRequire(import.meta.url)
  for (const file of Object.keys(cache))
    if (file.endsWith('.node')) Reflect.deleteProperty(cache, file)
}

const TASKS: Readonly<Record<string, () => Promise<void>>> = {
  /** Exits while threads of Python run, without a stop. */
  async exit() {
    await serveAndAsk('thread', 'busy-thread', 'lasting-thread', 'last-words')
    process.exit(7)
  },
  /** Ends by itself after a stop. */
  async return() {
    const stop = await serveAndAsk('thread', 'busy-thread', 'lasting-thread', 'last-words')
    await stop()
    console.log('stopped')
  },
  /** Ends by itself; threads started by requests end before the stop is complete. */
  async job() {
    const stop = await serveAndAsk('job')
    await stop()
    console.log('journal', readFileSync(path.join(folder, 'journal'), 'utf8').split('\n').join(' '))
  },
  /** Exits with a process pool, without a stop. */
  async pool() {
    await serveAndAsk('pool')
    process.exit(7)
  },
  async worker() {
    if (!isMainThread) {
      const stop = await serveAndAsk('ticks')
      await stop()
      return
    }
    for (let i = 0; i < 2; i++) {
      const worker = new Worker(process.argv[1] ?? '', { argv: ['worker'] })
      worker.on('error', (error) => console.log(error.message))
      await new Promise((resolve) => {
        worker.once('exit', resolve)
      })
    }
  },
  /** Terminates a worker thread that serves. */
  async terminate() {
    if (!isMainThread) {
      await hideAddons()
      await serveAndAsk('ticks')
      return
    }
    const worker = new Worker(process.argv[1] ?? '', { argv: ['terminate'], stdout: true })
    await once(worker.stdout, 'data')
    console.log('terminated', await worker.terminate())
  },
  async other() {
    const [first, second] = values.map(createBackend)
    await first?.start()
    console.log(await second?.start().catch((error: unknown) => error))
    await Promise.all([first?.stop(), second?.stop()])
  },
  async start() {
    console.log(
      await createBackend(values[0])
        .start()
        .catch((error: unknown) => error),
    )
  },
}

process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
await TASKS[task]?.()
