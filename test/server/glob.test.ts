import { expect, test } from 'vitest'

import { createMatcher, createRestMatcher } from '../../src/server/glob.ts'

test.each([
  ['*.html', 'site/page.html', true],
  ['*.html', 'page.html.bak', false],
  ['page.?', 'a/page.x', true],
  ['site/*.html', 'site/page.html', true],
  ['site/*.html', 'site/a/page.html', false],
  ['site/**/*.html', 'site/page.html', true],
  ['site/**/*.html', 'site/a/b/page.html', true],
  ['./site/made/', 'site/made', true],
  ['a+b(1).txt', 'a+b(1).txt', true],
  ['a.c', 'abc', false],
])('%s, %s: %s', (pattern, path, matches) => {
  expect(createMatcher(['never', pattern])(path)).toBe(matches)
})

test.each([
  ['*.py', 'sub/a.py', true],
  ['/*.py', 'a.py', true],
  ['/*.py', 'sub/a.py', false],
  ['/sub/*.py', 'sub/a.py', true],
  ['sub/*.py', 'sub/a.py', true],
  ['/**/*.py', 'sub/a.py', true],
])('in a URL %s, %s: %s', (pattern, rest, matches) => {
  expect(createRestMatcher(pattern)(rest)).toBe(matches)
})
