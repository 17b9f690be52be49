import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    lib: {
      entry: {
        index: 'src/index.ts',
        page: 'src/page.ts',
        events: 'src/wire/event-transport.ts',
        react: 'src/react/react-door.ts',
        waymark: 'src/command/main.ts',
      },
      formats: ['es'],
    },
    rolldownOptions: { external: /^(?:react(?:\/|$)|node:)/ },
    target: 'es2022',
    minify: false,
    emptyOutDir: false,
  },
});
