import { enlargeStack, importKoffi, type Koffi, type NativeLibrary } from './koffi.ts'

let loading: Promise<SystemFfi> | undefined

/** Loads access to the C library for a process without Python, once. Rejects with `NATIVE_CALLS` if that is impossible. */
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

/** Calls of the system that Node lacks. */
export class SystemFfi {
  readonly #koffi: Koffi
  readonly #duplicate: (fd: number, command: number, type: 'int', least: number) => number
  readonly #createMemory: (name: string, flags: number) => number
  readonly #map: (...values: readonly (number | null)[]) => number | bigint
  readonly #shutDown: (fd: number, how: number) => number
  readonly #wait: (pid: number, status: null, options: number) => number
  readonly #trimMemory: ((keep: number) => number) | undefined
  readonly #openSocket: (family: number, type: number, protocol: number) => number
  readonly #sendTo: (...values: readonly (number | Uint8Array)[]) => number
  readonly #readOption: (...values: readonly (number | Uint8Array)[]) => number

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
    this.#openSocket = library.func('socket', 'int', ['int', 'int', 'int'])
    const message = ['int', 'const uint8_t *', 'size_t', 'int', 'const uint8_t *', 'uint']
    this.#sendTo = library.func('sendto', 'intptr_t', message)
    const optionParts = ['int', 'int', 'int', '_Inout_ uint8_t *', '_Inout_ uint8_t *']
    this.#readOption = library.func('getsockopt', 'int', optionParts)
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

  /** Opens a datagram socket for `sendDatagram`; it never blocks. Throws if there are no more descriptors. */
  openDatagramSocket(): number {
    const AF_UNIX = 1
    const SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0x8_00_00 | 0x8_00
    return this.#check(
      this.#openSocket(AF_UNIX, SOCK_DGRAM_CLOEXEC_NONBLOCK, 0),
      'a datagram socket cannot be opened',
    )
  }

  /**
   * Sends a message to the Unix datagram socket at a path, or with an abstract name, which begins with `@`. Returns the
   * number of the system's error: 0 for none, 11 (EAGAIN) if the receiver is behind.
   */
  sendDatagram(socket: number, path: string, message: Uint8Array): number {
    const MSG_NOSIGNAL = 0x40_00
    const address = formatUnixAddress(path)
    const sent = this.#sendTo(
      socket,
      message,
      message.length,
      MSG_NOSIGNAL,
      address,
      address.length,
    )
    return sent === -1 ? this.#koffi.errno() : 0
  }

  /** Who has opened the other end of a Unix stream socket (SO_PEERCRED); undefined if the system does not tell. */
  readPeer(descriptor: number): { readonly pid: number; readonly uid: number } | undefined {
    const SOL_SOCKET = 1
    const SO_PEERCRED = 17
    const found = new Uint8Array(12)
    const length = new Uint8Array(new Uint32Array([found.length]).buffer)
    if (this.#readOption(descriptor, SOL_SOCKET, SO_PEERCRED, found, length) === -1)
      return undefined
    const [pid = 0, uid = 0] = new Uint32Array(found.buffer)
    return { pid, uid }
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

function findTrim(library: NativeLibrary): ((keep: number) => number) | undefined {
  try {
    return library.func('malloc_trim', 'int', ['size_t'])
  } catch {
    // musl has none.
    return undefined
  }
}

/** `struct sockaddr_un` of Linux. */
function formatUnixAddress(path: string): Uint8Array {
  const AF_UNIX = 1
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`)
  return Buffer.concat([new Uint8Array(new Uint16Array([AF_UNIX]).buffer), name])
}
