import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    // Pages with a session.
    { path: '/shop', modPython: { directory: 'pages', handler: 'mod_python.psp | .psp' } },
    // Behind a handler that asks for a password: "spam" and "eggs".
    {
      path: '/members',
      modPython: {
        directory: 'members',
        handler: 'mod_python.publisher',
        phases: { authen: 'door' },
        auth: { realm: 'Members', require: ['valid-user'] },
      },
    },
    // Files through an output filter.
    { path: '/loud', modPython: { directory: 'loud', filters: { output: ['words::shout'] } } },
    // Published functions: http://127.0.0.1:8000/
    {
      path: '/',
      modPython: {
        directory: 'site',
        handler: 'mod_python.publisher',
        options: { 'mod_python.session.cookie_name': 'visit' },
      },
    },
  ],
})
