// One registry per process. Rooms declare their metrics next to the code that moves them.

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { env } from '#server/env.ts';

export const registry = new Registry();
const prefix = env.METRICS_PREFIX;

export const counter = (name: string, help: string, labelNames: string[] = []) =>
  new Counter({ name: prefix + name, help, labelNames, registers: [registry] });
export const gauge = (name: string, help: string, labelNames: string[] = [], collect?: () => void | Promise<void>) =>
  new Gauge({ name: prefix + name, help, labelNames, registers: [registry], ...(collect ? { collect } : {}) });
export const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []) =>
  new Histogram({ name: prefix + name, help, labelNames, buckets, registers: [registry] });

/** Event-loop lag, heap and GC of this process; called once at boot. */
export const collectProcessMetrics = () => collectDefaultMetrics({ register: registry, prefix });
