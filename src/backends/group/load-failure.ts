import type { Application } from '../../core/application.ts'
import { isServed, type ApplicationFinding } from '../../core/backend.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { TaipanError } from '../../core/errors.ts'

const MOST_NAMED = 5

/** Why a worker did not become ready. */
export interface LoadFailure {
  readonly code: ErrorCode
  /** Name of the application; undefined if the process ended without a message. */
  readonly application: string | undefined
  /** What could not be loaded, for people, if the application is not known. */
  readonly subject?: string
  readonly summary: string
  /** Python's traceback, or the last output; may be empty. */
  readonly traceback: string
  /** The worker ended, or was held, while it loaded the application: another one may leave that out. */
  readonly ended?: boolean
}

/** The failure of a worker that could not be started, from the thrown error. */
export function startFailure(error: unknown): LoadFailure {
  const known = error instanceof TaipanError
  return {
    code: known ? error.code : 'INTERNAL',
    application: undefined,
    summary: error instanceof Error ? error.message : String(error),
    traceback: error instanceof Error && typeof error.cause === 'string' ? error.cause : '',
  }
}

/** Why an application is not served by a worker that serves others; undefined if it is served. */
export function findingFailure(
  finding: Pick<ApplicationFinding, 'name' | 'failure' | 'traceback' | 'leftOut'>,
): LoadFailure | undefined {
  if (isServed(finding)) return undefined
  const { name: application, failure: summary, traceback, leftOut: ended } = finding
  return { code: 'APPLICATION_LOAD', application, summary, traceback, ended }
}

/** The failure of a worker that serves nothing, with those of its other applications above its traceback. */
export function withOthers(
  failure: LoadFailure,
  others: readonly ApplicationFinding[],
): LoadFailure {
  const texts = others.map(describeOther).filter((text) => text !== '')
  const traceback = [...texts, failure.traceback].join('\n\n').trimEnd()
  return texts.length === 0 ? failure : { ...failure, traceback }
}

function describeOther(finding: ApplicationFinding): string {
  const failure = findingFailure(finding)
  if (failure === undefined) return ''
  // That traceback was told when it was left out.
  const traceback = finding.leftOut ? '' : failure.traceback
  return `${describeFailure(failure)}\n${traceback}`.trimEnd()
}

/** The failure as an error, with the traceback as its `cause`. */
export function loadError(failure: LoadFailure): TaipanError {
  const { code, summary, traceback } = failure
  return new TaipanError(code, describeFailure(failure), { cause: traceback || summary })
}

/** One line that describes the failure. */
export function describeFailure(failure: LoadFailure): string {
  const { code, application, subject = 'the application', summary } = failure
  if (code !== 'APPLICATION_LOAD') return summary
  return `${application === undefined ? subject : `application ${application}`} could not be loaded: ${summary}`
}

/** Lists applications with their sources: `application shop (shop.wsgi)`. */
export function describeApplications(applications: readonly Application[]): string {
  const names = applications.slice(0, MOST_NAMED).map(describeApplication)
  const others = applications.length - names.length
  if (names.length === 1) return `application ${names.join()}`
  const rest = others > 0 ? ` and ${others} more` : ''
  return `one of the applications ${names.join(', ')}${rest}`
}

function describeApplication(application: Application): string {
  const { name } = application
  if (application.kind === 'file')
    return `${name} (${application.appFilename} in ${application.appDirectory})`
  if (application.kind === 'scripts' || application.kind === 'guard') return name
  return name === application.target ? name : `${name} (${application.target})`
}
