import { isIP } from 'node:net'

import type { OptionPath, Problems } from '../option-types/problems.ts'
import type { FullConfig } from '../options/schema.ts'
import type { Address } from './address.ts'
import type { CertificateFiles, TlsPlan } from './tls-plan.ts'

/** What the https addresses need; undefined if there are none. */
export function resolveTls(
  config: FullConfig,
  addresses: readonly Address[],
  problems: Problems,
): TlsPlan | undefined {
  const { tls, dev } = config
  const { certificate, ca, clientCertificate, minVersion, ciphers } = tls
  if (tls.selfSigned && !dev)
    problems.add(
      ['tls', 'selfSigned'],
      'is for development only; give --dev, too, or a certificate with --tls-cert and --tls-key',
    )
  if (tls.key !== undefined && certificate === undefined)
    problems.add(['tls', 'key'], 'is of no use without a certificate; give tls.certificate, too')
  const files = resolveFiles(['tls'], tls, problems)
  const names = resolveNames(config, problems)
  for (const file of ca) problems.checkFile(['tls', 'ca'], file)
  checkClients(config, problems)
  if (!speaksHttps(addresses)) return undefined
  if (files === undefined && !tls.selfSigned)
    problems.add(
      ['bind'],
      'https needs a certificate; give tls.certificate and tls.key (--tls-cert and --tls-key), or --dev --tls for one of this machine',
    )
  return { files, names, ca, clientCertificate, minVersion, ciphers }
}

/** Addresses without a scheme speak https where the command line gives the certificate. */
export function secureAddresses(
  addresses: readonly Address[],
  { tls }: FullConfig,
  problems: Problems,
): readonly Address[] {
  const given = problems.sourceOf(['tls', 'certificate']) !== undefined || tls.selfSigned
  if (!given) return addresses
  return addresses.map((address) =>
    address.secure === undefined && address.protocol === undefined && address.kind !== 'unix'
      ? { ...address, secure: true }
      : address,
  )
}

/** What has no effect, or a surprising one, because no address speaks https. */
export function warnOfUnusedTls(
  { tls, http }: FullConfig,
  addresses: readonly Address[],
): readonly string[] {
  if (speaksHttps(addresses)) return []
  const warnings: string[] = []
  if (tls.certificate !== undefined)
    warnings.push(
      'tls.certificate has no effect, because no address speaks https; bind one like https://0.0.0.0:443',
    )
  if (http.redirect)
    warnings.push(
      'http.redirect leads to https, which no address speaks: that is right only behind a proxy that does, and that is trusted',
    )
  return warnings
}

function resolveFiles(
  path: OptionPath,
  { certificate, key }: { certificate?: string | undefined; key?: string | undefined },
  problems: Problems,
): CertificateFiles | undefined {
  if (certificate === undefined) return undefined
  problems.checkFile([...path, 'certificate'], certificate)
  if (key !== undefined) problems.checkFile([...path, 'key'], key)
  const keyOption = problems.nameOf([...path, 'key'])
  return { certificate, key: key ?? certificate, keyOption }
}

function resolveNames(
  { tls: { names, certificate } }: FullConfig,
  problems: Problems,
): TlsPlan['names'] {
  const resolved: Record<string, CertificateFiles> = {}
  for (const [name, pair] of Object.entries(names)) {
    const path = ['tls', 'names', name]
    const files = resolveFiles(path, pair, problems)
    if (!isHostName(name))
      problems.add(path, 'is no host name; write for example "a.example" or "*.example.org"')
    else if (files === undefined) problems.add(path, 'needs a certificate')
    else resolved[name.toLowerCase()] = files
  }
  if (Object.keys(names).length > 0 && certificate === undefined)
    problems.add(
      ['tls', 'names'],
      'clients that name no host, or another one, need a certificate as well; give tls.certificate',
    )
  return resolved
}

/** Clients send no addresses as names (RFC 6066, 3). */
function isHostName(name: string): boolean {
  return /^(?:\*\.)?[a-z\d_-]+(?:\.[a-z\d_-]+)*$/i.test(name) && isIP(name) === 0
}

function checkClients({ tls: { ca, clientCertificate } }: FullConfig, problems: Problems): void {
  if (clientCertificate !== 'none' && ca.length === 0)
    problems.add(
      ['tls', 'clientCertificate'],
      'needs tls.ca, the authorities whose certificates count',
    )
}

function speaksHttps(addresses: readonly Address[]): boolean {
  return addresses.some(({ secure }) => secure === true)
}
