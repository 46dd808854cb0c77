import type { PagesLoadContext } from '#server/web/index.ts';

declare module '@remix-run/server-runtime' {
  interface AppLoadContext extends PagesLoadContext {}
  /** Types what loaders return as what components receive: dates stay dates. */
  interface Future {
    v3_singleFetch: true;
  }
}
