import { TaipanError } from '../../core/errors.ts'
import {
  enlargeStack as enlarge,
  importKoffi as importPackage,
  STACK_BYTES,
  type Koffi,
} from '../../native/koffi.ts'

const INSTEAD = 'use daemon mode (-e daemon), which does not need it'

/** Rejects with PYTHON_NOT_EMBEDDABLE where there is none. */
export async function importKoffi(): Promise<Koffi> {
  if (process.platform !== 'linux')
    throw notEmbeddable(
      `embedded mode supports only Linux, and this is ${process.platform}; use daemon mode (-e daemon)`,
    )
  try {
    return await importPackage()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw notEmbeddable(`embedded mode calls Python by a package: ${reason}, or ${INSTEAD}`, error)
  }
}

/** Makes room for Python on the stack that calls run on. Throws PYTHON_NOT_EMBEDDABLE when it is too late for that. */
export function enlargeStack(koffi: Koffi): void {
  try {
    enlarge(koffi)
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
