import { defineConfig } from 'taipan'

export default defineConfig({
  bind: ['127.0.0.1:8000'],
  routes: [
    { path: '/', pyisapie: { directory: 'site' } },
    // What Request() passes on by returning True.
    { path: '/', static: 'public' },
  ],
})
