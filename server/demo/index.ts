export { demoFeeder } from './feeder.ts';
export { DEMO_SLUG, type Demo, seedDemo } from './seed-demo.ts';
