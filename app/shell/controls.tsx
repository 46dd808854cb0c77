import { useFetcher, useSubmit } from '@remix-run/react';
import { Globe, LogOut, Monitor, Moon, Sun } from 'lucide-react';
import type { PageSession } from '#server/web/index.ts';
import { SCHEDULE_ZONE, useChosenZone, useClock } from '../time/clock.tsx';
import { utcOffset } from '../time/format.ts';
import { Button } from '../ui/button.tsx';
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from '../ui/menu.tsx';
import type { Theme } from './preference-cookies.ts';
import { useChosenTheme } from './theme.ts';

const themeIcon: Record<Theme, typeof Sun> = { system: Monitor, light: Sun, dark: Moon };

export function ThemeMenu({ known }: { known: Theme }) {
  const fetcher = useFetcher({ key: 'theme' });
  const theme = useChosenTheme(known);
  const Icon = themeIcon[theme];
  return (
    <Menu
      align="end"
      trigger={
        <Button look="quiet" size="icon-sm" aria-label={`Theme: ${theme}`}>
          <Icon aria-hidden />
        </Button>
      }
    >
      <MenuLabel>Theme</MenuLabel>
      <MenuChoice
        value={theme}
        onChange={(next) => fetcher.submit({ theme: next }, { method: 'post', action: '/preferences' })}
        options={[
          { value: 'system', label: 'As the system', icon: <Monitor aria-hidden /> },
          { value: 'light', label: 'Light', icon: <Sun aria-hidden /> },
          { value: 'dark', label: 'Dark', icon: <Moon aria-hidden /> },
        ]}
      />
    </Menu>
  );
}

/** The zone of every instant that has no zone of its own. Names itself, so that no time on a page is ambiguous. */
export function ZoneMenu() {
  const fetcher = useFetcher({ key: 'zone' });
  const zone = useChosenZone();
  const shown = zone === SCHEDULE_ZONE ? 'Schedule zones' : zone;
  return (
    <Menu
      trigger={
        <Button
          look="quiet"
          size="sm"
          className="min-w-0 px-1.5"
          aria-label={`Times are shown in ${zone === SCHEDULE_ZONE ? "each schedule's zone" : zone}. Change time zone`}
        >
          <Globe aria-hidden />
          <span className="truncate">{shown}</span>
        </Button>
      }
    >
      <MenuLabel>Show times in</MenuLabel>
      <ZoneChoices
        zone={zone}
        onChange={(next) => fetcher.submit({ zone: next }, { method: 'post', action: '/preferences' })}
      />
    </Menu>
  );
}

const COMMON_ZONES = [
  'America/New_York',
  'America/Los_Angeles',
  'Europe/London',
  'Europe/Berlin',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'Australia/Sydney',
];

function ZoneChoices({ zone, onChange }: { zone: string; onChange: (zone: string) => void }) {
  // Offsets hold for a while: by the hour is often enough.
  const hourMs = useClock((nowMs) => Math.floor(nowMs / 3_600_000) * 3_600_000);
  // Rendered only while the menu is open, so only in the browser: its own zone is known here.
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set(['UTC', mine, SCHEDULE_ZONE, zone, ...COMMON_ZONES])];
  return (
    <MenuChoice
      value={zone}
      onChange={onChange}
      options={zones.map((name) =>
        name === SCHEDULE_ZONE
          ? { value: name, label: "Each schedule's own", hint: 'else UTC' }
          : {
              value: name,
              label: name === mine && name !== 'UTC' ? `${name} (this browser)` : name,
              hint: name === 'UTC' ? '' : utcOffset(hourMs, name),
            },
      )}
    />
  );
}

export function UserMenu({ session }: { session: PageSession }) {
  const submit = useSubmit();
  const { user, role, tenant } = session;
  const shown = user.name ?? user.email;
  return (
    <Menu
      align="end"
      trigger={
        <Button
          look="quiet"
          size="sm"
          className="min-w-0 flex-1 justify-start px-1.5"
          aria-label={`Account of ${shown}`}
        >
          <span
            aria-hidden
            className="grid size-5 shrink-0 place-items-center rounded-full bg-idle-soft font-semibold text-2xs text-idle uppercase"
          >
            {shown.slice(0, 1)}
          </span>
          <span className="truncate">{shown}</span>
        </Button>
      }
    >
      <MenuLabel>
        <span className="block text-ink">{user.email}</span>
        {role} in {tenant.name}
      </MenuLabel>
      <MenuLine />
      <MenuItem onSelect={() => submit(null, { method: 'post', action: '/logout' })}>
        <LogOut aria-hidden /> Sign out
      </MenuItem>
    </Menu>
  );
}
