import type koffi from 'koffi'

import { TaipanError } from '../core/errors.ts'

/** The largest stack that koffi allows. Python's recursion limits fit into it in every version. */
export const STACK_BYTES = 16 * 1024 * 1024

/** The package that calls C. */
export type Koffi = typeof koffi

/** An open library. */
export type NativeLibrary = ReturnType<Koffi['load']>

/** Rejects with `NATIVE_CALLS` where there is none. */
export async function importKoffi(): Promise<Koffi> {
  try {
    return (await import('koffi')).default
  } catch (error) {
    throw new TaipanError(
      'NATIVE_CALLS',
      `the package koffi with its addon for ${process.platform}-${process.arch} cannot be loaded; install it with "npm install koffi" without --omit=optional`,
      { cause: error },
    )
  }
}

/** Makes room for deep recursion of Python on the stack that calls run on. Throws when it is too late for that. */
export function enlargeStack(koffi: Koffi): void {
  if (koffi.config().sync_stack_size !== STACK_BYTES) koffi.config({ sync_stack_size: STACK_BYTES })
}
