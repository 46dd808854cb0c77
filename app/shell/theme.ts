import { useFetchers } from '@remix-run/react';
import { isTheme, type Theme } from './preference-cookies.ts';

/** The theme that was just chosen, before the server has answered; else the one that it knows. */
export function useChosenTheme(known: Theme): Theme {
  const fetchers = useFetchers();
  for (const { formData } of fetchers) {
    const theme = formData?.get('theme');
    if (typeof theme === 'string' && isTheme(theme)) return theme;
  }
  return known;
}
