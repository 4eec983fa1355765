import { domainToASCII } from 'node:url'
import { TaipanError } from '../core/errors.ts'
import { normalizeHost } from '../wire/host-name.ts'

/** The host of a route: any, exactly one, or all below a domain. */
export type HostRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'exact'; readonly name: string }
  | { readonly kind: 'below'; readonly suffix: string }

const ANY: HostRule = { kind: 'any' }

/** Parses `example.org` or `*.example.org`. Throws `CONFIG_INVALID` for anything else. */
export function parseHostRule(host: string | undefined): HostRule {
  if (host === undefined || host === '*') return ANY
  const wildcard = host.startsWith('*.')
  const name = wildcard ? host.slice(2) : host
  const ascii = /^\[[0-9a-f:.]+\]$/i.test(name) ? name.toLowerCase() : domainToASCII(name)
  if (ascii === '' || /[*/:@?#\s]/.test(name.replace(/^\[.*\]$/, '')))
    throw new TaipanError(
      'CONFIG_INVALID',
      `host ${JSON.stringify(host)} is neither a host name nor "*." and a domain; write it without scheme and port`,
    )
  const normal = normalizeHost(ascii)
  return wildcard ? { kind: 'below', suffix: `.${normal}` } : { kind: 'exact', name: normal }
}

/** Whether a rule matches a normalized host. */
export function matchesHost(rule: HostRule, host: string): boolean {
  if (rule.kind === 'any') return true
  if (rule.kind === 'exact') return rule.name === host
  return host.length > rule.suffix.length && host.endsWith(rule.suffix)
}

/** Larger is more specific: exact names, then longer domains, then any host. */
export function rankHostRule(rule: HostRule): number {
  if (rule.kind === 'any') return -1
  return rule.kind === 'exact' ? Number.MAX_SAFE_INTEGER : rule.suffix.length
}
