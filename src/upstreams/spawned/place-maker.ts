import { mkdtempSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TaipanError } from '../../core/errors.ts'
import { keepSocket } from '../../streams/listening/kept-socket.ts'
import { openNetListener } from '../../streams/net/net-listener.ts'
import type { ProgramPlace } from './program-place.ts'
import type { ProgramListening } from './program-settings.ts'

/** Duplicates a descriptor, with close-on-exec. */
export type Duplicate = (descriptor: number) => number

const HOST = '127.0.0.1'
/** Longest path of a Unix socket that every system supports. */
const LONGEST_PATH = 103

/** Makes places for processes to listen at, in a temporary folder that only this user may enter. */
export class PlaceMaker {
  readonly #loadDuplicate: () => Promise<Duplicate>
  #folder: string | undefined
  #count = 0

  constructor(loadDuplicate: () => Promise<Duplicate>) {
    this.#loadDuplicate = loadDuplicate
  }

  /** The folder of the sockets; it is made by the first call. */
  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), `taipan-programs-${process.pid}-`))
    return this.#folder
  }

  /** Rejects with `ADDRESS_UNUSABLE` or `PROGRAM_START`. */
  async make(listening: ProgramListening): Promise<ProgramPlace> {
    if (listening === 'port') return await makePort()
    const path = join(this.folder, `${++this.#count}.sock`)
    if (listening === 'inherited') return await this.#makeInherited(path)
    validatePath(path)
    return {
      address: { kind: 'unix', path },
      words: { socket: path },
      descriptor: undefined,
      close: () => remove(path),
    }
  }

  /** Removes the folder. */
  close(): void {
    if (this.#folder === undefined) return
    rmSync(this.#folder, { recursive: true, force: true })
    this.#folder = undefined
  }

  async #makeInherited(path: string): Promise<ProgramPlace> {
    const duplicate = await this.#getDuplicate()
    const socket = await keepSocket({ kind: 'unix', path }, duplicate)
    return {
      address: { kind: 'unix', path },
      words: { fd: '0' },
      descriptor: socket.descriptor,
      close: () => socket.close(),
    }
  }

  async #getDuplicate(): Promise<Duplicate> {
    try {
      return await this.#loadDuplicate()
    } catch (error) {
      throw new TaipanError(
        'PROGRAM_START',
        'a listening socket for programs cannot be kept without the package koffi, which cannot be loaded: install it, or let the program listen itself, with {socket} in its words',
        { cause: error },
      )
    }
  }
}

/** A port that is free now. If another program takes it first, the program fails and is started again with another port. */
async function makePort(): Promise<ProgramPlace> {
  const socket = await openNetListener({ kind: 'tcp', host: HOST, port: 0 }, (stream) =>
    stream.destroy(),
  )
  const { address } = socket
  await socket.close()
  if (typeof address !== 'object') throw new Error('no port')
  const { port } = address
  return {
    address: { kind: 'tcp', host: HOST, port },
    words: { port: String(port) },
    descriptor: undefined,
    close: () => {},
  }
}

function validatePath(path: string): void {
  if (Buffer.byteLength(path) > LONGEST_PATH)
    throw new TaipanError(
      'ADDRESS_UNUSABLE',
      `cannot make sockets for programs: ${path} is longer than ${LONGEST_PATH} bytes; set TMPDIR to a shorter path`,
    )
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // The program has removed it, or never made it.
  }
}
