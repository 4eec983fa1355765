import { randomBytes } from 'node:crypto'
import type { ByteStream } from '../../core/byte-stream.ts'
import { countProofBytes, formatChallenge, isProof } from '../../wire/lrwp/challenge.ts'
import {
  RegistrationDecoder,
  formatAccepted,
  formatRejected,
  type Registration,
} from '../../wire/lrwp/registration.ts'
import { normalizeName } from './names.ts'
import { refusePeer } from './refuse-peer.ts'

/** What a connection needs to become a peer. */
export interface RegisteringOptions {
  /** Milliseconds until the registration, with its proof, must be complete. */
  readonly timeout: number
  /** Of names in their normal form. */
  readonly passphrases: ReadonlyMap<string, string>
}

/** Receives what became of it, once. */
export interface RegisteringListener {
  /** The peer has its answer. The stream needs a new listener. */
  onRegistered(registration: Registration): void
  /** The connection is closed, or will be without further help. `name` is what it wanted to register as, if that is known. */
  onRefused(reason: string, name?: string): void
}

const CHALLENGE_BYTES = 32

/** A connection from its first byte until it is registered, or refused. */
export class Registering {
  readonly #stream: ByteStream
  readonly #options: RegisteringOptions
  readonly #listener: RegisteringListener
  readonly #decoder = new RegistrationDecoder()
  readonly #timer: NodeJS.Timeout
  #name: string | undefined
  #over = false

  constructor(stream: ByteStream, options: RegisteringOptions, listener: RegisteringListener) {
    this.#stream = stream
    this.#options = options
    this.#listener = listener
    this.#timer = setTimeout(() => this.close('it took too long'), options.timeout)
    stream.listener = {
      onData: (chunk) => this.#read(chunk),
      onEnd: () => this.close('it has left before it was registered'),
      onTaken: () => {},
    }
    stream.onClose(() => this.#refuse('the connection was lost'))
  }

  /** Ends it without an answer. */
  close(reason: string): void {
    this.#refuse(reason)
    this.#stream.destroy()
  }

  #read(chunk: Buffer): void {
    const found = this.#decoder.push(chunk)
    if (found === undefined) return
    if ('answer' in found) this.#answerNo(found.reason, found.answer)
    else this.#judge(found)
  }

  #judge(registration: Registration): void {
    const { version, name } = registration
    this.#name = name
    const passphrase = this.#options.passphrases.get(normalizeName(name))
    if (passphrase === undefined) this.#accept(registration)
    else if (version === 1) this.#reject(version, 'Connection requires LRWP2 authentication')
    else this.#challenge(registration, passphrase)
  }

  #challenge(registration: Registration, passphrase: string): void {
    const challenge = randomBytes(CHALLENGE_BYTES)
    let answer = Buffer.alloc(0)
    this.#stream.listener.onData = (chunk) => {
      answer = Buffer.concat([answer, chunk])
      if (answer.length < countProofBytes(CHALLENGE_BYTES)) return
      if (isProof(answer, challenge, passphrase)) this.#accept(registration)
      else this.#reject(registration.version, 'Unauthorized access')
    }
    this.#stream.write(formatChallenge(challenge))
  }

  #accept(registration: Registration): void {
    if (!this.#settle()) return
    this.#stream.write(formatAccepted(registration.version))
    this.#listener.onRegistered(registration)
  }

  #reject(version: 1 | 2, reason: string): void {
    this.#answerNo(reason, formatRejected(version, reason))
  }

  #answerNo(reason: string, answer: Buffer): void {
    this.#refuse(reason)
    refusePeer(this.#stream, answer)
  }

  #refuse(reason: string): void {
    if (this.#settle()) this.#listener.onRefused(reason, this.#name)
  }

  /** False if it was over already. */
  #settle(): boolean {
    if (this.#over) return false
    this.#over = true
    clearTimeout(this.#timer)
    return true
  }
}
