export { type Component, type Health, health, isDatabaseReady } from './health.ts';
