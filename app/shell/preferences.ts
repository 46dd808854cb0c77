import type { ActionFunctionArgs } from '@remix-run/node';
import { data, redirect } from '@remix-run/node';
import { text } from '../api.server.ts';
import { isTheme, isZoneChoice } from './preference-cookies.ts';

const YEAR_S = 365 * 24 * 3600;

/** Stores a choice and returns to the page that it was made on. */
export async function action({ request }: ActionFunctionArgs) {
  const form = await request.formData();
  const headers = new Headers();
  const keep = (name: string, value: string) =>
    headers.append(
      'Set-Cookie',
      `${name}=${encodeURIComponent(value)}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax; HttpOnly`,
    );
  const theme = text(form, 'theme');
  const zone = text(form, 'zone');
  if (isTheme(theme)) keep('ms_theme', theme);
  if (isZoneChoice(zone)) keep('ms_zone', zone);
  const back = text(form, 'back');
  // Only a path of ours: `//host` and `/\host` would leave the site.
  return /^\/(?![/\\])/.test(back) ? redirect(back, { headers }) : data({ ok: true }, { headers });
}
