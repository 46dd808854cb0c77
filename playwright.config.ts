import { defineConfig, devices } from '@playwright/test';
import { chromiumFlags, findSystemChromium } from './bin/lib/chromium.ts';

const isComplete = process.env.REQUIRE_ALL === '1';

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/e2e',
  // Starts the whole product on a home and ports of its own, and sets E2E_BASE_URL and E2E_HOME.
  globalSetup: './e2e/global-setup.ts',
  forbidOnly: isComplete,
  // On a complete run one crashed browser on a busy machine must not hide the result of everything else; what
  // passed only the second time is named in the last lines.
  retries: isComplete ? 1 : 0,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    baseURL: process.env.E2E_BASE_URL,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    // A dot that breathes for ever costs a browser without a graphics card a core.
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: { executablePath: findSystemChromium() ?? undefined, args: chromiumFlags },
  },
  projects: [
    { name: 'desktop', use: { ...devices['Desktop Chrome'], viewport: { width: 1280, height: 800 } } },
    {
      name: 'phone',
      use: { ...devices['Desktop Chrome'], viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
    },
  ],
});
