import { enlargeStack, importKoffi, type Koffi, type PythonLibrary } from './koffi.ts'

let loading: Promise<SystemFfi> | undefined

/** Loads access to the C library for a process without Python, once. Rejects with PYTHON_NOT_EMBEDDABLE if that is impossible. */
export function loadSystemFfi(): Promise<SystemFfi> {
  loading ??= openSystemFfi()
  return loading
}

async function openSystemFfi(): Promise<SystemFfi> {
  const koffi = await importKoffi()
  try {
    enlargeStack(koffi)
  } catch {
    // Matters only if Python is started in this process later.
  }
  return new SystemFfi(koffi)
}

/** System calls for processes that share sockets. */
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

  /** Duplicates a descriptor, with close-on-exec. Throws if there are no more descriptors. */
  duplicate(descriptor: number): number {
    const F_DUPFD_CLOEXEC = 1030
    const LEAST = 3
    return this.#check(
      this.#duplicate(descriptor, F_DUPFD_CLOEXEC, 'int', LEAST),
      `descriptor ${descriptor} cannot be duplicated`,
    )
  }

  /** Makes a file in memory, which exists until its last descriptor is closed. Throws if there are no more descriptors. */
  createMemory(name: string): number {
    const MFD_CLOEXEC = 1
    return this.#check(this.#createMemory(name, MFD_CLOEXEC), 'cannot create shared memory')
  }

  /** Maps the first bytes of such a file as memory shared by all processes that map it. Stays until this process ends. */
  mapMemory(descriptor: number, bytes: number): ArrayBuffer {
    const PROT_READ_WRITE = 3
    const MAP_SHARED = 1
    const address = BigInt(this.#map(null, bytes, PROT_READ_WRITE, MAP_SHARED, descriptor, 0))
    this.#check(Number(BigInt.asIntN(64, address)), 'cannot map shared memory')
    return this.#koffi.view(address, bytes)
  }

  /** Reaps an ended child process that Node did not start. */
  reap(pid: number): void {
    const WNOHANG = 1
    this.#wait(pid, null, WNOHANG)
  }

  /** Returns free memory to the system, if the C library can: glibc keeps free pages between used ones otherwise. */
  releaseMemory(): void {
    this.#trimMemory?.(0)
  }

  /** Makes a listening socket refuse connections, in all processes that have it open. */
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
