import { vitePlugin as remix } from '@remix-run/dev';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';
import { browserGuard } from './bin/lib/browser-guard.ts';
import remixConfig from './remix.config.js';

export default defineConfig({
  plugins: [tailwindcss(), remix(remixConfig), browserGuard()],
  build: {
    // Names end in a content hash, which is what lets serve-pages.ts send /assets as immutable.
    assetsDir: 'assets',
    // The nonce policy forbids data: fonts and scripts; 0 keeps every asset a file of its own.
    assetsInlineLimit: 0,
    sourcemap: false,
  },
  // Found only when a route that uses them is first opened, they would reload the page under one's hands.
  optimizeDeps: { include: ['class-variance-authority', 'clsx', 'lucide-react', 'radix-ui', 'tailwind-merge'] },
  server: { watch: { ignored: ['**/.mainspring*/**', '**/build/**', '**/test-results/**'] } },
});
