import type { ActionFunctionArgs } from '@remix-run/node';
import { redirect } from '@remix-run/node';

/** A visit by link signs nobody out. */
export const loader = () => redirect('/');

export async function action({ context }: ActionFunctionArgs) {
  return redirect('/login', { headers: { 'Set-Cookie': await context.signOut() } });
}
