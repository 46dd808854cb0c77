const HOME = '/data/scheduler';

/**
 * Where to go after sign-in: a path of ours, never `//elsewhere`; no backslash, and no tab or line break, which browsers
 * leave out of an address before they read it.
 */
export function nextPath(request: Request): string {
  const next = new URL(request.url).searchParams.get('next') ?? '';
  return /^\/(?!\/)[!-[\]-~]*$/.test(next) ? next : HOME;
}
