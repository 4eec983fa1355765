import type koffi from 'koffi'

import { TaipanError } from '../../core/errors.ts'

/** The largest stack that koffi allows. Python's recursion limits fit into it in every version. */
const STACK_BYTES = 16 * 1024 * 1024
const INSTEAD = 'use daemon mode (-e daemon), which does not need it'

/** The package that calls C. */
export type Koffi = typeof koffi

/** An open library. */
export type PythonLibrary = ReturnType<Koffi['load']>

/** Rejects with PYTHON_NOT_EMBEDDABLE where there is none. */
export async function importKoffi(): Promise<Koffi> {
  if (process.platform !== 'linux')
    throw notEmbeddable(
      `embedded mode supports only Linux, and this is ${process.platform}; use daemon mode (-e daemon)`,
    )
  try {
    return (await import('koffi')).default
  } catch (error) {
    throw notEmbeddable(
      `embedded mode needs the package koffi with its addon for ${process.platform}-${process.arch}, which cannot be loaded; install it with "npm install koffi" without --omit=optional, or ${INSTEAD}`,
      error,
    )
  }
}

/** Makes room for Python on the stack that calls run on. Throws PYTHON_NOT_EMBEDDABLE when it is too late for that. */
export function enlargeStack(koffi: Koffi): void {
  if (koffi.config().sync_stack_size === STACK_BYTES) return
  try {
    koffi.config({ sync_stack_size: STACK_BYTES })
  } catch (error) {
    throw notEmbeddable(
      `another part of this program has used koffi before, with a C stack that is too small for Python; call koffi.config({ sync_stack_size: ${STACK_BYTES} }) there first, or ${INSTEAD}`,
      error,
    )
  }
}

/** The error when Python cannot run in this process. */
export function notEmbeddable(message: string, cause?: unknown): TaipanError {
  return new TaipanError('PYTHON_NOT_EMBEDDABLE', message, { cause })
}
