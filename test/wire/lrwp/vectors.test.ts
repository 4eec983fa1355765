import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { formatChallenge, formatProof, isProof } from '../../../src/wire/lrwp/challenge.ts'
import { RegistrationDecoder } from '../../../src/wire/lrwp/registration.ts'
import { formatRequestHead } from '../../../src/wire/lrwp/request.ts'
import { ResponseDecoder } from '../../../src/wire/lrwp/response-decoder.ts'

interface Vectors {
  readonly registrations: readonly {
    readonly name: string
    readonly registration: { readonly version: 1 | 2; readonly name: string; readonly host: string }
    readonly bytes_hex: string
    readonly terminated: boolean
  }[]
  readonly proofs: readonly {
    readonly name: string
    readonly challenge_hex: string
    readonly message_hex: string
    readonly password: string
    readonly proof_hex: string
  }[]
  readonly requests: readonly {
    readonly name: string
    readonly variables: readonly (readonly [string, string])[]
    readonly body_hex: string
    readonly bytes_hex: string
  }[]
  readonly responses: readonly {
    readonly name: string
    readonly output_hex: string
    readonly bytes_hex: string
  }[]
}

const FILE = new URL('../../vectors/lrwp.json', import.meta.url)
const VECTORS: Vectors = JSON.parse(readFileSync(FILE, 'utf8'))

function fromHex(hex: string): Buffer {
  return Buffer.from(hex, 'hex')
}

test.each(VECTORS.registrations)('a registration $name is read', (vector) => {
  const { version, name, host } = vector.registration
  expect(new RegistrationDecoder().push(fromHex(vector.bytes_hex))).toEqual({
    version,
    name,
    host,
    terminated: vector.terminated,
  })
})

test.each(VECTORS.proofs)('the proof $name is known', (vector) => {
  const challenge = fromHex(vector.challenge_hex)
  expect(formatChallenge(challenge).toString('hex')).toBe(vector.message_hex)
  expect(formatProof(challenge, vector.password).toString('hex')).toBe(vector.proof_hex)
  expect(isProof(fromHex(vector.proof_hex), challenge, vector.password)).toBe(true)
})

test.each(VECTORS.requests)('a request $name is written', ({ variables, body_hex, bytes_hex }) => {
  const head = formatRequestHead(variables.flat(), body_hex.length / 2)
  expect(head.toString('hex') + body_hex).toBe(bytes_hex)
})

test.each(VECTORS.responses)('a response $name is read', ({ output_hex, bytes_hex }) => {
  const decoder = new ResponseDecoder()
  expect(decoder.push(fromHex(bytes_hex)).toString('hex')).toBe(output_hex)
  expect(decoder.done).toBe(true)
})
