import { statSync, type Stats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Application } from '../../core/application.ts'
import type { ScriptOwner } from '../../core/confinement.ts'
import { TaipanError } from '../../core/errors.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { Invocation } from '../../core/upstream.ts'

const GROUP_WRITES = 0o020
const OTHERS_WRITE = 0o002

/** The scripts of a group that must belong to somebody. */
export class OwnedScripts {
  readonly #owner: ScriptOwner
  readonly #files: ReadonlyMap<string, string | undefined>

  constructor(owner: ScriptOwner, applications: readonly Application[]) {
    this.#owner = owner
    this.#files = new Map(applications.map((one) => [one.name, findScript(one)]))
  }

  /** Whether the script that a request is for, or its folder, may have been changed by somebody else. */
  refuses({ application, script }: Pick<Invocation, 'application' | 'script'>): boolean {
    // Names of files stand as bytes there.
    const named = script === undefined ? '' : Buffer.from(script.filename, 'latin1').toString()
    const file = named === '' ? this.#files.get(application) : named
    return file !== undefined && explainForeign(file, this.#owner) !== undefined
  }
}

/** Throws APPLICATION_LOAD if a script that a worker would load belongs to somebody else. */
export function requireOwned({ scriptOwner, applications }: ProcessGroup): void {
  if (scriptOwner === undefined) return
  for (const application of applications) {
    const file = findScript(application)
    const reason = file === undefined ? undefined : explainForeign(file, scriptOwner)
    if (reason !== undefined) throw new TaipanError('APPLICATION_LOAD', reason)
  }
}

/** The file of an application that has one; undefined for modules. */
export function findScript(application: Application): string | undefined {
  if (application.kind === 'guard') return application.file
  if (application.kind === 'file') return resolve(application.appDirectory, application.appFilename)
  if (application.kind === 'scripts') return undefined
  const { target, directory } = application
  const [place = target] = target.split(':')
  return [target, place]
    .map((one) => resolve(directory, one))
    .find((path) => lookAt(path)?.isFile())
}

/** Why a file is not safe; undefined if it is, or if it is not there. */
function explainForeign(file: string, owner: ScriptOwner): string | undefined {
  for (const path of [file, dirname(file)]) {
    const facts = lookAt(path)
    if (facts === undefined) continue
    const { kind, id, name } = owner
    const found = kind === 'user' ? facts.uid : facts.gid
    if (found !== id)
      return `${path} belongs to ${kind} ${found}, and must belong to ${name} (${id})`
    const writers = kind === 'user' ? GROUP_WRITES | OTHERS_WRITE : OTHERS_WRITE
    if ((facts.mode & writers) !== 0)
      return `${path} can be written to by others than ${kind} ${name}; take that right away (chmod ${kind === 'user' ? 'go' : 'o'}-w)`
  }
  return undefined
}

function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}
