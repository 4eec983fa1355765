import { expect, test } from 'vitest'

import { FileFacts } from '../../../src/pipeline/scripts/file-facts.ts'

test('a file has the same facts for all requests, and others for each interpreter', () => {
  const facts = new FileFacts('/s\u00e9', 'mod_python')
  const plain = facts.find('/s\u00e9/a.py', undefined)
  expect(plain).toEqual({
    filename: '/s\u00c3\u00a9/a.py',
    root: '/s\u00c3\u00a9',
    kind: 'mod_python',
    version: '',
  })
  expect(facts.find('/s\u00e9/a.py', undefined)).toBe(plain)
  const other = facts.find('/s\u00e9/a.py', 'b')
  expect(other).toEqual({ ...plain, interpreter: 'b' })
  expect(facts.find('/s\u00e9/a.py', 'b')).toBe(other)
  expect(facts.find('/s\u00e9/a.py', 'c').interpreter).toBe('c')
})

test('facts of very many files, and of files with very long names, are not kept', () => {
  const facts = new FileFacts('/', 'mod_python')
  const long = `/${'a'.repeat(2000)}`
  expect(facts.find(long, undefined)).not.toBe(facts.find(long, undefined))
  const first = facts.find('/a', undefined)
  for (let number = 0; number < 4096; number += 1) facts.find(`/b${number}`, undefined)
  expect(facts.find('/a', undefined)).not.toBe(first)
  expect(facts.find('/a', undefined)).toEqual(first)
})
