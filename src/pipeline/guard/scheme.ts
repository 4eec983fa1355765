import type { KnownUser, GuardedRequest } from './authority.ts'

/** What the Authorization field of a request is worth: a user; another challenge; or it is no answer to this request. */
export type Proof =
  | { readonly kind: 'user'; readonly known: KnownUser }
  | { readonly kind: 'none'; readonly stale: boolean }
  | { readonly kind: 'wrong request' }

/** An authentication scheme. */
export interface Scheme {
  readonly name: 'Basic' | 'Digest'
  /** Rejects if nobody can tell. */
  authenticate(request: GuardedRequest): Promise<Proof>
  /** Values of WWW-Authenticate. */
  challenges(stale: boolean): readonly string[]
}

/** The client has to try again. */
export const NO_PROOF: Proof = { kind: 'none', stale: false }
