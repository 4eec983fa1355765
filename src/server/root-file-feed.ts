import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { TaipanError } from '../core/errors.ts'
import type { Logger } from '../core/logger.ts'
import type { FileFeed } from '../streams/tls/file-feed.ts'
import type { FileTexts } from '../streams/tls/file-texts.ts'
import type { MessageFromFileReader, MessageToFileReader } from './file-reader-program.ts'

// Node itself can run only the built program; the path is the same from `src/` and from `dist/`.
const PROGRAM = fileURLToPath(new URL('../../dist/server/file-reader-program.js', import.meta.url))

/**
 * Looks at files that only root can read, for a server that gives up its rights: a process keeps them that can do one
 * thing, to tell what is in the files that it was told of at first.
 */
export class RootFileFeed implements FileFeed {
  readonly #paths: readonly string[]
  readonly #logger: Logger
  readonly #looks = new Map<number, () => void>()
  #child: ChildProcess | undefined
  #count = 0

  constructor(paths: readonly string[], logger: Logger) {
    this.#paths = paths
    this.#logger = logger
  }

  /** Rejects with `INTERNAL` if the process ends. */
  async start(listener: (texts: FileTexts) => void): Promise<FileTexts> {
    const options = { detached: true, execArgv: [], cwd: '/', env: {} }
    const child = fork(PROGRAM, [], options)
    this.#child = child
    // It lives as long as this process.
    child.unref()
    const first = new Promise<FileTexts>((resolve) => {
      let take = (texts: FileTexts): void => {
        take = listener
        resolve(texts)
      }
      child.on('message', (message: MessageFromFileReader) => {
        if (message.type === 'texts') take(message.texts)
        else this.#noteLooked(message.id)
      })
    })
    this.#send({ type: 'read', paths: this.#paths })
    const texts = await Promise.race([first, once(child, 'exit').then(() => undefined)])
    child.channel?.unref()
    if (texts === undefined)
      throw new TaipanError('INTERNAL', 'the process that reads certificates has ended')
    child.once('exit', () => this.#noteEnd())
    return texts
  }

  look(): Promise<void> {
    if (this.#child?.connected !== true) return Promise.resolve()
    this.#count += 1
    const id = this.#count
    return new Promise((resolve) => {
      this.#looks.set(id, resolve)
      this.#send({ type: 'look', id })
    })
  }

  stop(): void {
    const child = this.#child
    this.#child = undefined
    if (child?.connected === true) child.disconnect()
    for (const id of this.#looks.keys()) this.#noteLooked(id)
  }

  #send(message: MessageToFileReader): void {
    if (this.#child?.connected === true) this.#child.send(message, () => {})
  }

  #noteLooked(id: number): void {
    this.#looks.get(id)?.()
    this.#looks.delete(id)
  }

  #noteEnd(): void {
    for (const id of this.#looks.keys()) this.#noteLooked(id)
    if (this.#child === undefined) return
    this.#child = undefined
    this.#logger.error(
      {},
      'the process that reads certificates as root has ended; those in use stay until the server is restarted',
    )
  }
}
