import { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'

import type { ProcessGroup } from '../../core/process-group.ts'
import type { Ffi } from './ffi.ts'
import { loadFfi } from './ffi.ts'
import { notEmbeddable } from './koffi.ts'
import { hasStarted, Interpreter } from './interpreter.ts'
import type { EmbeddingFacts } from './embeddability.ts'
import { examinePython } from './embeddability.ts'
import type { Variables } from './process-state.ts'
import { ProcessState } from './process-state.ts'

/** The Python of this process. */
export interface EmbeddedPython {
  readonly interpreter: Interpreter
  readonly processState: ProcessState
}

/** State of Python in this process. */
interface State {
  python: EmbeddedPython | undefined
  starting: Promise<unknown>
  /** Why Python was started but cannot be used. */
  failure: Error | undefined
  /** Socket for reports while Python holds Node's thread; undefined in a process without a parent of ours. */
  parent: number | undefined
  /** By the configured path of the interpreter. */
  readonly examined: Map<string, EmbeddingFacts>
}

// A property of `process`, so that a module loaded twice (by test runners, for example) finds the same Python.
const KEY = Symbol.for('taipan.python')

/**
 * Makes Python write its stacks to standard error when this process crashes, and reports to `socket`, a descriptor, while Python
 * holds Node's thread for too long. Call it before Python starts, and only if no other part of the process handles crash signals.
 */
export function reportToParent(socket: number): void {
  findState().parent = socket
}

/**
 * Returns the Python of this process, started if necessary, with the environment and folder of the group. Rejects with
 * PYTHON_NOT_EMBEDDABLE, also if another Python runs.
 */
export async function enterPython(group: ProcessGroup): Promise<EmbeddedPython> {
  const ffi = await loadFfi()
  const state = findState()
  const starting = state.starting.then(() => enter(ffi, state, group))
  state.starting = starting.catch(() => {})
  return starting
}

async function enter(ffi: Ffi, state: State, group: ProcessGroup): Promise<EmbeddedPython> {
  if (state.failure !== undefined) throw failedBefore(state.failure)
  const facts = state.examined.get(group.python) ?? (await examinePython(group))
  if (state.python !== undefined) {
    validateSame(state.python.interpreter.facts, facts, group)
    state.python.processState.enter(group)
  } else state.python = startPython(ffi, state, { facts, group })
  state.examined.set(group.python, facts)
  return state.python
}

/** The wanted Python, and the group. */
interface Wanted {
  readonly facts: EmbeddingFacts
  readonly group: ProcessGroup
}

function startPython(ffi: Ffi, state: State, { facts, group }: Wanted): EmbeddedPython {
  let interpreter: Interpreter | undefined
  const elsewhere = hasStarted(ffi, facts)
  const processState = new ProcessState(ffi, (variables) => {
    if (interpreter === undefined) setVariables(ffi, variables)
    else interpreter.call('taipan.embedded.boot:set_environment', variables)
  })
  processState.enter(group)
  try {
    interpreter = new Interpreter(ffi, facts, state.parent !== undefined)
    prepare(interpreter, state.parent)
  } catch (error) {
    processState.leave()
    if (error instanceof Error && !elsewhere && hasStarted(ffi, facts)) state.failure = error
    throw error
  }
  leaveAtExit(interpreter)
  return { interpreter, processState }
}

function setVariables(ffi: Ffi, variables: Variables): void {
  for (const [name, value] of Object.entries(variables)) ffi.setEnvironment(name, value)
}

/** Opens a socket that Python writes to when Node's thread has to call it. */
function prepare(interpreter: Interpreter, parent: number | undefined): void {
  const [near, far] = interpreter.ffi.socketPair()
  const wakeup = new Socket({ fd: near, readable: true, writable: false })
  wakeup.on('data', () => interpreter.call('taipan.embedded.node_thread:run'))
  wakeup.unref()
  interpreter.call('taipan.embedded.worker:prepare', far, parent ?? null)
}

/** At the end of the process, runs the atexit handlers of applications that were not stopped, and stops all Python threads. */
function leaveAtExit(interpreter: Interpreter): void {
  process.once('exit', () => {
    try {
      interpreter.call('taipan.embedded.worker:leave')
    } finally {
      // The end of a worker thread is not the end of the process: Python continues in other threads.
      if (isMainThread) interpreter.freeze()
    }
  })
}

function failedBefore(failure: Error): Error {
  return notEmbeddable(
    `Python could not be started in this process before, and cannot be started twice; remove the cause and start the process anew, or use daemon mode (-e daemon). It was: ${failure.message}`,
    failure.cause,
  )
}

function validateSame(running: EmbeddingFacts, facts: EmbeddingFacts, group: ProcessGroup): void {
  if (running.libpython === facts.libpython && running.prefix === facts.prefix) return
  throw notEmbeddable(
    `groups.${group.name}: its Python is ${facts.executable}, and ${running.executable} runs in this process already, which can have one Python only; give both the same "python", or this group the engine "daemon"`,
  )
}

function findState(): State {
  const found: unknown = Reflect.get(process, KEY)
  if (isState(found)) return found
  const state: State = {
    python: undefined,
    starting: Promise.resolve(),
    failure: undefined,
    parent: undefined,
    examined: new Map(),
  }
  Reflect.set(process, KEY, state)
  return state
}

function isState(value: unknown): value is State {
  return typeof value === 'object' && value !== null && 'examined' in value
}
