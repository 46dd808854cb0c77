// Theme and time zone of one browser, in cookies: the server must know both before it renders the first byte.
import { SCHEDULE_ZONE } from '../time/clock.tsx';
import { isZone } from '../time/format.ts';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export interface Preferences {
  theme: Theme;
  zone: string;
}

/** Whether a choice of zone is one that there is: a zone's name, or each schedule's own. */
export const isZoneChoice = (value: string): boolean => value === SCHEDULE_ZONE || (value !== '' && isZone(value));

export const isTheme = (value: string): value is Theme => THEMES.some((theme) => theme === value);

function cookieValue(header: string | null, name: string): string {
  const found = header?.split(/;\s*/).find((pair) => pair.startsWith(`${name}=`));
  return found === undefined ? '' : decodeURIComponent(found.slice(name.length + 1));
}

/** What the browser's cookies ask for; the defaults where they ask for nothing that exists. */
export function readPreferences(request: Request): Preferences {
  const header = request.headers.get('cookie');
  try {
    const theme = cookieValue(header, 'ms_theme');
    const zone = cookieValue(header, 'ms_zone');
    return { theme: isTheme(theme) ? theme : 'system', zone: isZoneChoice(zone) ? zone : 'UTC' };
  } catch {
    // A cookie that is not percent-encoded text is as good as none.
    return { theme: 'system', zone: 'UTC' };
  }
}
