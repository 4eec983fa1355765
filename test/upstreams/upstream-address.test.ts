import { expect, test } from 'vitest'
import { parseUpstreamAddress } from '../../src/upstreams/gateway/upstream-address.ts'

test.each([
  ['fastcgi://127.0.0.1:9000', { kind: 'tcp', host: '127.0.0.1', port: 9000 }],
  ['SCGI://php.example:4000/', { kind: 'tcp', host: 'php.example', port: 4000 }],
  ['uwsgi://[::1]:3031', { kind: 'tcp', host: '::1', port: 3031 }],
  ['http://10.0.0.1', { kind: 'tcp', host: '10.0.0.1', port: 80 }],
  ['https://shop.example', { kind: 'tcp', host: 'shop.example', port: 443 }],
  ['fastcgi+unix:/run/php.sock', { kind: 'unix', path: '/run/php.sock' }],
  ['uwsgi+unix:///run/u.sock', { kind: 'unix', path: '/run/u.sock' }],
])('%s', (url, place) => {
  expect(parseUpstreamAddress(url)).toMatchObject({ url, place })
})

test.each([
  ['', /begins with one of fastcgi:/],
  ['127.0.0.1:9000', /begins with one of/],
  ['fastcgi:9000', /needs a host and a port/],
  ['fastcgi://127.0.0.1', /the port is missing/],
  ['fastcgi://127.0.0.1:0', /ports are numbers from 1/],
  ['fastcgi://127.0.0.1:70000', /ports are numbers from 1/],
  ['fastcgi://user@host:1', /has a user, which no address has/],
  ['http://user:secret@host/x', /^(?!.*secret).*has a user/],
  ['fastcgi://::1:9000', /needs a host and a port/],
  ['scgi://host:1/app', /has a path, which no address has; write scgi:\/\/host:1$/],
  ['scgi+unix:', /needs the path of a socket/],
  ['scgi+unix:/a\0b', /needs the path of a socket/],
  ['https+unix:/a', /https has no Unix sockets/],
])('%j is none', (url, message) => {
  expect(parseUpstreamAddress(url)).toMatch(message)
})
