import type { LoadingApplication } from '../../core/backend.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import { parseLoadPlace, withPlace, type LoadPlace } from '../../processes/load-place.ts'
import { textOf, type MessageFromWorker } from './control-channel.ts'
import { describeApplications, type LoadFailure } from './load-failure.ts'

/** How far a process is that loads the applications of a group, by its messages. */
export class LoadProgress {
  readonly #group: ProcessGroup
  /** Name of the application that is being loaded, if known. */
  #application = ''
  #place: LoadPlace | undefined

  constructor(group: ProcessGroup) {
    this.#group = group
  }

  /** What it is loading; without a name when that is not known. */
  get loading(): LoadingApplication {
    return { application: this.#application, place: this.#place?.text ?? '' }
  }

  /** Takes a message of type `loading`. */
  begin(message: MessageFromWorker): void {
    this.#application = textOf(message, 'application')
    this.#place = undefined
  }

  /** Takes a message of type `place`. */
  stand(message: MessageFromWorker): void {
    this.#place = parseLoadPlace(message)
  }

  /** The failure of a process that gave no reason: it has ended, or is `held` by what it loads. `output` is its last. */
  describeFailure(
    reason: string,
    { output, held }: { readonly output: readonly string[]; readonly held: boolean },
  ): LoadFailure {
    const { applications, dev } = this.#group
    const code = 'APPLICATION_LOAD'
    const place = held ? this.#place : undefined
    const { summary, traceback } = withPlace(
      { summary: reason, traceback: output.join('\n') },
      place,
    )
    const [only, ...others] = applications
    // Python does not say which one it is loading when there is no other.
    const application = others.length === 0 ? only?.name : this.#application
    const mayBeLeftOut = others.length > 0 || dev
    if (mayBeLeftOut && applications.some(({ name }) => name === application))
      return { code, application, summary, traceback, ended: true }
    const subject = describeApplications(applications)
    return { code, application: undefined, subject, summary, traceback }
  }
}
