import { Ban, Check, Clock, Pause } from 'lucide-react';
import type { ApiKey, RoleName, TenantItem, TenantUser } from '#server/web/index.ts';
import type { Look } from '../ui/status-pill.tsx';

export const roleWords: Record<RoleName, string> = {
  viewer: 'Viewer: sees everything, changes nothing',
  operator: 'Operator: also runs, pauses and cancels',
  admin: 'Admin: also changes pipelines, people and keys',
};
export const roleOptions = Object.entries(roleWords).map(([value, label]) => ({ value, label }));

export const userLook: Record<TenantUser['status'], Look> = {
  active: { label: 'Active', tone: 'ok', icon: Check },
  disabled: { label: 'Disabled', tone: 'held', icon: Pause },
};
export const keyLook: Record<ApiKey['status'], Look> = {
  active: { label: 'Active', tone: 'ok', icon: Check },
  expired: { label: 'Expired', tone: 'idle', icon: Clock },
  revoked: { label: 'Revoked', tone: 'idle', icon: Ban },
};
export const tenantLook: Record<TenantItem['status'], Look> = {
  active: { label: 'Active', tone: 'ok', icon: Check },
  suspended: { label: 'Suspended', tone: 'held', icon: Pause },
};

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];
const named = (list: [RegExp, string][], text: string) => list.find(([pattern]) => pattern.test(text))?.[1];

/** `Firefox on Linux`; what says neither is shown as it is, cut short. */
export function browserWords(userAgent: string): string {
  const [browser, system] = [named(BROWSERS, userAgent), named(SYSTEMS, userAgent)];
  if (browser === undefined) return userAgent.slice(0, 60) || 'Unknown browser';
  return system === undefined ? browser : `${browser} on ${system}`;
}
