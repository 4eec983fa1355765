import { Socket } from 'node:net'
import { isMainThread } from 'node:worker_threads'

import type { ProcessGroup } from '../../core/process-group.ts'
import type { Ffi } from './ffi.ts'
import { loadFfi, notEmbeddable } from './ffi.ts'
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

/** What is known before Python is started, or once it runs. */
interface State {
  python: EmbeddedPython | undefined
  starting: Promise<unknown>
  /** Why it runs and cannot be used. */
  failure: Error | undefined
  dumpsCrashes: boolean
  /** By the path that a person named. */
  readonly examined: Map<string, EmbeddingFacts>
}

// On `process`, so that modules that are loaded twice (by test runners, for example) meet the same Python.
const KEY = Symbol.for('taipan.python')

/**
 * Has Python write its stacks to standard error when this process crashes. Call it before Python starts, and only where no
 * other part of the process takes the signals of crashes.
 */
export function dumpCrashes(): void {
  findState().dumpsCrashes = true
}

/**
 * The Python of this process, with the environment and the folder of the group; started when none runs yet. Rejects with
 * PYTHON_NOT_EMBEDDABLE, also when another one runs.
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

/** Which Python, and for whom. */
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
    interpreter = new Interpreter(ffi, facts, state.dumpsCrashes)
    openWakeup(interpreter)
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

/** Python writes to it when it wants something to be done on this thread. */
function openWakeup(interpreter: Interpreter): void {
  const [near, far] = interpreter.ffi.socketPair()
  const wakeup = new Socket({ fd: near, readable: true, writable: false })
  wakeup.on('data', () => interpreter.call('taipan.embedded.node_thread:run'))
  wakeup.unref()
  interpreter.call('taipan.embedded.worker:prepare', far)
}

/** Runs the atexit handlers of applications that were not stopped, and lets no thread of Python run into the end. */
function leaveAtExit(interpreter: Interpreter): void {
  process.once('exit', () => {
    try {
      interpreter.call('taipan.embedded.worker:leave')
    } finally {
      // A worker thread ends alone, and what Python does elsewhere goes on.
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
    dumpsCrashes: false,
    examined: new Map(),
  }
  Reflect.set(process, KEY, state)
  return state
}

function isState(value: unknown): value is State {
  return typeof value === 'object' && value !== null && 'examined' in value
}
