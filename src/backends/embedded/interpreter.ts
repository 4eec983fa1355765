import { PYTHON_SCRIPT } from '../python-script.ts'
import type { EmbeddingFacts } from './embeddability.ts'
import type { Ffi } from './ffi.ts'
import type { NativeLibrary } from '../../native/koffi.ts'
import { notEmbeddable } from './koffi.ts'

const EXCHANGE_BYTES = 64

/** Runs Python in this process. There is one per process, and it cannot be ended before the process. */
export class Interpreter {
  readonly ffi: Ffi
  /** The Python that was started. */
  readonly facts: EmbeddingFacts
  readonly #library: NativeLibrary
  readonly #exchange = Buffer.alloc(EXCHANGE_BYTES)
  readonly #call: () => void
  readonly #ensure: () => number

  /**
   * Initializes Python in the calling thread, with the present environment of the process. With `dumpsCrashes` Python handles
   * crash signals and writes its stacks to standard error.
   */
  constructor(ffi: Ffi, facts: EmbeddingFacts, dumpsCrashes = false) {
    this.ffi = ffi
    this.facts = facts
    this.#library = openLibrary(ffi, facts)
    this.#ensure = ffi.find(this.#library, 'PyGILState_Ensure', ['int'])
    const boot = this.#start(dumpsCrashes)
    // Releases the GIL, so that Python threads can run while Node's thread does not need it.
    ffi.find(this.#library, 'PyEval_SaveThread', ['void *'])()
    this.#call = ffi.functionAt(boot, ['void'])
  }

  /**
   * Calls a function, named as in `taipan.embedded.boot:execute`; arguments and result are passed as JSON, so it is slow.
   * Throws an Error when Python raises, with the traceback as its cause.
   */
  call(target: string, ...values: readonly unknown[]): unknown {
    const request = Buffer.from(JSON.stringify([target, values]))
    this.#exchange.writeBigUInt64LE(this.ffi.addressOf(request), 0)
    this.#exchange.writeBigUInt64LE(BigInt(request.length), 8)
    this.#call()
    const answer: unknown = JSON.parse(
      this.ffi.textAt(
        this.#exchange.readBigUInt64LE(16),
        Number(this.#exchange.readBigUInt64LE(24)),
      ),
    )
    if (!isRecord(answer)) throw new Error(`Python gave no answer to ${target}`)
    if (typeof answer['error'] === 'string')
      throw new Error(`${target}: ${answer['error']}`, { cause: answer['traceback'] })
    return answer['value']
  }

  /** Takes the GIL for ever, so that no Python thread runs while the process ends. */
  freeze(): void {
    this.#ensure()
  }

  #start(dumpsCrashes: boolean): bigint {
    const restoreSignals = this.ffi.saveSignals()
    try {
      initialize(this.ffi, this.#library, this.facts)
      return this.#boot(dumpsCrashes)
    } finally {
      restoreSignals()
    }
  }

  #boot(dumpsCrashes: boolean): bigint {
    const run = this.ffi.find(this.#library, 'PyRun_SimpleString', ['int', 'str'])
    const settings = JSON.stringify({ script: PYTHON_SCRIPT, dumpsCrashes })
    const source = [
      'import ctypes, json',
      `script = ${JSON.stringify(PYTHON_SCRIPT)}`,
      'with open(script, "rb") as file:',
      '    exec(compile(file.read(), script, "exec"), {"__name__": "taipan_main", "__file__": script})',
      'from taipan.embedded import boot',
      `address = ${this.ffi.addressOf(this.#exchange)}`,
      'ctypes.c_uint64.from_address(address + 32).value = boot.start(address, json.loads(',
      `    ${JSON.stringify(settings)}`,
      '))',
      'del address, boot, ctypes, file, json, script',
    ].join('\n')
    if (run(source) !== 0)
      throw notEmbeddable(
        `Python ${this.facts.version} started in this process but cannot work there; the reason was written to standard error`,
      )
    return this.#exchange.readBigUInt64LE(32)
  }
}

function openLibrary(ffi: Ffi, { libpython, executable }: EmbeddingFacts): NativeLibrary {
  try {
    return ffi.open(libpython)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw notEmbeddable(
      `${libpython}, the library of ${executable}, cannot be loaded: ${reason}`,
      error,
    )
  }
}

/** Whether Python has been started in this process by any code, because it cannot be started twice. */
export function hasStarted(ffi: Ffi, facts: EmbeddingFacts): boolean {
  try {
    return isInitialized(ffi, openLibrary(ffi, facts))
  } catch {
    return false
  }
}

function isInitialized(ffi: Ffi, library: NativeLibrary): boolean {
  return ffi.find(library, 'Py_IsInitialized', ['int'])() !== 0
}

/** Starts Python as the program `facts.executable` would start: same environment, virtual environment, encoding. */
function initialize(ffi: Ffi, library: NativeLibrary, facts: EmbeddingFacts): void {
  if (isInitialized(ffi, library))
    throw notEmbeddable(
      'Python already runs in another thread of this process, and cannot run in two; start all servers with embedded groups in one thread, or use daemon mode (-e daemon)',
    )
  if (ffi.has(library, 'Py_SetProgramName')) initializeByName(ffi, library, facts)
  else initializeByConfig(ffi, library, facts)
}

/** For Python before 3.15. */
function initializeByName(ffi: Ffi, library: NativeLibrary, facts: EmbeddingFacts): void {
  const prepare = ffi.find(library, 'PyPreConfig_InitPythonConfig', ['void', 'void *'])
  const preInitialize = ffi.findStatus(library, 'Py_PreInitialize', ['void *'])
  // Larger than the struct. The python program is initialized in the same way.
  const config = Buffer.alloc(256)
  prepare(ffi.addressOf(config))
  const status = preInitialize(ffi.addressOf(config))
  if (status._type !== 0)
    throw notEmbeddable(
      `Python ${facts.version} cannot be initialized: ${status.err_msg ?? `exit code ${status.exitcode}`}`,
    )
  ffi.find(library, 'Py_SetProgramName', ['void', 'void *'])(ffi.wideString(facts.executable))
  // 0: Node keeps its signal handlers.
  ffi.find(library, 'Py_InitializeEx', ['void', 'int'])(0)
}

/** For later versions, by PEP 741; starts from an isolated configuration. */
function initializeByConfig(ffi: Ffi, library: NativeLibrary, facts: EmbeddingFacts): void {
  const create = ffi.find(library, 'PyInitConfig_Create', ['void *'])
  const config = create()
  const setInt = ffi.find(library, 'PyInitConfig_SetInt', ['int', 'void *', 'str', 'int64'])
  const setText = ffi.find(library, 'PyInitConfig_SetStr', ['int', 'void *', 'str', 'str'])
  const initialize = ffi.find(library, 'Py_InitializeFromInitConfig', ['int', 'void *'])
  const settings: [string, number][] = [
    ['isolated', 0],
    ['use_environment', 1],
    ['user_site_directory', 1],
    ['safe_path', 0],
    ['configure_locale', 1],
    ['utf8_mode', facts.utf8Mode ? 1 : 0],
    ['dev_mode', facts.devMode ? 1 : 0],
    ['use_hash_seed', facts.hashSeed === undefined ? 0 : 1],
    ['hash_seed', facts.hashSeed ?? 0],
    ['install_signal_handlers', 0],
    ['parse_argv', 0],
  ]
  const failed =
    settings.some(([name, value]) => setInt(config, name, value) !== 0) ||
    setText(config, 'program_name', facts.executable) !== 0 ||
    initialize(config) !== 0
  if (failed)
    throw notEmbeddable(
      `Python ${facts.version} cannot be initialized: ${describeConfigError(ffi, library, config)}`,
    )
  ffi.find(library, 'PyInitConfig_Free', ['void', 'void *'])(config)
}

function describeConfigError(ffi: Ffi, library: NativeLibrary, config: bigint | null): string {
  const get = ffi.find(library, 'PyInitConfig_GetError', ['int', 'void *', 'void *'])
  const text = Buffer.alloc(8)
  if (get(config, ffi.addressOf(text)) !== 1) return 'unknown reason'
  return ffi.stringAt(text.readBigUInt64LE(0))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
