import { enlargeStack, importKoffi, type Koffi, type PythonLibrary } from './koffi.ts'

let loading: Promise<SystemFfi> | undefined

/** The way to the C library in a process without Python, loaded once. Rejects with PYTHON_NOT_EMBEDDABLE where there is none. */
export function loadSystemFfi(): Promise<SystemFfi> {
  loading ??= openSystemFfi()
  return loading
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

/** What processes that share sockets ask of the system. */
export class SystemFfi {
  readonly #koffi: Koffi
  readonly #duplicate: (fd: number, command: number, type: 'int', least: number) => number
  readonly #createMemory: (name: string, flags: number) => number
  readonly #map: (...values: readonly (number | null)[]) => number | bigint
  readonly #shutDown: (fd: number, how: number) => number
  readonly #wait: (pid: number, status: null, options: number) => number
  readonly #trimMemory: ((keep: number) => number) | undefined

  constructor(koffi: Koffi) {
    this.#koffi = koffi
    const library = koffi.load(null)
    this.#duplicate = library.func('fcntl', 'int', ['int', 'int', '...'])
    this.#createMemory = library.func('memfd_create', 'int', ['str', 'uint'])
    const map = ['void *', 'size_t', 'int', 'int', 'int', 'int64']
    this.#map = library.func('mmap', 'uintptr_t', map)
    this.#shutDown = library.func('shutdown', 'int', ['int', 'int'])
    this.#wait = library.func('waitpid', 'int', ['int', 'void *', 'int'])
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

  /** Removes an ended child that Node did not start, and so does not wait for. */
  reap(pid: number): void {
    const WNOHANG = 1
    this.#wait(pid, null, WNOHANG)
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
