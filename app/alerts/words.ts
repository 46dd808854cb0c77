import { Bell, BellRing, Check, Hourglass, type LucideIcon, TestTube } from 'lucide-react';
import type { AlertChannel, AlertEvent, AlertRule } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

/** A state that is added to the union and not here fails to compile. */
export const stateLook: Record<AlertRule['state'], Look> = {
  firing: { label: 'Firing', tone: 'bad', icon: BellRing },
  pending: { label: 'Pending', tone: 'warn', icon: Hourglass },
  ok: { label: 'OK', tone: 'ok', icon: Check },
};

export const offLook: Look = { label: 'Off', tone: 'idle', icon: Bell };

export const eventLook: Record<AlertEvent['kind'], Look & { icon: LucideIcon }> = {
  firing: { label: 'Firing', tone: 'bad', icon: BellRing },
  resolved: { label: 'Resolved', tone: 'ok', icon: Check },
  test: { label: 'Test', tone: 'idle', icon: TestTube },
};

/** `schedule_lag_minutes` → `schedule lag minutes`. */
export const metricWords = (metric: string): string => metric.replaceAll('_', ' ');

export const numberWords = (value: number | null): string =>
  value === null ? 'no value' : String(Number(value.toPrecision(6)));

export const conditionWords = ({ metric, operator, threshold }: Pick<AlertRule, 'metric' | 'operator' | 'threshold'>) =>
  `${metricWords(metric)} ${operator} ${numberWords(threshold)}`;

export function minutesWords(minutes: number): string {
  if (minutes % 1_440 === 0 && minutes > 0) return `${minutes / 1_440} d`;
  if (minutes % 60 === 0 && minutes > 0) return `${minutes / 60} h`;
  return `${minutes} min`;
}

export function channelWords(channel: AlertChannel): string {
  if (channel.kind === 'email') return channel.to.join(', ');
  return channel.kind === 'webhook' ? `webhook at ${new URL(channel.url).host}` : 'log';
}
