import { defineConfig } from 'taipan'

// A server of its own behind a route. `pip install twisted`, in an environment that is active.
export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    {
      path: '/',
      upstream: {
        spawn: ['twist', 'web', '--listen', 'unix:{socket}', '--class', 'board.Board'],
        protocol: 'http',
      },
    },
  ],
})
