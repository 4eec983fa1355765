import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { isMainThread } from 'node:worker_threads'

import type koffi from 'koffi'

import { TaipanError } from '../../core/errors.ts'

/** The most that koffi allows. Python's own limits on recursion fit into it on every version. */
const STACK_BYTES = 16 * 1024 * 1024
const { SIGINT, SIGPIPE, SIGXFSZ } = constants.signals
const HANDLED_SIGNALS = [SIGINT, SIGPIPE, SIGXFSZ]
const RTLD_NOW = 2
/** More than a `struct sigaction` has on any Linux. */
const SIGACTION_BYTES = 512
const INSTEAD = 'use daemon mode (-e daemon), which works without'

/** A library that was opened. */
export type PythonLibrary = ReturnType<Koffi['load']>

/** C types, and what they are in JavaScript. */
export interface CValues {
  void: void
  int: number
  uint32: number
  size_t: number
  int64: number
  double: number
  /** An address; null is 0. */
  'void *': bigint | null
  /** UTF-8 text that ends with NUL; null is 0. */
  str: string | null
}

/** The type of the result, then those of the parameters. */
export type CSignature = readonly [keyof CValues, ...(keyof CValues)[]]

/** A function in C, as JavaScript calls it. */
export type CFunction<S extends CSignature> = S extends readonly [
  infer Result extends keyof CValues,
  ...infer Parameters extends readonly (keyof CValues)[],
]
  ? (...values: { [Index in keyof Parameters]: CValues[Parameters[Index]] }) => CValues[Result]
  : never

/** Calls back when a descriptor can be read. */
export interface Watcher {
  /** Lets the process end although it watches. */
  unref(): void
  ref(): void
  close(): void
}

/** How the initialization of Python ended. */
interface PyStatus {
  /** 0 when all went well. */
  readonly _type: number
  readonly func: string | null
  readonly err_msg: string | null
  readonly exitcode: number
}

type Koffi = typeof koffi

let loading: Promise<Ffi> | undefined
let loadingSystem: Promise<SystemFfi> | undefined

/** The way to C, loaded once. Rejects with PYTHON_NOT_EMBEDDABLE where there is none. */
export function loadFfi(): Promise<Ffi> {
  loading ??= openFfi()
  return loading
}

/** The way to the C library in a process without Python, loaded once. Rejects with PYTHON_NOT_EMBEDDABLE where there is none. */
export function loadSystemFfi(): Promise<SystemFfi> {
  loadingSystem ??= openSystemFfi()
  return loadingSystem
}

async function openFfi(): Promise<Ffi> {
  const koffi = await importKoffi()
  enlargeStack(koffi)
  return new Ffi(koffi)
}

async function openSystemFfi(): Promise<SystemFfi> {
  const koffi = await importKoffi()
  try {
    enlargeStack(koffi)
  } catch {
    // Python may come to this process later, but need not.
  }
  return new SystemFfi(koffi)
}

async function importKoffi(): Promise<Koffi> {
  if (process.platform !== 'linux')
    throw notEmbeddable(
      `embedded mode runs on Linux only so far, and this is ${process.platform}; ${INSTEAD}`,
    )
  try {
    return (await import('koffi')).default
  } catch (error) {
    throw notEmbeddable(
      `embedded mode needs the package koffi with its part for ${process.platform}-${process.arch}, which cannot be loaded; install it with "npm install koffi" without --omit=optional, or ${INSTEAD}`,
      error,
    )
  }
}

function enlargeStack(koffi: Koffi): void {
  if (koffi.config().sync_stack_size === STACK_BYTES) return
  try {
    koffi.config({ sync_stack_size: STACK_BYTES })
  } catch (error) {
    throw notEmbeddable(
      `another part of this program has used koffi before, with a C stack that is too small for Python; set koffi.config({ sync_stack_size: ${STACK_BYTES} }) there first, or ${INSTEAD}`,
      error,
    )
  }
}

/** The files of loaded native parts whose paths name a package, whoever loaded them: test runners have loaders of their own. */
function findAddons(name: string): string[] {
  const files = readFileSync('/proc/self/maps', 'utf8').match(/\/.+\.node$/gm) ?? []
  return [...new Set(files)].filter((file) => file.includes(name))
}

/** An error that says why Python cannot run in this process. */
export function notEmbeddable(message: string, cause?: unknown): TaipanError {
  return new TaipanError('PYTHON_NOT_EMBEDDABLE', message, { cause })
}

/** What processes that share sockets ask of the system. */
export class SystemFfi {
  readonly #koffi: Koffi
  readonly #duplicate: (fd: number, command: number, type: 'int', least: number) => number
  readonly #createMemory: (name: string, flags: number) => number
  readonly #map: (...values: readonly (number | null)[]) => number | bigint
  readonly #shutDown: (fd: number, how: number) => number
  readonly #trimMemory: ((keep: number) => number) | undefined

  constructor(koffi: Koffi) {
    this.#koffi = koffi
    const library = koffi.load(null)
    this.#duplicate = library.func('fcntl', 'int', ['int', 'int', '...'])
    this.#createMemory = library.func('memfd_create', 'int', ['str', 'uint'])
    const map = ['void *', 'size_t', 'int', 'int', 'int', 'int64']
    this.#map = library.func('mmap', 'uintptr_t', map)
    this.#shutDown = library.func('shutdown', 'int', ['int', 'int'])
    this.#trimMemory = findTrim(library)
  }

  /** A second descriptor of the same file or socket, closed in programs that are started. Throws when there are no more. */
  duplicate(descriptor: number): number {
    const F_DUPFD_CLOEXEC = 1030
    const LEAST = 3
    return this.#check(
      this.#duplicate(descriptor, F_DUPFD_CLOEXEC, 'int', LEAST),
      `descriptor ${descriptor} cannot be duplicated`,
    )
  }

  /** A file that is only in memory, and is gone with its last descriptor. Throws when there are no more. */
  createMemory(name: string): number {
    const MFD_CLOEXEC = 1
    return this.#check(this.#createMemory(name, MFD_CLOEXEC), 'no shared memory can be made')
  }

  /** The first bytes of such a file as memory that all processes see which map it, until this one ends. */
  mapMemory(descriptor: number, bytes: number): ArrayBuffer {
    const PROT_READ_WRITE = 3
    const MAP_SHARED = 1
    const address = BigInt(this.#map(null, bytes, PROT_READ_WRITE, MAP_SHARED, descriptor, 0))
    this.#check(Number(BigInt.asIntN(64, address)), 'memory cannot be shared')
    return this.#koffi.view(address, bytes)
  }

  /** Gives free memory back to the system, where the C library can: in glibc, pages between what is still used stay otherwise. */
  releaseMemory(): void {
    this.#trimMemory?.(0)
  }

  /** Lets nobody connect any more, in whatever processes the listening socket is open. */
  shutDown(descriptor: number): void {
    const SHUT_RDWR = 2
    this.#shutDown(descriptor, SHUT_RDWR)
  }

  #check(result: number, what: string): number {
    if (result === -1) throw new Error(`${what}: error ${this.#koffi.errno()} of the system`)
    return result
  }
}

function findTrim(library: PythonLibrary): ((keep: number) => number) | undefined {
  try {
    return library.func('malloc_trim', 'int', ['size_t'])
  } catch {
    // musl has none.
    return undefined
  }
}

/** What is called in C and known of the platform: nothing outside this file knows either. */
export class Ffi {
  readonly #koffi: Koffi
  readonly #process: PythonLibrary
  readonly #kept: unknown[] = []
  readonly #socketPair: CFunction<['int', 'int', 'int', 'int', 'void *']>
  readonly #getEnvironment: CFunction<['str', 'str']>
  readonly #setEnvironment: CFunction<['int', 'str', 'str', 'int']>
  readonly #changeDirectory: CFunction<['int', 'str']>
  readonly #close: CFunction<['int', 'int']>
  readonly #setSignal: CFunction<['int', 'int', 'void *', 'void *']>
  readonly #removeEnvironment: CFunction<['int', 'str']>

  constructor(koffi: Koffi) {
    this.#koffi = koffi
    this.#process = koffi.load(null)
    this.#socketPair = this.find(undefined, 'socketpair', ['int', 'int', 'int', 'int', 'void *'])
    this.#getEnvironment = this.find(undefined, 'getenv', ['str', 'str'])
    this.#setEnvironment = this.find(undefined, 'setenv', ['int', 'str', 'str', 'int'])
    this.#changeDirectory = this.find(undefined, 'chdir', ['int', 'str'])
    this.#close = this.find(undefined, 'close', ['int', 'int'])
    this.#setSignal = this.find(undefined, 'sigaction', ['int', 'int', 'void *', 'void *'])
    this.#removeEnvironment = this.find(undefined, 'unsetenv', ['int', 'str'])
  }

  /** Opens a library; its symbols can be found by all that is loaded later. Throws when it cannot be opened. */
  open(file: string): PythonLibrary {
    const library = this.#koffi.load(file, { global: true, lazy: false })
    // What a worker thread has loaded is closed when that ends: under Python's threads, and before koffi has gone.
    const keep = this.find(undefined, 'dlopen', ['void *', 'str', 'int'])
    for (const one of [file, ...findAddons('koffi')]) keep(one, RTLD_NOW)
    return library
  }

  /** Closes a descriptor that Node does not know. */
  close(descriptor: number): void {
    this.#close(descriptor)
  }

  /** A function of a library, or of the node program and the C library when `library` is undefined. Throws when it has none. */
  find<const S extends CSignature>(
    library: PythonLibrary | undefined,
    name: string,
    signature: S,
  ): CFunction<S> {
    return this.functionAt((library ?? this.#process).symbol(name), signature)
  }

  has(library: PythonLibrary, name: string): boolean {
    try {
      library.symbol(name)
      return true
    } catch {
      return false
    }
  }

  /** A function that gives a `PyStatus`. */
  findStatus(library: PythonLibrary, name: string, parameters: readonly (keyof CValues)[]) {
    const status = this.#koffi.struct({
      _type: 'int',
      func: 'const char *',
      err_msg: 'const char *',
      exitcode: 'int',
    })
    const found: (...values: unknown[]) => PyStatus = library.func(name, status, [...parameters])
    return found
  }

  /** The function at an address. Each call runs on koffi's stack, in the thread of the caller. */
  functionAt<const S extends CSignature>(address: bigint, signature: S): CFunction<S> {
    const [result, ...parameters] = signature
    const found: CFunction<S> = this.#koffi.decode(address, this.#koffi.proto(result, parameters))
    return found
  }

  /** Memory at an address; the caller keeps it valid as long as the buffer is used. */
  viewAt(address: bigint, bytes: number): Buffer {
    return Buffer.from(this.#koffi.view(address, bytes))
  }

  /** UTF-8 text at an address. */
  textAt(address: bigint, bytes: number): string {
    return bytes === 0 ? '' : this.#koffi.decode.string(address, bytes)
  }

  /** Text at an address that ends with NUL; null is 0. */
  stringAt(address: bigint): string {
    return this.#koffi.decode.string(address)
  }

  /** Where the bytes of a buffer lie; it must stay reachable as long as C uses the address. */
  addressOf(buffer: Uint8Array): bigint {
    return this.#koffi.address(buffer)
  }

  /** A `wchar_t` string that is never freed: Python keeps the pointer. */
  wideString(text: string): bigint {
    const memory = Uint32Array.from(Array.from(`${text}\0`, (point) => point.codePointAt(0) ?? 0))
    this.#kept.push(memory)
    return this.#koffi.address(memory)
  }

  /** Two connected Unix sockets, closed in programs that are started. Throws when there are no more descriptors. */
  socketPair(): [number, number] {
    const AF_UNIX = 1
    const SOCK_STREAM_CLOEXEC = 1 | 0o2000000
    const ends = new Int32Array(2)
    if (this.#socketPair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, this.#koffi.address(ends)) !== 0)
      throw new Error(`no socket pair can be made: error ${this.#koffi.errno()} of the system`)
    const [one = -1, other = -1] = ends
    return [one, other]
  }

  /** The value in the environment of the process itself, which `process.env` of a worker thread is not. */
  getEnvironment(name: string): string | null {
    return this.#getEnvironment(name)
  }

  /** Sets or removes a variable in the environment of the process itself. */
  setEnvironment(name: string, value: string | null): void {
    if (value === null) this.#removeEnvironment(name)
    else this.#setEnvironment(name, value, 1)
  }

  /** Changes the working directory of the process. Throws when the folder cannot be entered. */
  changeDirectory(folder: string): void {
    if (isMainThread) process.chdir(folder)
    else if (this.#changeDirectory(folder) !== 0)
      throw new Error(`${folder} cannot be entered: error ${this.#koffi.errno()} of the system`)
  }

  /** The handlers of signals that Python looks for at its start, to be put back after it. */
  saveSignals(): () => void {
    const saved = HANDLED_SIGNALS.map((number) => {
      const action = Buffer.alloc(SIGACTION_BYTES)
      this.#setSignal(number, null, this.addressOf(action))
      return { number, action }
    })
    return () => {
      for (const { number, action } of saved) this.#setSignal(number, this.addressOf(action), null)
    }
  }

  /**
   * Calls back on this thread's event loop each time the descriptor can be read, as long as it can. Promises and ticks
   * are not run after the callback: let it do no more than `setImmediate`, which comes right after all descriptors.
   */
  watchReadable(descriptor: number, onReadable: () => void): Watcher {
    return this.#koffi.node.poll(descriptor, { readable: true }, onReadable)
  }
}
