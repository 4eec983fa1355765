import { isServed, type Findings, type LoadingApplication } from '../../core/backend.ts'
import type { ProcessGroup } from '../../core/process-group.ts'
import type { ProcessHandle } from '../../processes/process-handle.ts'
import { SupervisedProcess, type ProcessIdentity } from '../../processes/supervised-process.ts'
import { textOf, type MessageFromWorker } from './control-channel.ts'
import { parseFindings } from './findings.ts'
import type { LoadFailure } from './load-failure.ts'
import { LoadProgress } from './load-progress.ts'
import { parseLoadFailure, parseLogRecord } from './worker-messages.ts'

/** A process that loads the applications of a group, and tells what becomes of that. */
export abstract class LoadingProcess extends SupervisedProcess<LoadFailure> {
  /** Undefined until it is ready. */
  findings: Findings | undefined
  readonly #progress: LoadProgress

  constructor(
    handle: ProcessHandle,
    group: ProcessGroup,
    identity: Omit<ProcessIdentity, 'label'>,
  ) {
    super(handle, { ...identity, label: `${group.name}/${handle.pid}` })
    this.#progress = new LoadProgress(group)
  }

  /** What it is loading; without a name when that is not known. */
  get loading(): LoadingApplication {
    return this.#progress.loading
  }

  /** Applications that it does not serve. */
  get omitted(): number {
    return this.findings?.applications.filter((one) => !isServed(one)).length ?? 0
  }

  /** Takes a message of it; what it says of other things is for `onOtherMessage`. */
  protected take(message: MessageFromWorker): void {
    this.heardAt = performance.now()
    switch (message.type) {
      case 'ready':
        this.findings = parseFindings(message)
        this.noteLoaded(this.findings)
        this.becomeReady()
        return
      case 'loading':
        this.#progress.begin(message)
        this.noteProgress()
        return
      case 'place':
        this.#progress.stand(message)
        return
      case 'failed':
        this.fail(parseLoadFailure(message))
        return
      case 'log':
        this.log.take(parseLogRecord(message))
        return
      case 'leaving':
        this.leave(textOf(message, 'reason', 'was asked to end from outside'))
        return
      default:
        this.onOtherMessage(message)
    }
  }

  /** Its applications are loaded; it is ready when this returns. */
  protected noteLoaded(_findings: Findings): void {}

  protected abstract onOtherMessage(message: MessageFromWorker): void

  protected describeStartFailure(reason: string, held: boolean): LoadFailure {
    return this.#progress.describeFailure(reason, { output: this.log.takeLast(), held })
  }
}
