import { describe, expect, test } from 'vitest'

import { judgeCode, judgeFile, judgeScript } from '../../src/server/changes.ts'

describe('while a project is developed', () => {
  test.each([
    ['shop/views.py', 'reload'],
    ['site.wsgi', 'reload'],
    ['shop/pages.ptl', 'reload'],
    ['shop/templates/shop/cart.html', 'reload'],
    ['page.HTML', 'reload'],
    ['cart.jinja2', 'reload'],
    ['cart.mako', 'reload'],
    ['templates/mail/order.txt', 'reload'],
    ['locale/de/LC_MESSAGES/django.mo', 'reload'],
    ['.env', 'reload'],
    ['.env.local', 'reload'],
    ['.flaskenv', 'reload'],
    ['pyproject.toml', 'reload'],
    ['settings.yaml', 'reload'],
    ['static/site.css', 'refresh'],
    ['static/app.js', 'refresh'],
    ['logo.svg', 'refresh'],
  ])('%s counts: %s', (path, effect) => {
    expect(judgeFile(path)).toBe(effect)
  })

  test.each([
    'db.sqlite3',
    'db.sqlite3-journal',
    'app.log',
    'data.json',
    'notes.md',
    'locale/de/LC_MESSAGES/django.po',
    'media/photo.png',
    'uploads/2030/page.html',
    'staticfiles/admin/base.css',
    'shop/.views.py.swp',
    '.#views.py',
    '#views.py#',
    'views.py~',
    'views.py.tmp',
    '.env.swp',
    '.envrc',
    'templates/.order.txt.swp',
  ])('%s does not count', (path) => {
    expect(judgeFile(path)).toBeUndefined()
  })
})

test('otherwise only code counts', () => {
  for (const path of ['shop/views.py', 'shop/pages.ptl']) expect(judgeCode(path)).toBe('reload')
  for (const path of ['page.html', '.env', 'site.css', 'settings.toml'])
    expect(judgeCode(path)).toBeUndefined()
})

test.each([
  ['x.py', 'refresh'],
  ['sub/page.psp', 'refresh'],
  ['part/foot.inc', 'refresh'],
  ['page.asp', 'refresh'],
  ['global.asa', 'refresh'],
  ['run.cgi', 'refresh'],
  ['pages.ptl', 'refresh'],
  ['layout.tmpl', 'refresh'],
  ['style.css', 'refresh'],
  ['data.sqlite3', undefined],
  ['x.py~', undefined],
])('a file of a folder of scripts: %s', (path, effect) => {
  expect(judgeScript(path)).toBe(effect)
})
