import type { Logger } from '../../core/logger.ts'
import type { Certificates } from './given-certificates.ts'
import type { FileFeed } from './file-feed.ts'
import type { FileTexts } from './file-texts.ts'
import type { TlsMaterial, TlsPolicy } from './material.ts'
import { readMaterial, type CheckedMaterial, type TlsFiles } from './read-material.ts'

/** What certificates in files are made of. */
export interface FiledCertificatesOptions {
  readonly files: TlsFiles
  readonly feed: FileFeed
  readonly policy: TlsPolicy
  readonly logger: Logger
}

/** Time for the other file of a pair to be written. */
const PATIENCE_MS = 2000

/**
 * Certificates in files, read again when these change. A pair that does not fit, as while one of its files is written
 * after the other, changes nothing; that is told when it stays so.
 */
export class FiledCertificates implements Certificates {
  onChange: ((material: TlsMaterial) => void) | undefined
  readonly #options: FiledCertificatesOptions
  #material: TlsMaterial
  /** What was told of files that cannot be used; empty: nothing. */
  #told = ''
  #patience: NodeJS.Timeout | undefined

  /** Reads the files for the first time. Rejects with `TLS_UNUSABLE`. */
  static async load(options: FiledCertificatesOptions): Promise<FiledCertificates> {
    const { files, feed, policy, logger } = options
    const waiting: FileTexts[] = []
    let take = (texts: FileTexts): void => void waiting.push(texts)
    const texts = await feed.start((later) => take(later))
    let checked: CheckedMaterial
    try {
      checked = readMaterial(files, texts, policy)
    } catch (error) {
      feed.stop()
      throw error
    }
    for (const doubt of checked.doubts) logger.warn({}, doubt)
    const certificates = new FiledCertificates(options, checked.material)
    take = (later) => certificates.#take(later)
    for (const later of waiting) certificates.#take(later)
    return certificates
  }

  private constructor(options: FiledCertificatesOptions, material: TlsMaterial) {
    this.#options = options
    this.#material = material
  }

  get material(): TlsMaterial {
    return this.#material
  }

  refresh(): Promise<void> {
    return this.#options.feed.look()
  }

  stop(): void {
    clearTimeout(this.#patience)
    this.#options.feed.stop()
  }

  #take(texts: FileTexts): void {
    const { files, policy } = this.#options
    clearTimeout(this.#patience)
    try {
      this.#use(readMaterial(files, texts, policy))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      this.#patience = setTimeout(() => this.#tell(reason), PATIENCE_MS).unref()
    }
  }

  #use({ material, doubts }: CheckedMaterial): void {
    const { logger } = this.#options
    const isSame = JSON.stringify(material) === JSON.stringify(this.#material)
    if (isSame && this.#told === '') return
    this.#told = ''
    logger.info({}, isSame ? SAME : 'new certificates: connections that begin now get them')
    for (const doubt of doubts) logger.warn({}, doubt)
    if (isSame) return
    this.#material = material
    this.onChange?.(material)
  }

  #tell(reason: string): void {
    if (reason === this.#told) return
    this.#told = reason
    this.#options.logger.error({ reason }, `the certificates before stay in use: ${reason}`)
  }
}

const SAME = 'the certificates in the files are those in use again'
