import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import type { TaipanError } from '../../../../src/core/errors.ts'
import { loadSystemFfi } from '../../../../src/native/system-ffi.ts'
import type { ConnectPlace } from '../../../../src/streams/net/net-connector.ts'
import type { ProgramAddresses } from '../../../../src/upstreams/spawned/program-addresses.ts'
import type { ProgramSettings } from '../../../../src/upstreams/spawned/program-settings.ts'
import { findListening, nameProgram } from '../../../../src/upstreams/spawned/program-words.ts'
import { ProgramSupervisor } from '../../../../src/upstreams/spawned/program-supervisor.ts'
import { PYTHON } from '../../../support/backend-lab.ts'
import { DEADLINE } from '../../../support/deadlines.ts'
import { createProject } from '../../../support/project.ts'
import { pollUntil } from '../../../support/raw-client.ts'
import { PROGRAMS } from './programs.ts'

/** The addresses of a program, and the requests that tests have there. */
class KnownAddresses implements ProgramAddresses {
  readonly places = new Set<ConnectPlace>()
  /** Codes of the failures. */
  readonly failures: string[] = []
  readonly #answered = new Map<ConnectPlace, number>()
  readonly #running = new Map<ConnectPlace, Set<Promise<unknown>>>()

  add(address: ConnectPlace): void {
    this.places.add(address)
  }

  async remove(address: ConnectPlace): Promise<void> {
    this.places.delete(address)
    const running = this.#running.get(address)
    if (running !== undefined) await Promise.allSettled(running)
  }

  countAnswered(address: ConnectPlace): number {
    return this.#answered.get(address) ?? 0
  }

  fail(error: TaipanError): void {
    this.failures.push(error.code)
  }

  /** The answer to a line, from the address after the `turn` before. */
  ask(line: string, turn = 0): Promise<string> {
    const places = [...this.places]
    const place = places[turn % places.length]
    if (place === undefined) return Promise.reject(new Error('no address'))
    const answer = exchangeLine(place, line)
    const count = (): void => void this.#answered.set(place, this.countAnswered(place) + 1)
    answer.then(count, () => {})
    const running = this.#running.get(place) ?? new Set()
    this.#running.set(place, running.add(answer))
    return answer
  }
}

function exchangeLine(place: ConnectPlace, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(place.kind === 'unix' ? { path: place.path } : { ...place })
    let text = ''
    socket.setTimeout(DEADLINE, () => socket.destroy(new Error(`no answer to ${line}`)))
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('end', () => (text === '' ? reject(new Error('nothing')) : resolve(text.trim())))
    socket.on('error', reject)
    socket.write(`${line}\n`)
  })
}

/** A supervisor with a program in a folder of its own. */
export async function supervise(
  words: readonly string[],
  options: Partial<ProgramSettings> & { readonly files?: Readonly<Record<string, string>> } = {},
) {
  const { files, ...settings } = options
  const project = createProject({ ...PROGRAMS, ...files })
  const addresses = new KnownAddresses()
  const records: { readonly level: string; readonly text: string; readonly fields: object }[] = []
  const keep = (level: string) => (fields: object, text: string) =>
    void records.push({ level, text, fields })
  const supervisor = new ProgramSupervisor({
    settings: {
      name: nameProgram(words),
      words,
      listening: findListening(words) ?? 'inherited',
      directory: project.folder,
      environment: { PATH: process.env['PATH'] ?? '' },
      processes: 1,
      startup: { ms: DEADLINE, name: 'timeouts.startup' },
      shutdown: DEADLINE,
      ...settings,
    },
    addresses,
    logger: {
      debug: keep('debug'),
      output: keep('output'),
      info: keep('info'),
      warn: keep('warn'),
      error: keep('error'),
    },
    loadDuplicate: async () => {
      const ffi = await loadSystemFfi()
      return (descriptor) => ffi.duplicate(descriptor)
    },
  })
  return {
    project,
    supervisor,
    addresses,
    records,
    texts: () => records.map(({ level, text }) => `${level} ${text}`).join('\n'),
    waitForText: (pattern: RegExp) =>
      pollUntil(
        () => records.find(({ level, text }) => pattern.test(`${level} ${text}`)),
        String(pattern),
      ),
    pids: () => [...supervisor.members].map(({ pid }) => pid),
    async [Symbol.asyncDispose]() {
      await supervisor.stop()
      project[Symbol.dispose]()
    },
  }
}

/** The words of a program that answers lines. */
export function answering(where: string): string[] {
  return [PYTHON, 'answer.py', where]
}

/** The files of a folder that is gone, or not. */
export function listFolder(folder: string): string[] | undefined {
  try {
    return readdirSync(folder)
  } catch {
    return undefined
  }
}
