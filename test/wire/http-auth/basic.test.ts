import { describe, expect, test } from 'vitest'

import { formatBasicChallenge, parseBasic } from '../../../src/wire/http-auth/basic.ts'

function encode(bytes: string | Buffer): string {
  return `Basic ${Buffer.from(bytes).toString('base64')}`
}

describe('parseBasic', () => {
  test.each([
    ['the example of RFC 7617', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Aladdin', 'open sesame'],
    ['its example in UTF-8', 'Basic dGVzdDoxMjPCow==', 'test', '123£'],
    ['any case of the scheme', 'bASIC dGVzdDoxMjPCow==', 'test', '123£'],
    ['no padding', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ', 'Aladdin', 'open sesame'],
    ['colons in the password', encode('ann::a:b:'), 'ann', ':a:b:'],
    ['an empty password', encode('ann:'), 'ann', ''],
    ['an empty user', encode(':secret'), '', 'secret'],
    ['latin-1 of old clients', encode(Buffer.from('zo\xeb:p\xe4ss', 'latin1')), 'zoë', 'päss'],
    ['a byte order mark, as a character', encode('\ufeffann:x'), '\ufeffann', 'x'],
  ])('%s', (_, field, user, password) => {
    expect(parseBasic(field)).toEqual({ user, password })
  })

  test.each([
    ['nothing', 'Basic '],
    ['no base64', 'Basic ann:secret'],
    ['base64 for URLs', 'Basic YW5uOnA_-w'],
    ['characters after the padding', 'Basic dGVzdDoxMjPCow==x'],
    ['two fields', 'Basic dGVzdDoxMjPCow==, Basic dGVzdDoxMjPCow=='],
    ['no colon', encode('ann')],
    ['a line break', encode('ann:a\nb')],
    ['NUL', encode('ann\0:x')],
    ['a control character of latin-1', encode(Buffer.from('ann:\x85', 'latin1'))],
    ['another scheme', 'Bearer dGVzdDoxMjPCow=='],
    ['a longer scheme', 'Basics dGVzdDoxMjPCow=='],
    ['a megabyte', encode(`ann:${'x'.repeat(1024 * 1024)}`)],
  ])('refuses %s', (_, field) => {
    expect(parseBasic(field)).toBeUndefined()
  })
})

test('the challenge asks for UTF-8', () => {
  expect(formatBasicChallenge('the staff')).toBe('Basic realm="the staff", charset="UTF-8"')
})
