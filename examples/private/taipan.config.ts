import { defineConfig } from 'taipan'

const staff = { realm: 'staff', script: 'auth.py', cache: '60s' } as const

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    { path: '/', static: 'public' },
    // Whoever has a password.
    { path: '/private', static: 'private', auth: staff },
    // Only members of a group.
    { path: '/cellar', static: 'cellar', auth: { ...staff, require: { group: 'keepers' } } },
    // The same password is never sent over the wire.
    { path: '/digest', static: 'private', auth: { ...staff, type: 'digest', algorithm: ['SHA-256', 'MD5'] } },
    // Without a password, but only from this machine.
    { path: '/here', static: 'private', access: 'access.py' },
  ],
})
