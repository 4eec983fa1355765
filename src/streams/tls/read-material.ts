import { createSecureContext } from 'node:tls'

import { TaipanError } from '../../core/errors.ts'
import { createContexts } from './contexts.ts'
import { listDoubts } from './doubts.ts'
import type { FileTexts } from './file-texts.ts'
import type { CertificatePair, TlsMaterial, TlsPolicy } from './material.ts'
import { readCertificates, readPair, takeText, type PairFiles } from './read-pair.ts'

/** The files of all certificates. */
export interface TlsFiles {
  /** For clients that name no host, or an unknown one. */
  readonly pair: PairFiles
  /** By host name, in lower case. */
  readonly names: Readonly<Record<string, PairFiles>>
  /** Authorities of clients. */
  readonly ca: readonly string[]
}

/** Material that was tried, and what clients may not like about it. */
export interface CheckedMaterial {
  readonly material: TlsMaterial
  readonly doubts: readonly string[]
}

/** The paths of all files, each once. */
export function listPaths({ pair, names, ca }: TlsFiles): string[] {
  const pairs = [pair, ...Object.values(names)]
  return [...new Set([...pairs.flatMap(({ certificate, key }) => [certificate, key]), ...ca])]
}

/** Makes the material of what was read. Throws `TLS_UNUSABLE` with the file and what is wrong with it. */
export function readMaterial(
  files: TlsFiles,
  texts: FileTexts,
  policy: TlsPolicy,
): CheckedMaterial {
  const doubts: string[] = []
  const read = (pair: PairFiles, name: string | undefined): CertificatePair => {
    const checked = readPair(pair, texts)
    doubts.push(...listDoubts({ file: pair.certificate, chain: checked.chain, name }, Date.now()))
    return checked.pair
  }
  const material = {
    pair: read(files.pair, undefined),
    names: Object.fromEntries(
      Object.entries(files.names).map(([name, pair]) => [name, read(pair, name)]),
    ),
    ca: files.ca.map((path) => readAuthorities(path, texts)).join('\n'),
  }
  tryMaterial(material, policy)
  return { material, doubts }
}

function readAuthorities(path: string, texts: FileTexts): string {
  const text = takeText(path, 'authority', texts)
  readCertificates(path, text)
  return text
}

/** OpenSSL has demands of its own, such as the length of a key. */
function tryMaterial(material: TlsMaterial, policy: TlsPolicy): void {
  try {
    createSecureContext(createContexts(material, policy).options)
  } catch (error) {
    throw new TaipanError('TLS_UNUSABLE', describe(error, policy), { cause: error })
  }
}

function describe(error: unknown, { ciphers }: TlsPolicy): string {
  const reason = error instanceof Error ? error.message : String(error)
  if (/no cipher match/i.test(reason))
    return `tls.ciphers: OpenSSL knows none of ${JSON.stringify(ciphers)}; "openssl ciphers" lists them`
  return `OpenSSL does not take the certificates: ${reason}`
}
