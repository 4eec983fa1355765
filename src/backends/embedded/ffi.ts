import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { isMainThread } from 'node:worker_threads'

import type { Koffi, NativeLibrary } from '../../native/koffi.ts'
import { enlargeStack, importKoffi } from './koffi.ts'

const { SIGINT, SIGPIPE, SIGXFSZ } = constants.signals
const HANDLED_SIGNALS = [SIGINT, SIGPIPE, SIGXFSZ]
const RTLD_NOW = 2
/** Larger than `struct sigaction` on any Linux. */
const SIGACTION_BYTES = 512

/** C types with their JavaScript types. */
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

/** Type of the result, then types of the parameters. */
export type CSignature = readonly [keyof CValues, ...(keyof CValues)[]]

/** A C function, as JavaScript calls it. */
export type CFunction<S extends CSignature> = S extends readonly [
  infer Result extends keyof CValues,
  ...infer Parameters extends readonly (keyof CValues)[],
]
  ? (...values: { [Index in keyof Parameters]: CValues[Parameters[Index]] }) => CValues[Result]
  : never

/** Watches a descriptor for input. */
export interface Watcher {
  /** Does not keep the process alive. */
  unref(): void
  ref(): void
  close(): void
}

/** Result of the initialization of Python. */
interface PyStatus {
  /** 0 for success. */
  readonly _type: number
  readonly func: string | null
  readonly err_msg: string | null
  readonly exitcode: number
}

let loading: Promise<Ffi> | undefined

/** Loads access to C functions once. Rejects with PYTHON_NOT_EMBEDDABLE if that is impossible. */
export function loadFfi(): Promise<Ffi> {
  loading ??= openFfi()
  return loading
}

async function openFfi(): Promise<Ffi> {
  const koffi = await importKoffi()
  enlargeStack(koffi)
  return new Ffi(koffi)
}

/** Loaded native addons whose paths contain a name. Read from the system, because test runners load addons in their own way. */
function findAddons(name: string): string[] {
  const files = readFileSync('/proc/self/maps', 'utf8').match(/\/.+\.node$/gm) ?? []
  return [...new Set(files)].filter((file) => file.includes(name))
}

/** What Python and its host ask of C and of the platform. */
export class Ffi {
  readonly #koffi: Koffi
  readonly #process: NativeLibrary
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

  /** Opens a library; its symbols are visible to libraries loaded later. Throws if it cannot be opened. */
  open(file: string): NativeLibrary {
    const library = this.#koffi.load(file, { global: true, lazy: false })
    // Opened again, because the end of a worker thread closes what it has loaded, while Python's threads and koffi still use it.
    const keep = this.find(undefined, 'dlopen', ['void *', 'str', 'int'])
    for (const one of [file, ...findAddons('koffi')]) keep(one, RTLD_NOW)
    return library
  }

  /** Closes a descriptor that does not belong to Node. */
  close(descriptor: number): void {
    this.#close(descriptor)
  }

  /** A function of a library; of the node program and the C library if `library` is undefined. Throws if there is none. */
  find<const S extends CSignature>(
    library: NativeLibrary | undefined,
    name: string,
    signature: S,
  ): CFunction<S> {
    return this.functionAt((library ?? this.#process).symbol(name), signature)
  }

  has(library: NativeLibrary, name: string): boolean {
    try {
      library.symbol(name)
      return true
    } catch {
      return false
    }
  }

  /** A function that returns a `PyStatus`. */
  findStatus(library: NativeLibrary, name: string, parameters: readonly (keyof CValues)[]) {
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

  /** Memory at an address; the caller keeps it valid while the buffer is used. */
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

  /** Address of a buffer, which must stay reachable while C uses the address. */
  addressOf(buffer: Uint8Array): bigint {
    return this.#koffi.address(buffer)
  }

  /** A `wchar_t` string that is never freed, because Python keeps the pointer. */
  wideString(text: string): bigint {
    const memory = Uint32Array.from(Array.from(`${text}\0`, (point) => point.codePointAt(0) ?? 0))
    this.#kept.push(memory)
    return this.#koffi.address(memory)
  }

  /** Two connected Unix sockets with close-on-exec. Throws if there are no more descriptors. */
  socketPair(): [number, number] {
    const AF_UNIX = 1
    const SOCK_STREAM_CLOEXEC = 1 | 0o2000000
    const ends = new Int32Array(2)
    if (this.#socketPair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, this.#koffi.address(ends)) !== 0)
      throw new Error(`cannot create a socket pair: system error ${this.#koffi.errno()}`)
    const [one = -1, other = -1] = ends
    return [one, other]
  }

  /** A variable of the process itself; `process.env` of a worker thread is only a copy. */
  getEnvironment(name: string): string | null {
    return this.#getEnvironment(name)
  }

  /** Sets or removes a variable of the process itself. */
  setEnvironment(name: string, value: string | null): void {
    if (value === null) this.#removeEnvironment(name)
    else this.#setEnvironment(name, value, 1)
  }

  /** Changes the working directory of the process. Throws if the folder cannot be entered. */
  changeDirectory(folder: string): void {
    if (isMainThread) process.chdir(folder)
    else if (this.#changeDirectory(folder) !== 0)
      throw new Error(`cannot enter ${folder}: system error ${this.#koffi.errno()}`)
  }

  /** Saves the handlers of the signals that Python changes at its start; returns a function that restores them. */
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
   * Calls `onReadable` on this thread's event loop as long as the descriptor is readable. Promises and ticks do not run
   * after the callback, so it should only call `setImmediate`, which runs after all descriptors.
   */
  watchReadable(descriptor: number, onReadable: () => void): Watcher {
    return this.#koffi.node.poll(descriptor, { readable: true }, onReadable)
  }
}
