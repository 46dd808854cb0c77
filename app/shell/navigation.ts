// Where the main navigation leads. One list: the sidebar, the command palette and the key shortcuts read it.
import {
  Bell,
  BrainCircuit,
  Building2,
  CalendarClock,
  Clock3,
  Flame,
  Gauge,
  GitBranch,
  KeyRound,
  ListChecks,
  type LucideIcon,
  MonitorSmartphone,
  Newspaper,
  OctagonX,
  Plug,
  Radar,
  ScrollText,
  Send,
  ShieldCheck,
  Stamp,
  Timer,
  Users,
  Workflow,
} from 'lucide-react';
import type { PageSession } from '#server/web/index.ts';
import routes from '../routes.ts';

export interface NavigationEntry {
  to: string;
  label: string;
  icon: LucideIcon;
  /** Letter after `g` that leads here. */
  key?: string;
  /** How many things there wait for this person. */
  count?: number;
  /** Whom it is for; everybody when absent. */
  isFor?: (session: PageSession) => boolean;
}

export interface NavigationGroup {
  label: string;
  entries: NavigationEntry[];
}

const isAdmin = ({ role }: PageSession) => role === 'admin';

const isNoViewer = ({ role }: PageSession) => role !== 'viewer';

const isInstanceOperator = ({ user }: PageSession) => user.isInstanceOperator === true;

/**
 * Every view with an entry of its own, in the order shown. An entry is shown only when app/routes.ts has a page
 * at its address, so a view may be named here before its page is there.
 */
const GROUPS: NavigationGroup[] = [
  {
    label: 'Data',
    entries: [
      { to: '/data/scheduler', label: 'Scheduler', icon: CalendarClock, key: 's' },
      { to: '/data/pipelines', label: 'Pipelines', icon: Workflow, key: 'p' },
      { to: '/data/runs', label: 'Runs', icon: ListChecks, key: 'r' },
      { to: '/data/engagement', label: 'Engagement', icon: Flame, key: 'e' },
      { to: '/data/models', label: 'Models', icon: BrainCircuit, key: 'b' },
      { to: '/data/gitops', label: 'Git', icon: GitBranch, key: 'd' },
      { to: '/data/retention', label: 'Retention', icon: Timer, key: 't' },
    ],
  },
  {
    label: 'Operations',
    entries: [
      { to: '/ops/outbox', label: 'Outbox', icon: Send, key: 'o' },
      { to: '/ops/approvals', label: 'Approvals', icon: Stamp, key: 'v' },
      { to: '/ops/alerts', label: 'Alerts', icon: Bell, key: 'l' },
      { to: '/ops/reports', label: 'Reports', icon: Newspaper, key: 'n' },
      { to: '/ops/cron', label: 'Cron', icon: Clock3, key: 'c' },
      { to: '/ops/siem', label: 'SIEM', icon: Radar, isFor: isAdmin },
      { to: '/ops/audit', label: 'Audit', icon: ScrollText, key: 'a', isFor: isAdmin },
      { to: '/ops/fleet', label: 'Emergency stop', icon: OctagonX, key: 'x' },
    ],
  },
  {
    label: 'Settings',
    entries: [
      { to: '/settings/connections', label: 'Connections', icon: Plug, key: 'm', isFor: isNoViewer },
      { to: '/settings/limits', label: 'Limits', icon: Gauge, key: 'i' },
      { to: '/settings/users', label: 'People', icon: Users, key: 'u', isFor: isAdmin },
      { to: '/settings/keys', label: 'API keys', icon: KeyRound, key: 'k', isFor: isAdmin },
      { to: '/settings/sessions', label: 'Sessions', icon: MonitorSmartphone, isFor: isAdmin },
      { to: '/settings/tenants', label: 'Tenants', icon: Building2, isFor: isInstanceOperator },
      { to: '/settings/account', label: 'My account', icon: ShieldCheck },
    ],
  },
];

type Route = { path?: string | undefined; index?: boolean | undefined; children?: Route[] | undefined };

/** Every address that has a page, parameters as they are written. */
function addressesOf(list: Route[], parent = ''): string[] {
  return list.flatMap(({ path, children }) => {
    const here = path === undefined ? parent : `${parent}/${path}`;
    return [here, ...addressesOf(children ?? [], here)];
  });
}

const pages = new Set(addressesOf(routes));

/** The entries that this person may see and that have a page; a group without any is left out. */
export function navigationFor(session: PageSession, groups = GROUPS): NavigationGroup[] {
  return groups
    .map(({ label, entries }) => ({
      label,
      entries: entries.filter(({ to, isFor }) => pages.has(to) && (isFor === undefined || isFor(session))),
    }))
    .filter(({ entries }) => entries.length > 0);
}

/** The same with the number of things that wait at these addresses. */
export const withCounts = (groups: NavigationGroup[], counts: Record<string, number>): NavigationGroup[] =>
  groups.map(({ label, entries }) => ({
    label,
    entries: entries.map((entry) => ({ ...entry, count: counts[entry.to] ?? 0 })),
  }));
