import { expect, test } from 'vitest'
import {
  fillWords,
  findListening,
  nameProgram,
} from '../../../src/upstreams/spawned/program-words.ts'

test.each([
  ['/usr/bin/gunicorn --bind unix:{socket}', 'gunicorn'],
  ['python3 site/app.fcgi', 'app.fcgi'],
  ['.venv/bin/python3.12 -u -m flask', 'flask'],
  ['sh -c exit', 'sh'],
  ['node', 'node'],
])('%s is called %s', (words, name) => {
  expect(nameProgram(words.split(' '))).toBe(name)
})

test('placeholders are filled in wherever they are, as often as they are', () => {
  const words = ['{socket}', 'unix:{socket}:{socket}', '{other}', '{port}']
  expect(fillWords(words, { socket: '/a' })).toEqual(['/a', 'unix:/a:/a', '{other}', '{port}'])
  expect(findListening(words)).toBe('socket')
  expect(findListening(['--port={port}'])).toBe('port')
  expect(findListening(['fd://{fd}'])).toBe('inherited')
  expect(findListening(['app'])).toBeUndefined()
})
